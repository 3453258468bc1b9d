"""`feeds check`: shows what would be read from a feed, and what a night would say of a retailer's; needs no Spark."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer

from cli.context import Json, open_night, print_json, writing
from cli.feed_sources import files_with, has_spec, read_source, the_one_of
from cli.feeds_compared import Asked, compared_feeds, say_compared
from cli.terminal import say
from jobs.answers.feed_check import HELD, FeedCheck, check_feed
from jobs.live.functions import Reading
from jobs.stages.parse import feed_options
from reports.feed import Fault, FeedFacts, render_feed
from schemas.errors import WrongInput
from schemas.rejects import MEANINGS, Code
from schemas.retailer import PART
from schemas.settings import Settings, read_settings
from udfs.feeds.check import CATEGORIES_SHOWN, as_json, examine, priced_tonight
from udfs.feeds.refusal import FeedRefused
from udfs.feeds.repairs import MEANINGS as REPAIR_MEANINGS
from udfs.feeds.summary import ACCEPTED, REFUSED, FeedSummary
from udfs.rules.wording import written

app = typer.Typer(help="Check a feed.", no_args_is_help=True)

EXIT_REFUSED = 4
"""As of a night that holds a retailer."""

LARGEST = 10
"""Number of categories shown on a terminal; the page and --json have more."""
KEPT = (
    "Save it as mappings/SHOP/guessed.yaml, correct it, and set it under `feed:` in mappings/SHOP/retailer.yaml: "
    "dialect: guessed.yaml"
)


@app.callback()
def feeds() -> None:
    """Check a feed."""


@app.command()
def check(  # noqa: PLR0913
    feed: Annotated[
        str | None,
        typer.Argument(
            help="A file, an http(s) or s3 URL, or the name of a retailer that has a spec, or RETAILER/FILE."
        ),
    ] = None,
    dialect: Annotated[
        str | None,
        typer.Option(help="auto, the name of a dialect, or a dialect file. Default: that of the spec, else auto."),
    ] = None,
    encoding: Annotated[
        str | None, typer.Option(help="Encoding to use if the one that the feed declares is wrong.")
    ] = None,
    html: Annotated[
        Path | None, typer.Option(help="Also write the result to this file as an HTML page with pictures.")
    ] = None,
    compare: Annotated[
        str | None, typer.Option(help="An earlier feed, file or URL: show only what FEED says differently.")
    ] = None,
    against: Annotated[
        str | None,
        typer.Option(
            help="A retailer: show only what FEED would change for its products of last night. "
            "Without FEED its last kept feed is read anew, such as with --dialect."
        ),
    ] = None,
    allow_private: Annotated[bool, typer.Option(help="Allow a URL on your own machine or private network.")] = False,
    json: Json = False,
) -> None:
    """Show what would be read from a feed: filled fields, rejects with lines, repairs, categories, sample offers."""
    settings = read_settings()
    if compare is not None or against is not None:
        if html is not None:
            raise WrongInput("--html", None, "shows one feed; it cannot be used with --compare or --against")
        asked = Asked(feed, compare, against, dialect, encoding, allow_private)
        found = compared_feeds(settings, asked)
        print_json(found) if json else say_compared(found)
    elif feed is None:
        raise WrongInput("FEED", None, "is missing: a file, a URL, or the name of a retailer")
    else:
        summaries, found = _checked(settings, feed, Stated(dialect, encoding, allow_private), html is not None)
        if html is not None:
            with writing(html):
                html.write_text(render_feed(_facts(feed, summaries[0])), encoding="utf-8")
        print_json(found) if json else _say_all(found, summaries)
    raise typer.Exit(0 if found["status"] == ACCEPTED else EXIT_REFUSED)


class Stated(NamedTuple):
    """What the options say of how a feed is read and asked for."""

    dialect: str | None
    encoding: str | None
    allow_private: bool


def _checked(
    settings: Settings, feed: str, stated: Stated, needs_one: bool
) -> tuple[list[FeedSummary], dict[str, Any]]:
    """The summary of a feed, or the night's verdict on a retailer's; with the same as plain values. Of a retailer with
    several files there is one of each."""
    if has_spec(settings, feed):
        night = open_night(quiet=True)
        try:
            files = files_with(night, feed, *stated)
        except WrongInput as error:
            if settings.mappings / feed.partition("/")[0] not in error.path.parents:
                raise
            summary = FeedSummary(HELD, None, f"{error}; to act: the data engineer (correct the file)")
            return [summary], as_json(summary)
        if needs_one:
            the_one_of(files, "--html")
        checks = [check_feed(night, file) for file in files]
        found = [as_json(one.summary) | {"gates": one.gates, "notes": one.notes} for one in checks]
        whole = found[0] if len(checks) == 1 else _joined(checks, found)
        return [one.summary for one in checks], whole
    options = feed_options(settings, Reading(stated.dialect or "auto", encoding=stated.encoding), feed)
    try:
        summary = read_source(settings, feed, options, stated.allow_private, examine)
    except FeedRefused as refused:
        summary = FeedSummary(REFUSED, refused.code, refused.detail)
    return [summary], as_json(summary)


def _joined(checks: Sequence[FeedCheck], found: list[dict[str, Any]]) -> dict[str, Any]:
    """One verdict on several files, and that on each in `files`."""
    held = [one for one in checks if one.is_held]
    reasons = [f"{one.file.title}: {one.summary.detail or one.summary.status}" for one in held]
    parts = [one.summary for one in checks if one.file.kind == PART]
    files = [
        {"file": one.file.title, "kind": one.file.kind} | values for one, values in zip(checks, found, strict=True)
    ]
    return {
        "status": HELD if held else ACCEPTED,
        "reason": "; ".join(reasons) or None,
        "offers": sum(part.offers for part in parts),
        "products": sum(part.products for part in parts),
        "rejects": dict(sum((Counter(one.summary.rejects) for one in checks), Counter[str]())),
        "repairs": dict(sum((Counter(one.summary.repairs) for one in checks), Counter[str]())),
        "files": files,
    }


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
        samples=tuple(priced_tonight(summary)), unread=tuple(summary.unread), dialect_file=summary.dialect_file,
        kept=KEPT,
    )  # fmt: skip


def _say_all(found: dict[str, Any], summaries: Sequence[FeedSummary]) -> None:
    """A verdict, or those on each file and then that on all."""
    files = found.get("files")
    if files is None:
        _say(found, summaries[0].reject_samples)
        return
    for one, summary in zip(files, summaries, strict=True):
        say(f"-- {one['file']} ({one['kind']})")
        _say(one, summary.reject_samples)
    offers = f"{found['offers']:,} offers in its parts"
    say(f"-- all {len(files)} files\n{found['status']}: {'; '.join(filter(None, (offers, found['reason'])))}")


def _say(found: dict[str, Any], reject_samples: dict[str, list[str]]) -> None:
    form = ", ".join(filter(None, (found["dialect"], found["encoding"])))
    say(f"{found['status']}: {'; '.join(filter(None, (form, found['reason'])))}")
    if found["dialect_file"]:
        say("the dialect is a guess: check the fields and the sample offers before you rely on it")
    rejected = sum(found["rejects"].values())
    say(f"{found['offers']:,} offers, {rejected:,} rejected; {found['products']:,} products")
    for name, share in found["filled"].items():
        say(f"  {name:<16} {share:6.1%} filled")
    for title in ("rejects", "repairs"):
        for code, count in found[title].items():
            say(f"  {title[:-1]} {code}: {count}")
            for detail in reject_samples.get(code, []):
                say(f"    {detail}")
    for note in found.get("notes", ()):
        say(f"note     {note}")
    _say_left(found)
    for path, count in list(found["categories"].items())[:LARGEST]:
        say(f"  category {path}: {count:,}")
    for sample in found["samples"]:
        say(f"  line {sample.get('line')}: {sample.get('offer_id')}  {sample.get('title')}")
    if found["dialect_file"]:
        say(f"\nThe guessed dialect as a file. {KEPT}\n\n{found['dialect_file']}")


def _say_left(found: dict[str, Any]) -> None:
    """What a person may still do: groups that the feed lacks, and parts of it that nobody reads."""
    if groups := found["proposed_groups"]:
        say(f"  {groups['offers']:,} offers without a group look like variants of {groups['groups']:,} products")
        say(f"  by {groups['by']}; `groups: {groups['by']}` under `feed:` in the spec joins them:")
        for sample in groups["samples"]:
            say(f"    {sample}")
    for part in found["unread"][:LARGEST]:
        like = f", looks like {part['looks_like']}" if part["looks_like"] else ""
        say(f"  unread {part['source']}: {part['share']:.1%} of the offers{like}: {'; '.join(part['samples'])}")
    if len(found["unread"]) > LARGEST:
        say(f"  and {len(found['unread']) - LARGEST} more parts that are not read (--json lists them)")
