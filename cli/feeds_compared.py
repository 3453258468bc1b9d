"""`feeds check --compare` and `--against`: what two readings of a shop's offers say differently."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from cli.context import open_night
from cli.feed_sources import files_with, has_spec, read_source, the_one_of
from cli.terminal import say
from jobs.answers.feed_compare import kept_feed, last_night
from jobs.live.functions import Reading
from jobs.stages.acquire import reading_options
from jobs.stages.parse import feed_options
from schemas.errors import WrongInput
from schemas.settings import Settings
from udfs.feeds.compare import compare, read_compared
from udfs.feeds.options import FeedOptions
from udfs.feeds.refusal import FeedRefused
from udfs.feeds.summary import ACCEPTED, REFUSED, FeedSummary

KINDS = {
    "gone": "gone",
    "new": "new",
    "titles": "under another title",
    "products": "in another product",
    "prices": "with a price that jumped by more than half",
    "currencies": "in another currency",
}
WAYS = {"emptied": "became empty in", "filled": "was filled in", "other": "is another in"}
LONGEST_SHOWN = 60
IDS_SHOWN = 3
"""Of a field; --json has more."""


@dataclass(frozen=True)
class Asked:
    """The options of `feeds check` that a comparison takes."""

    feed: str | None
    compare: str | None
    against: str | None
    dialect: str | None
    encoding: str | None
    allow_private: bool


@dataclass(frozen=True)
class Read:
    """One of the two sides: what it is, its offers, and how they were read if that was now."""

    name: str
    offers: pa.Table
    summary: FeedSummary | None = None


def compared_feeds(settings: Settings, asked: Asked) -> dict[str, Any]:
    """`udfs.feeds.compare.Comparison` as plain values, with `status`, `reason` and `differs`; of a feed that is refused
    `status` and `reason` alone."""
    if asked.compare is not None and asked.against is not None:
        raise WrongInput("--against", None, "cannot be used together with --compare")
    try:
        before, after = _two(settings, asked) if asked.against is None else _against(settings, asked, asked.against)
    except FeedRefused as refused:
        return {"status": REFUSED, "code": str(refused.code), "reason": refused.detail}
    found = compare(before.offers, after.offers)
    sides = {"before": _side(before) | asdict(found.before), "after": _side(after) | asdict(found.after)}
    return {"status": ACCEPTED, "reason": None, "differs": found.differs} | asdict(found) | sides


def _two(settings: Settings, asked: Asked) -> tuple[Read, Read]:
    if asked.feed is None or asked.compare is None:
        raise WrongInput("--compare", None, "two feeds are needed: `selvedge feeds check --compare BEFORE AFTER`")
    reading = Reading(asked.dialect or "auto", encoding=asked.encoding)
    before, after = (
        _read(settings, name, feed_options(settings, reading, name), asked) for name in (asked.compare, asked.feed)
    )
    return before, after


def _against(settings: Settings, asked: Asked, retailer: str) -> tuple[Read, Read]:
    if not has_spec(settings, retailer):
        raise WrongInput("--against", None, f"{retailer} is not the name of a retailer that has a spec")
    night = open_night(quiet=True)
    files = files_with(night, retailer, asked.dialect, asked.encoding, asked.allow_private)
    spec = the_one_of(files, "--against")
    before = Read(f"{retailer}, last night", last_night(night, spec))
    if asked.feed is not None:
        return before, _read(settings, asked.feed, reading_options(night, spec, None), asked)
    name = f"{retailer}, its last kept feed read anew"
    with _naming(name):
        summary, offers = kept_feed(night, spec)
    return before, Read(name, offers, summary)


def _read(settings: Settings, name: str, options: FeedOptions, asked: Asked) -> Read:
    night = datetime.now(UTC).date()
    with _naming(name):
        summary, offers = read_source(
            settings, name, options, asked.allow_private, lambda file, known: read_compared(file, known, night)
        )
    return Read(name, offers, summary)


@contextmanager
def _naming(feed: str) -> Iterator[None]:
    """Says which of the two feeds is refused."""
    try:
        yield
    except FeedRefused as refused:
        raise FeedRefused(refused.code, f"{feed}: {refused.detail}") from refused


def _side(read: Read) -> dict[str, Any]:
    if read.summary is None:
        return {"name": read.name}
    rejects = dict(sorted(read.summary.rejects.items()))
    return {"name": read.name, "dialect": read.summary.dialect, "rejects": rejects}


def say_compared(found: dict[str, Any]) -> None:
    """The comparison in a few lines: counts, and the first samples of each kind."""
    if found["status"] == REFUSED:
        say(f"{found['status']}: {found['reason']}")
        return
    for side in ("before", "after"):
        say(f"{side:<7}  {_described(found[side])}")
    if not found["differs"]:
        say("no difference")
    for kind, words in KINDS.items():
        if found[kind]["offers"]:
            _say_kind(kind, words, found)
    for name, field in found["fields"].items():
        shares = " -> ".join(f"{found[side]['filled'].get(name, 0):.1%}" for side in ("before", "after"))
        ways = [f"{words} {field[way]:,} ({_some(field, way)})" for way, words in WAYS.items() if field[way]]
        say(f"{name}: {shares} filled; {', '.join(ways)}")


def _some(field: dict[str, Any], way: str) -> str:
    ids = field["samples"][way][:IDS_SHOWN]
    return ", ".join(map(_short, ids)) + (", ..." if field[way] > len(ids) else "")


def _described(side: dict[str, Any]) -> str:
    dialect = f"{side['dialect']}; " if side.get("dialect") else ""
    rejected = sum(side.get("rejects", {}).values())
    left_out = f"; {rejected:,} more rejected" if rejected else ""
    return f"{side['name']}: {dialect}{side['offers']:,} offers, {side['products']:,} products{left_out}"


def _say_kind(kind: str, words: str, found: dict[str, Any]) -> None:
    of = found["after" if kind == "new" else "before"]["offers"]
    count = found[kind]["offers"]
    strangers = found[kind].get("strangers")
    alike = f"; {strangers:,} of {found[kind]['looked_into']:,} have little in common" if strangers else ""
    say(f"{count:,} offers ({count / of:.1%}) {words}{alike}")
    for sample in found[kind]["samples"]:
        values = [_short(sample[name]) for name in ("title", "before", "after") if name in sample]
        say(f"  {_short(sample['id'])}  {' -> '.join(values)}")


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_SHOWN else f"{line[: LONGEST_SHOWN - 1]}…"
