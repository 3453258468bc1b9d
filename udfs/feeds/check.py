"""What would be read of a feed, without a table and without Spark."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import BinaryIO

from udfs.feeds.options import FeedOptions
from udfs.feeds.reader import read_feed
from udfs.feeds.repairs import counted
from udfs.feeds.summary import FeedSummary
from udfs.rules.wording import written

CATEGORIES_SHOWN = 50


def examine(source: BinaryIO | Path, options: FeedOptions) -> FeedSummary:
    """The summary of a whole reading."""
    reading = read_feed(source, replace(options, lists_unread=True, proposes_groups=True))
    for _ in reading.batches():
        pass
    return reading.summary


def check(source: BinaryIO | Path, options: FeedOptions) -> dict[str, object]:
    """What `feeds check --json` prints, with the most frequent categories and a few offers as they were read."""
    return as_json(examine(source, options))


def as_json(summary: FeedSummary) -> dict[str, object]:
    """A summary as plain JSON values. `reason`: why the feed is refused, or why it is taken for its dialect;
    `dialect_file`: a guessed dialect as a file, else null."""
    return {
        "dialect": summary.dialect,
        "encoding": summary.encoding,
        "offers": summary.offers,
        "products": summary.products,
        "rejects": dict(sorted(summary.rejects.items())),
        "repairs": counted(summary.repairs),
        "filled": summary.filled,
        "status": summary.status,
        "reason": summary.detail or summary.dialect_reason,
        "categories": {written(path): count for path, count in summary.categories.most_common(CATEGORIES_SHOWN)},
        "unread": [asdict(part) for part in summary.unread],
        "proposed_groups": summary.proposed_groups and asdict(summary.proposed_groups),
        "dialect_file": summary.dialect_file,
        "samples": [{name: _plain(value) for name, value in sample.items()} for sample in summary.samples],
    }


def _plain(value: object) -> object:
    return value if value is None or isinstance(value, bool | int | float | str | list) else str(value)
