"""`feeds check`: what would be read from a feed, without Spark and without a lake."""

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from cli.context import Json, print_json
from jobs.parse import feed_options
from schemas.errors import WrongInput
from schemas.settings import read_settings
from udfs.feeds.check import check as check_feed
from udfs.web.download import FeedRequest
from udfs.web.sources import receive

app = typer.Typer(help="Look at a feed.", no_args_is_help=True)

REFUSED = 4


@app.callback()
def feeds() -> None:
    """Look at a feed."""


@app.command()
def check(
    feed: Annotated[str, typer.Argument(help="A file, or an http(s) or s3 URL.")],
    dialect: Annotated[str, typer.Option(help="auto, a dialect's name, or a dialect file.")] = "auto",
    encoding: Annotated[str | None, typer.Option(help="The encoding, where the feed's own word is wrong.")] = None,
    json: Json = False,
) -> None:
    """Show what would be read: fields filled, rejects with their lines, repairs, categories, sample offers."""
    settings = read_settings()
    with tempfile.TemporaryDirectory(prefix="selvedge-feed-") as folder:
        file = Path(feed) if Path(feed).is_file() else _receive(feed, Path(folder) / "feed")
        found = check_feed(file, feed_options(settings, dialect, encoding, feed))
    if json:
        print_json(found)
    else:
        _say(found)
    raise typer.Exit(0 if found["status"] == "accepted" else REFUSED)


def _receive(url: str, file: Path) -> Path:
    if "://" not in url:
        raise WrongInput(url, None, "no such file, and not a URL")
    settings = read_settings()
    with file.open("wb") as target:
        answer = receive(url, FeedRequest(max_bytes=settings.feeds.max_bytes, folder=settings.feeds.folder), target)
    if answer.status == "refused":
        raise WrongInput(url, None, str(answer.detail))
    return file


def _say(found: dict) -> None:
    typer.echo(f"{found['status']}: {found['dialect']}, {found['encoding']}; {found['reason'] or ''}".rstrip("; "))
    typer.echo(f"{found['offers']} offers, {found['products']} products")
    for name, share in found["filled"].items():
        typer.echo(f"  {name:<16} {share:6.1%}")
    for title in ("rejects", "repairs"):
        for code, count in found[title].items():
            typer.echo(f"  {title[:-1]} {code}: {count}")
    for sample in found.get("samples", []):
        typer.echo(f"  line {sample.get('line')}: {sample.get('offer_id')}  {sample.get('title')}")
