"""The museum of bad feeds: the exhibits of `museum.yaml`, the message for each, and the page that lists them.

`python -m tests.museum.exhibits` rewrites docs/museum.md.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from string import Template

import yaml

from schemas.rejects import Code
from tests.museum.evils import COAT, EVILS, HEAD, SCARF, TAIL
from udfs.feeds.options import FeedOptions
from udfs.feeds.reader import read_feed
from udfs.feeds.repairs import MEANINGS
from udfs.pictures.decode import decode
from udfs.pictures.inspect import PictureRefused, inspect

TABLE = Path(__file__).with_name("museum.yaml")
PAGE = Path(__file__).resolve().parents[2] / "docs" / "museum.md"
INTRODUCTION = """# The museum of bad feeds and pictures

One tiny feed or picture for each thing that a shop can do wrong, and the line that we say about it: why the feed was
refused, otherwise why the first offer was rejected, otherwise what was repaired. None of them costs more than its line.
`make museum` writes this page from `tests/museum/museum.yaml`; a test checks that every line is still said. Each bug in
reading adds an exhibit.
"""


@dataclass(frozen=True)
class Exhibit:
    """One exhibit: `kind` is feeds or pictures, `line` the message for it."""

    kind: str
    name: str
    shop: str
    line: str = ""
    feed: str | None = None
    make: str | None = None
    encoding: str = "utf-8"

    def body(self) -> bytes:
        """The bytes that the shop sends."""
        if self.make is not None:
            return EVILS[self.make]()
        good = {"head": HEAD, "coat": COAT, "scarf": SCARF, "tail": TAIL}
        return Template(self.feed or "").substitute(good).encode(self.encoding)


def exhibits() -> list[Exhibit]:
    """All exhibits, in the order of the table."""
    table = yaml.safe_load(TABLE.read_text(encoding="utf-8"))
    return [Exhibit(kind, **exhibit) for kind in ("feeds", "pictures") for exhibit in table[kind]]


def said_of(exhibit: Exhibit) -> str:
    """The message that the report prints for an exhibit."""
    return _said_of_feed(exhibit.body()) if exhibit.kind == "feeds" else _said_of_picture(exhibit.body())


def _said_of_feed(body: bytes) -> str:
    reading = read_feed(io.BytesIO(body), FeedOptions())
    rows = [row for batch in reading.batches() for row in batch.to_pylist()]
    summary = reading.summary
    assert len(rows) == summary.offers == summary.done + sum(summary.rejects.values())
    if summary.code and summary.code is not Code.FEED_NOTHING_KEPT:  # most exhibits hold one offer alone
        return f"{summary.code}: {summary.detail}"
    rejected = next((row for row in rows if row["code"]), None)
    if rejected:
        return f"{rejected['code']}: {rejected['detail']}"
    repaired = "; ".join(f"{kind} {count}: {MEANINGS[kind]}" for kind, count in sorted(summary.repairs.items()))
    return repaired or f"accepted: {summary.done} of {summary.offers} offers read, nothing to repair"


def _said_of_picture(body: bytes) -> str:
    try:
        inspect(body)
        decode(body, 64)
    except PictureRefused as refused:
        return f"{refused.code}: {refused.detail}"
    return "accepted"


def page() -> str:
    """The museum as a page of the docs."""
    return "\n".join([INTRODUCTION, *_tables(exhibits())]) + "\n"


def _tables(every: list[Exhibit]) -> Iterator[str]:
    for kind in ("feeds", "pictures"):
        shown = [exhibit for exhibit in every if exhibit.kind == kind]
        yield f"## {len(shown)} {kind}\n"
        yield "| exhibit | what the shop sent | message |\n| --- | --- | --- |"
        yield "\n".join(f"| {one.name} | {_cell(one.shop)} | {_cell(one.line)} |" for one in shown) + "\n"


def _cell(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
