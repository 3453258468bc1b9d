"""`feeds check`: what would be read from a feed, without Spark and without a lake."""

import tempfile
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated

import typer

from cli.context import Json, print_json, writing
from jobs.parse import feed_options
from reports.feed import Fault, FeedFacts, render_feed
from schemas.errors import WrongInput
from schemas.rejects import MEANINGS, Code
from schemas.settings import read_settings
from udfs.feeds.check import CATEGORIES_SHOWN, as_json, examine
from udfs.feeds.options import FeedOptions
from udfs.feeds.repairs import MEANINGS as REPAIR_MEANINGS
from udfs.feeds.summary import REFUSED, FeedSummary
from udfs.rules.wording import written
from udfs.web.download import FeedRequest
from udfs.web.sources import receive

app = typer.Typer(help="Look at a feed.", no_args_is_help=True)

EXIT_REFUSED = 4
LARGEST = 10
"""Categories on a terminal; the page and --json have more."""
KEPT = (
    "Keep it as mappings/SHOP/guessed.yaml, correct it, and name it under `feed:` in SHOP's retailer.yaml: "
    "dialect: guessed.yaml"
)
PRIVATE = tuple(
    ip_network(network)
    for network in ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7")
)
"""Loopback and private networks; link-local addresses, where clouds keep their secrets, are never opened."""


@app.callback()
def feeds() -> None:
    """Look at a feed."""


@app.command()
def check(
    feed: Annotated[str, typer.Argument(help="A file, or an http(s) or s3 URL.")],
    dialect: Annotated[str, typer.Option(help="auto, a dialect's name, or a dialect file.")] = "auto",
    encoding: Annotated[str | None, typer.Option(help="The encoding, where the feed's own word is wrong.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write the same as a page, with pictures, to this file.")] = None,
    allow_private: Annotated[bool, typer.Option(help="Let the URL lead to your own machine or network.")] = False,
    json: Json = False,
) -> None:
    """Show what would be read: fields filled, rejects with their lines, repairs, categories, sample offers."""
    options = feed_options(read_settings(), dialect, encoding, feed)
    is_file = Path(feed).is_file()
    summary = examine(Path(feed), options) if is_file else _received(feed, options, allow_private)
    found = as_json(summary)
    if html is not None:
        with writing(html):
            html.write_text(render_feed(_facts(feed, summary)), encoding="utf-8")
    if json:
        print_json(found)
    else:
        _say(found, summary.reject_samples)
    raise typer.Exit(0 if found["status"] == "accepted" else EXIT_REFUSED)


def _received(url: str, options: FeedOptions, allow_private: bool) -> FeedSummary:
    """What an address holds; one that does not answer is refused, as it would be at night."""
    if "://" not in url:
        raise WrongInput(url, None, "no such file, and not a URL")
    settings = read_settings()
    request = FeedRequest(
        max_bytes=settings.feeds.max_bytes, folder=settings.feeds.folder,
        allow_private_hosts=PRIVATE if allow_private else (),
    )  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="selvedge-feed-") as folder:
        file = Path(folder) / "feed"
        with file.open("wb") as target:
            answer = receive(url, request, target)
        if answer.status == REFUSED:
            code = Code(str(answer.code))
            opens = " (--allow-private opens it for this check)" if code is Code.FEED_ADDRESS else ""
            said = f"{answer.detail or MEANINGS[code].text}; to act: {MEANINGS[code].acts}{opens}"
            return FeedSummary(REFUSED, code, said)
        return examine(file, options)


def _facts(source: str, summary: FeedSummary) -> FeedFacts:
    rejects = (
        Fault(code, count, MEANINGS[Code(code)].text, tuple(summary.reject_samples[code]))
        for code, count in summary.rejects.most_common()
    )
    repairs = (Fault(kind, count, REPAIR_MEANINGS[kind]) for kind, count in summary.repairs.most_common())
    return FeedFacts(
        source=source, status=summary.status, reason=summary.detail or summary.dialect_reason or "",
        dialect=summary.dialect or "no dialect", encoding=summary.encoding or "unknown", offers=summary.offers,
        products=summary.products, rejects=tuple(rejects), repairs=tuple(repairs), filled=summary.filled,
        categories={written(path): count for path, count in summary.categories.most_common(CATEGORIES_SHOWN)},
        samples=tuple(summary.samples), dialect_file=summary.dialect_file, kept=KEPT,
    )  # fmt: skip


def _say(found: dict, reject_samples: dict[str, list[str]]) -> None:
    form = ", ".join(filter(None, (found["dialect"], found["encoding"])))
    typer.echo(f"{found['status']}: {'; '.join(filter(None, (form, found['reason'])))}")
    if found["dialect_file"]:
        typer.echo("the dialect is a guess: look at the fields and the samples before you trust it")
    rejected = sum(found["rejects"].values())
    typer.echo(f"{found['offers']:,} offers, {rejected:,} rejected; {found['products']:,} products")
    for name, share in found["filled"].items():
        typer.echo(f"  {name:<16} {share:6.1%}")
    for title in ("rejects", "repairs"):
        for code, count in found[title].items():
            typer.echo(f"  {title[:-1]} {code}: {count}")
            for detail in reject_samples.get(code, []):
                typer.echo(f"    {detail}")
    for path, count in list(found["categories"].items())[:LARGEST]:
        typer.echo(f"  category {path}: {count:,}")
    for sample in found["samples"]:
        typer.echo(f"  line {sample.get('line')}: {sample.get('offer_id')}  {sample.get('title')}")
    if found["dialect_file"]:
        typer.echo(f"\nThe dialect as a file. {KEPT}\n\n{found['dialect_file']}")
