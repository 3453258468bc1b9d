"""What two readings of one shop's offers say differently: ids, titles, products, prices, and fields."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.table import DONE, PRICE
from udfs.feeds.offers.reused_ids import LEAST_ALIKE, likeness
from udfs.feeds.options import FeedOptions
from udfs.feeds.reader import read_feed
from udfs.feeds.refusal import FeedRefused
from udfs.feeds.summary import COUNTED_FIELDS, FeedSummary
from udfs.rules.sales import SALE_COLUMNS, priced_on

FIELDS = tuple(name for name in COUNTED_FIELDS if name != "title")
READ = tuple(dict.fromkeys(("offer_id", "product_id", "title", *FIELDS, *SALE_COLUMNS)))
"""Columns of the offers table that a comparison needs."""
DIGESTED = ("key", "product_id", "whole_title", *FIELDS)
COMPARED = pa.schema([
    ("offer_id", pa.large_string()), ("title", pa.large_string()),
    ("product", pa.large_string()), ("hundredths", pa.int64()), ("money", pa.string()),
    *((name, pa.int64()) for name in DIGESTED),
])  # fmt: skip
"""An offer in about 250 bytes. Of each value 64 bits are kept (`DIGESTED`), and null where the offer has none; they
hold in one process. Of `SHOWN` a person sees the first characters; `hundredths` of `money` are asked tonight."""
SHOWN = ["offer_id", "title", "product", "hundredths", "money"]
SHOWN_CHARS = 120
SPREAD = np.uint64(0x9E3779B97F4A7C15)
"""An odd number: times small numbers it gives 64 bits far apart."""
SAMPLES = 5
LOOKED_INTO = 5_000
"""Changed titles that are searched for those of another product, evenly spread."""

Row = dict[str, Any]
"""An offer's SHOWN."""


@dataclass(frozen=True)
class Side:
    """What one of the two holds."""

    offers: int
    products: int
    filled: dict[str, float]
    """For each field, the share of the offers that have a value."""


@dataclass(frozen=True)
class Kind:
    """Offers that differ in one way, with the first few as they stand in the feed."""

    offers: int
    samples: list[dict[str, str]]
    """`id`, and `title` or `before` and `after`."""


@dataclass(frozen=True)
class Titles(Kind):
    """Offers under another title than before."""

    looked_into: int
    strangers: int
    """Those of `looked_into` whose titles have little in common: the id may stand for another product now."""


@dataclass(frozen=True)
class FieldChange:
    """Offers of both sides in which a field became empty, was filled, or has another value; with the first few ids."""

    emptied: int
    filled: int
    other: int
    samples: dict[str, list[str]]
    """Ids by `emptied`, `filled` and `other`."""


@dataclass(frozen=True)
class Comparison:
    """`before` against `after`. An id that several offers have (variants) is compared in the order of these offers."""

    before: Side
    after: Side
    gone: Kind
    new: Kind
    titles: Titles
    products: Kind
    """Offers that belong to another product: their group or colour is read differently."""
    prices: Kind
    """The higher price is more than half above the lower one, in one currency."""
    currencies: Kind
    fields: dict[str, FieldChange]
    """By name, those that differ."""

    @property
    def differs(self) -> bool:
        kinds = (self.gone, self.new, self.titles, self.products, self.prices, self.currencies)
        return bool(self.fields) or any(kind.offers for kind in kinds)


def read_compared(source: BinaryIO | Path, options: FeedOptions, night: date) -> tuple[FeedSummary, pa.Table]:
    """The summary of a feed, and COMPARED of the offers that are kept from it. Raises FeedRefused."""
    reading = read_feed(source, options)
    table = compared((pa.Table.from_batches([batch]) for batch in reading.batches()), night)
    summary = reading.summary
    if summary.code is not None:
        raise FeedRefused(summary.code, summary.detail or "")
    return summary, table


def compared(parts: Iterable[pa.Table], night: date) -> pa.Table:
    """COMPARED of offers, part by part. Each part has the columns READ, and `status` where offers are rejected."""
    return pa.concat_tables([COMPARED.empty_table(), *(_compared(part, night) for part in parts)])


def _compared(offers: pa.Table, night: date) -> pa.Table:
    if "status" in offers.schema.names:
        offers = offers.filter(pc.equal(offers["status"], DONE))
    offers = priced_on(offers.select(READ), night)
    columns: dict[str, Any] = {
        "offer_id": pc.utf8_slice_codeunits(offers["offer_id"], 0, SHOWN_CHARS),
        "title": pc.utf8_slice_codeunits(offers["title"], 0, SHOWN_CHARS),
        "product": pc.utf8_slice_codeunits(offers["product_id"], 0, SHOWN_CHARS),
        "hundredths": _hundredths(offers["price"]),
        "money": offers["currency"],
        "key": _digests(offers["offer_id"]),
        "whole_title": _digests(offers["title"]),
    }
    columns |= {name: _digests(offers[name]) for name in DIGESTED if name not in columns}
    return pa.table({field.name: columns[field.name].cast(field.type) for field in COMPARED}, schema=COMPARED)


