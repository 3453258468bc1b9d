"""`search`: a page with the products that are nearest to the garments of a photo."""

from pathlib import Path
from typing import Annotated

import typer

import selvedge_searcher
from cli.context import writing
from cli.terminal import say
from jobs.answers.search import Search
from lake.store import open_store
from reports.search import render_search
from schemas.errors import DamagedLake, WrongInput
from schemas.settings import read_settings
from selvedge_searcher.errors import LakeUnreachable, PhotoRefused, SnapshotError, SnapshotMissing


def search(
    photo: Annotated[Path, typer.Argument(help="A JPEG, PNG, WebP, AVIF or GIF.")],
    version: Annotated[int | None, typer.Option("--version", min=1, help="Default: the live one.")] = None,
    lake: Annotated[str | None, typer.Option("--lake", help="A folder or s3:// address. Default: the setting.")] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Page to write. Default: search-PHOTO.html.")] = None,
) -> None:
    """Write one page with the garments of a photo and the products nearest to each."""
    place = lake or str(read_settings().lake)
    target = out or Path(f"search-{photo.stem}.html")
    try:
        page = Search(selvedge_searcher.open(place, version), open_store(place)).page(photo)
    except OSError as error:
        raise WrongInput(photo, None, f"cannot be read: {error.strerror}") from error
    except PhotoRefused as error:
        raise WrongInput(photo, None, str(error)) from error
    except (SnapshotMissing, LakeUnreachable) as error:
        raise WrongInput(place, None, str(error)) from error
    except SnapshotError as error:
        raise DamagedLake(f"{place}: {error}") from error
    with writing(target):
        target.write_text(render_search(page), encoding="utf-8")
    say(str(target))
