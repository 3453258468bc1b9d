"""What would be read of a feed, without a table and without Spark."""

from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa

from udfs.feeds.offers.batches import SCHEMA
from udfs.feeds.options import FeedOptions
from udfs.feeds.reader import read_feed
from udfs.feeds.repairs import counted
from udfs.feeds.summary import FeedSummary
from udfs.rules.sales import priced_on
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
        "samples": [{name: _plain(value) for name, value in sample.items()} for sample in priced_tonight(summary)],
    }


def priced_tonight(summary: FeedSummary) -> list[dict[str, object]]:
    """The summary's sample offers with the prices of today, where a sale price holds for some days alone."""
    shown = pa.schema([column for column in SCHEMA if column.name != "text_key"])
    offers: list[dict[str, object]] = priced_on(
        pa.Table.from_pylist(summary.samples, shown), datetime.now(UTC).date()
    ).to_pylist()
    return offers


def _plain(value: object) -> object:
    return value if value is None or isinstance(value, bool | int | float | str | list) else str(value)