def _hundredths(price: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.multiply(price, pa.scalar(100)).cast(pa.int64())


def _digests(column: pa.ChunkedArray) -> pa.ChunkedArray | pa.Array:
    """64 bits of each value; null stays null."""
    if column.type == PRICE:
        return _hundredths(column)
    if pa.types.is_list(column.type):
        column = pc.binary_join(column, "\x1f")
    return pa.array(np.fromiter(map(hash, column.to_pylist()), np.int64), mask=np.asarray(column.is_null()))


class _Both:
    """The offers that both have, a column at a time: a copy of both tables would double the memory."""

    def __init__(self, before: pa.Table, after: pa.Table, place: pa.Array) -> None:
        """place: for each offer of `after` its row in `before`, or null."""
        self._sides = before, after
        self._rows = place.drop_null(), pc.indices_nonzero(place.is_valid())

    def columns(self, name: str) -> tuple[pa.ChunkedArray, pa.ChunkedArray]:
        """A column as it was and as it is."""
        before, after = (side[name].take(rows) for side, rows in zip(self._sides, self._rows, strict=True))
        return before, after

    def other(self, name: str) -> pa.ChunkedArray:
        """Whether both have a value, and not the same."""
        return pc.fill_null(pc.not_equal(*self.columns(name)), False)

    def some(self, differs: pa.ChunkedArray, step: int = 1, most: int = SAMPLES) -> list[tuple[Row, Row]]:
        """Rows that differ, as they were and as they are: every one of `step`, at most so many."""
        at = pc.indices_nonzero(differs)[::step][:most]
        shown = (
            side.select(SHOWN).take(rows.take(at)).to_pylist()
            for side, rows in zip(self._sides, self._rows, strict=True)
        )
        return [*zip(*shown, strict=True)]

    def kind(self, differs: pa.ChunkedArray, text: Callable[[Row], str]) -> Kind:
        """The offers that differ; `text` says of a row what is shown of it."""
        rows = self.some(differs)
        samples = [{"id": old["offer_id"], "before": text(old), "after": text(new)} for old, new in rows]
        return Kind(_count(differs), samples)


def compare(before: pa.Table, after: pa.Table) -> Comparison:
    """Two tables COMPARED, each in the order of its offers."""
    keys = {"before": _keys(before), "after": _keys(after)}
    place = pc.index_in(keys["after"], keys["before"])
    gone = pc.invert(pc.is_in(keys["before"], keys["after"]))
    both = _Both(before, after, place)
    price, currency = _prices(both)
    return Comparison(
        before=_side(before),
        after=_side(after),
        gone=_alone(before, gone),
        new=_alone(after, place.is_null()),
        titles=_titles(both),
        products=both.kind(both.other("product_id"), _product_of),
        prices=both.kind(price, _price_of),
        currencies=both.kind(currency, _price_of),
        fields=_fields(both),
    )


def _count(marks: pa.ChunkedArray | pa.Array) -> int:
    return pc.sum(marks).as_py() or 0


def _alone(offers: pa.Table, mine: pa.Array) -> Kind:
    """The offers that one side alone has."""
    rows = offers.select(SHOWN).take(pc.indices_nonzero(mine)[:SAMPLES]).to_pylist()
    return Kind(_count(mine), [{"id": row["offer_id"], "title": _title_of(row)} for row in rows])


def _keys(offers: pa.Table) -> pa.Array:
    """(N,) int64 of the ids; one that comes again has its number mixed in, so that each is there once."""
    ids = offers["key"].to_numpy()
    order = np.argsort(ids, kind="stable")
    ordered = ids[order]
    is_first = np.append(True, ordered[1:] != ordered[:-1])[: len(ids)]
    at = np.arange(len(ids))
    again = np.empty(len(ids), np.uint64)
    again[order] = at - np.maximum.accumulate(np.where(is_first, at, 0))
    return pa.array((ids.view(np.uint64) ^ again * SPREAD).view(np.int64))


def _side(offers: pa.Table) -> Side:
    size = offers.num_rows
    filled = {name: round(1 - offers[name].null_count / max(1, size), 4) for name in FIELDS} if size else {}
    return Side(size, pc.count_distinct(offers["product_id"]).as_py(), filled)


def _prices(both: _Both) -> tuple[pa.ChunkedArray, pa.ChunkedArray]:
    """Whether the price jumped, and whether it is in another currency."""
    currency, prices = both.other("money"), both.columns("hundredths")
    low = pc.min_element_wise(*prices, skip_nulls=False)
    high = pc.max_element_wise(*prices, skip_nulls=False)
    jumped = pc.fill_null(pc.greater(pc.subtract(high, low), pc.divide(low, 2)), False)
    return pc.and_(jumped, pc.invert(currency)), currency


def _titles(both: _Both) -> Titles:
    changed = both.other("whole_title")
    kind = both.kind(changed, _title_of)
    pairs = both.some(changed, max(1, -(-kind.offers // LOOKED_INTO)), LOOKED_INTO)
    strangers = sum(likeness(_title_of(old), _title_of(new)) < LEAST_ALIKE for old, new in pairs)
    return Titles(kind.offers, kind.samples, len(pairs), strangers)


def _fields(both: _Both) -> dict[str, FieldChange]:
    """By name, the fields that differ."""
    found = {}
    for name in FIELDS:
        one, other = both.columns(name)
        ways = {
            "emptied": pc.and_(one.is_valid(), other.is_null()),
            "filled": pc.and_(one.is_null(), other.is_valid()),
            "other": pc.fill_null(pc.not_equal(one, other), False),
        }
        counts = {way: _count(differs) for way, differs in ways.items()}
        if any(counts.values()):
            samples = {way: [old["offer_id"] for old, _ in both.some(ways[way])] for way in ways if counts[way]}
            found[name] = FieldChange(**counts, samples=samples)
    return found


def _title_of(row: Row) -> str:
    return row["title"] or ""


def _product_of(row: Row) -> str:
    return row["product"] or ""


def _price_of(row: Row) -> str:
    price = "no price" if row["hundredths"] is None else f"{row['hundredths'] / 100:.2f}"
    return f"{price} {row['money'] or ''}".rstrip()
