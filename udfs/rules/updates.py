"""What a file of prices and stock says of offers that other files describe.

An update changes what its offers state and nothing else: it adds no offer and removes none. What an offer costs is one
value (price, currency, and a sale price with its nights); old price, stock and sizes are one each. An update whose
currency is another than the offer's changes no price: a shop's prices do not change their currency overnight, but a
file that does not state one may be read with a guess.
"""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

COSTS = ("price", "currency", "sale_price", "sale_from", "sale_until")
UPDATED = (*COSTS, "old_price", "available", "sizes")
UPDATE_COLUMNS = ("offer_id", "position", *UPDATED)
"""What `one_an_id` reads of `schemas.tables.OFFERS`."""


@dataclass(frozen=True)
class Used:
    """What became of an update's ids, each counted once."""

    ids: int
    unknown: int
    """Ids that no offer has."""
    samples: tuple[str, ...]
    """The first of them."""
    currencies: int
    """Ids whose price is in another currency than the offer's."""


SAMPLES = 3


def one_an_id(rows: pa.Table) -> pa.Table:
    """Rows of an update, by `position`, each id once: its sizes together, in stock if one is, the first price that can
    be had."""
    rows = rows.select(UPDATE_COLUMNS).sort_by("position")
    counted = pc.value_counts(rows["offer_id"].combine_chunks())
    repeated = counted.field("values").filter(pc.greater(counted.field("counts"), 1))
    if not len(repeated):
        return rows
    several = pc.is_in(rows["offer_id"], repeated)
    by_id: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows.filter(several).to_pylist():
        by_id[row["offer_id"]].append(row)
    merged = pa.Table.from_pylist([_merged(same) for same in by_id.values()], rows.schema)
    return pa.concat_tables([rows.filter(pc.invert(several)), merged])


def _merged(same: list[dict[str, Any]]) -> dict[str, Any]:
    told = [row["available"] for row in same if row["available"] is not None]
    priced = [row for row in same if row["price"] is not None]
    first = next((row for row in priced if row["available"] is not False), (priced or same)[0])
    sizes = list(dict.fromkeys(size for row in same for size in row["sizes"] or ()))
    return first | {"available": any(told) if told else None, "sizes": sizes or None}


def with_update(offers: pa.Table, update: pa.Table, older: pa.Array | pa.ChunkedArray) -> tuple[pa.Table, Used]:
    """The offers, of which those that are `older` (bool) say what the update says, and what became of the update.

    offers: UPDATED and `offer_id`, of one retailer. update: of `one_an_id`.
    """
    place = pc.index_in(offers["offer_id"], update["offer_id"])
    said = update.take(place)
    said = _set(said, "currency", pc.coalesce(said["currency"], offers["currency"]))
    other_money = pc.fill_null(pc.not_equal(said["currency"], offers["currency"]), False)
    costs = pc.and_(pc.and_(older, pc.is_valid(said["price"])), pc.invert(other_money))
    for name in COSTS:
        offers = _set(offers, name, pc.if_else(costs, said[name], offers[name]))
    struck = pc.and_(pc.and_(older, pc.is_valid(said["old_price"])), pc.invert(other_money))
    old_price = pc.if_else(struck, said["old_price"], offers["old_price"])
    touched = pc.or_(costs, struck)
    is_higher = pc.fill_null(pc.greater(old_price, offers["price"]), True)
    no_price = pa.scalar(None, old_price.type)
    offers = _set(offers, "old_price", pc.if_else(pc.or_(pc.invert(touched), is_higher), old_price, no_price))
    for name in ("available", "sizes"):
        offers = _set(offers, name, _taken(offers[name], said[name], older))
    return offers, _used(update, place, pc.and_(other_money, pc.is_valid(said["price"])))


def _taken(column: pa.ChunkedArray, said: pa.ChunkedArray, older: pa.Array | pa.ChunkedArray) -> pa.ChunkedArray:
    """The values, but what is said where something is and the row is older."""
    both = pa.chunked_array([*column.chunks, *said.cast(column.type).chunks], column.type)
    at = pa.array(np.arange(len(column)))
    return both.take(pc.if_else(pc.and_(older, pc.is_valid(said)), pc.add(at, len(column)), at))


def _used(update: pa.Table, place: pa.ChunkedArray, other_money: pa.ChunkedArray) -> Used:
    known = pc.is_in(pa.array(np.arange(update.num_rows, dtype=np.int32)), pc.unique(place.drop_null()))
    unknown = update["offer_id"].filter(pc.invert(known))
    samples = tuple(unknown.slice(0, SAMPLES).to_pylist())
    return Used(update.num_rows, len(unknown), samples, len(pc.unique(place.filter(other_money))))


def _set(table: pa.Table, name: str, column: Any) -> pa.Table:
    at = table.schema.get_field_index(name)
    return table.set_column(at, table.schema.field(at), column.cast(table.schema.field(at).type))
