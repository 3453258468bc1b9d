"""`search`: a page with the products that are nearest to the garments of a photo."""

from pathlib import Path
from typing import Annotated

import typer

import selvedge_searcher
from cli.context import writing
from cli.terminal import say, served_at
from jobs.answers.search import Search
from lake.store import open_store
from reports.search import policy, render_search
from schemas.errors import DamagedLake, WrongInput
from schemas.settings import read_settings
from selvedge_searcher.errors import LakeUnreachable, PhotoRefused, SnapshotError, SnapshotMissing


def search(  # noqa: PLR0913
    photo: Annotated[Path | None, typer.Argument(help="A JPEG, PNG, WebP, AVIF or GIF.")] = None,
    version: Annotated[int | None, typer.Option("--version", min=1, help="Default: the live one.")] = None,
    lake: Annotated[str | None, typer.Option("--lake", help="A folder or s3:// address. Default: the setting.")] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Page to write. Default: search-PHOTO.html.")] = None,
    serving: Annotated[
        bool, typer.Option("--serve", help="Serve a page on this machine until Ctrl-C: photos are dropped on it.")
    ] = False,
    against: Annotated[
        str | None,
        typer.Option(metavar="DIGEST", help="Search the version's second embedding too, and show both side by side."),
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="With --serve: port on 127.0.0.1. 0: any free.")] = 0,
) -> None:
    """Write one page with the garments of a photo and the products nearest to each, or serve such pages."""
    from selvedge_searcher.photo import read  # loads what opens pictures

    place = lake or str(read_settings().lake)
    if serving == (photo is not None):
        raise WrongInput("search", None, "give one photo, or --serve")
    try:
        body = read(photo) if photo else b""
        snapshot = selvedge_searcher.open(place, version)
        found = Search(snapshot, open_store(place), _second(snapshot, against) if against is not None else None)
        if photo is None:
            _serve(found, port)
            return
        page = found.page(photo.name, body)
    except PhotoRefused as error:
        raise WrongInput(photo or "search", None, str(error)) from error
    except (SnapshotMissing, LakeUnreachable) as error:
        raise WrongInput(place, None, str(error)) from error
    except SnapshotError as error:
        raise DamagedLake(f"{place}: {error}") from error
    target = out or Path(f"search-{photo.stem}.html")
    with writing(target):
        target.write_text(render_search(page), encoding="utf-8")
    say(str(target))


def _second(snapshot: selvedge_searcher.Snapshot, digest: str) -> selvedge_searcher.Snapshot:
    """The version by its second embedding. Raises WrongInput where that is not the one that was asked for."""
    second = snapshot.manifest.second
    found = snapshot.second if second and digest and second.model.startswith(digest) else None
    if found is None:
        has = f"has the second embedding {second.model[:12]}" if second else "has no second embedding"
        text = (
            f"version {snapshot.version} {has}; to act: the data engineer (put {digest or 'DIGEST'} into the setting "
            "second.embedding, `selvedge models fill embed` with it, then `selvedge publish`)"
        )
        raise WrongInput("--against", None, text)
    return found


def _serve(found: Search, port: int) -> None:
    from desk import loopback
    from desk.photos import PhotoSearch

    _ = found.snapshot.encoder  # a version without one is refused now, not at the first photo
    pages = PhotoSearch(
        lambda name, body: render_search(found.page(name, body), served=True),
        render_search(found.empty(), served=True),
        policy(served=True),
    )

    loopback.serve(pages.asgi, port, lambda address: served_at("search", address))
