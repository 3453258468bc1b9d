"""Merges the offers of one product (its sizes, and repeated offers) into one row."""

from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.table import PRICE, wide
from schemas.tables import MERGED

STATED = ("retailer", "brand", "gender", "age", "colour", "category_path", "category_ids", "text_key")
"""Taken from the smallest offer id, in stock or not: what a product is does not change with its stock."""

FRONT = ("title", "url")
"""Taken from the smallest available offer id; where none is available, from the smallest."""

DESCRIBED = ("material",)
"""Taken from the smallest offer id that states it, in stock or not."""

PRICED = ("price", "old_price", "currency")
"""Taken together from the cheapest available offer; where none has a price, from the cheapest of all."""

PRODUCTS = pa.schema([
    MERGED.schema.field(name).with_nullable(True)
    for name in (
        "product_id", "retailer", "offer_ids", "title", "brand", "gender", "age", "colour", "material", "sizes",
        "category_path", "category_ids", "pictures", "url", "price", "old_price", "currency", "available", "text_key",
    )
])  # fmt: skip

OFFER_COLUMNS = ("product_id", "offer_id", "sizes", "pictures", "available", *STATED, *DESCRIBED, *FRONT, *PRICED)
"""What `products_of` reads of `schemas.tables.OFFERS`."""


PART_BYTES = 256 << 20
"""Offers are merged in parts of about this size: whatever a shop sends, no array outgrows its 32-bit offsets."""


def products_of(offers: pa.Table, max_pictures: int | pa.ChunkedArray) -> pa.Table:
    """`PRODUCTS`, sorted by product id, of kept offers in any order.

    offers: `OFFER_COLUMNS`. max_pictures: of a product; one number, or one an offer (the same for all of a retailer).
    """
    caps = max_pictures if isinstance(max_pictures, pa.ChunkedArray) else pa.array([max_pictures] * offers.num_rows)
    table = offers.select(dict.fromkeys(OFFER_COLUMNS)).append_column("cap", pc.cast(caps, pa.int64()))
    table = table.cast(wide(table.schema)).combine_chunks()
    order = pc.sort_indices(table, [("product_id", "ascending"), ("offer_id", "ascending")])
    parts = [_merged(table.take(part)) for part in _parts(table, order)]
    return pa.concat_tables(parts) if parts else PRODUCTS.empty_table()


def _parts(offers: pa.Table, order: pa.Array) -> Iterator[pa.Array]:
    """The sorted rows in parts of about `PART_BYTES`, each product in one of them."""
    _, first = _groups(offers["product_id"].take(order))
    sizes = np.full(len(order), offers.nbytes / max(len(order), 1)) + _list_bytes(offers["pictures"])
    before = np.cumsum(sizes[order.to_numpy()])[first] if len(first) else np.zeros(0)
    starts = first[np.flatnonzero(np.diff(before // PART_BYTES, prepend=-1.0))]
    for start, end in pairwise([*starts.tolist(), len(order)]):
        yield order.slice(start, end - start)


def _list_bytes(lists: pa.ChunkedArray) -> np.ndarray:
    """Bytes of the strings of each list (N,) int64."""
    items = np.concatenate([[0], np.cumsum(pc.fill_null(pc.binary_length(pc.list_flatten(lists)), 0).to_numpy())])
    ends = np.cumsum(pc.fill_null(pc.list_value_length(lists), 0).to_numpy())
    return np.diff(items[ends], prepend=0)


def _merged(table: pa.Table) -> pa.Table:
    """The products of whole groups of offers, which are sorted by product and offer id."""
    group, first = _groups(table["product_id"])
    rows = len(first)
    available = pc.fill_null(table["available"], True).to_numpy(zero_copy_only=False)
    front = _first(group, ~available)
    cheapest = _cheapest(group, available, table["price"])
    columns = {"product_id": table["product_id"].take(pa.array(first))}
    columns |= {name: table[name].take(pa.array(first)) for name in STATED}
    columns |= {name: table[name].take(pa.array(_first(group, _is_null(table[name])))) for name in DESCRIBED}
    columns |= {name: table[name].take(pa.array(front)) for name in FRONT}
    columns |= {name: table[name].take(pa.array(cheapest)) for name in PRICED}
    columns["available"] = pa.array(available[front])
    columns["offer_ids"] = _union(group, table["offer_id"], rows)
    columns["sizes"] = _union(*_flat(group, table["sizes"]), rows)
    columns["pictures"] = _ordered_union(*_flat(group, table["pictures"]), table["cap"].to_numpy()[first])
    return pa.table([_cast(columns[field.name], field.type) for field in PRODUCTS], schema=PRODUCTS)


def _groups(ids: pa.ChunkedArray) -> tuple[np.ndarray, np.ndarray]:
    """Of sorted ids: each row's group (N,) int64, and each group's first row (G,) int64."""
    if not len(ids):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    changes = pc.not_equal(ids.slice(1), ids.slice(0, len(ids) - 1)).to_numpy(zero_copy_only=False)
    starts = np.concatenate([[True], changes])
    return np.cumsum(starts) - 1, np.flatnonzero(starts)


def _first(group: np.ndarray, *worst_last: np.ndarray) -> np.ndarray:
    """The row (G,) that comes first in each group by the columns given, the most significant first."""
    order = np.lexsort((*reversed(worst_last), group))
    sorted_groups = group[order]
    return order[np.concatenate([[True], sorted_groups[1:] != sorted_groups[:-1]])] if len(order) else order


def _is_null(column: pa.ChunkedArray) -> np.ndarray:
    return column.is_null().to_numpy()


def _cheapest(group: np.ndarray, available: np.ndarray, price: pa.ChunkedArray) -> np.ndarray:
    """The row (G,) with the lowest price among the available ones; without any price, the first available one."""
    priced = price.is_valid().to_numpy(zero_copy_only=False)
    whole = pa.scalar(Decimal(10**PRICE.scale), pa.decimal128(PRICE.scale + 1, 0))
    hundredths = pc.multiply(pc.fill_null(price, Decimal(0)), whole)
    return _first(group, ~priced, ~available, hundredths.cast(pa.int64(), safe=False).to_numpy())


def _flat(group: np.ndarray, lists: pa.ChunkedArray) -> tuple[np.ndarray, pa.ChunkedArray]:
    """The lists' items in order, and the group of each."""
    counts = pc.fill_null(pc.list_value_length(lists), 0).to_numpy()
    return np.repeat(group, counts), pc.list_flatten(lists)


def _union(group: np.ndarray, items: pa.ChunkedArray, rows: int) -> pa.Array:
    """A sorted list of each group's different items; nulls and empty ones are left out."""
    table = _filled(group, items).group_by(["group", "item"]).aggregate([])
    table = table.sort_by([("group", "ascending"), ("item", "ascending")])
    return _lists(table, rows)


def _ordered_union(group: np.ndarray, items: pa.ChunkedArray, caps: np.ndarray) -> pa.Array:
    """Each group's different items in the order in which they first come, not more than its cap."""
    numbered = _filled(group, items)
    numbered = numbered.append_column("place", pa.array(np.arange(numbered.num_rows)))
    table = numbered.group_by(["group", "item"]).aggregate([("place", "min")])
    table = table.sort_by([("group", "ascending"), ("place_min", "ascending")])
    groups = table["group"].to_numpy()
    place = np.arange(len(groups)) - np.searchsorted(groups, groups)
    return _lists(table.filter(pa.array(place < caps[groups])), len(caps))


def _filled(group: np.ndarray, items: pa.ChunkedArray) -> pa.Table:
    return pa.table({"group": group, "item": items}).filter(pc.not_equal(pc.field("item"), ""))


def _lists(table: pa.Table, rows: int) -> pa.Array:
    ends = np.cumsum(np.bincount(table["group"].to_numpy(), minlength=rows)[:rows])
    offsets = pa.array(np.concatenate([[0], ends]), pa.int64())
    return pa.LargeListArray.from_arrays(offsets, table["item"].combine_chunks())


def _cast(column: pa.Array | pa.ChunkedArray, kind: pa.DataType) -> pa.Array | pa.ChunkedArray:
    return column if column.type == kind else column.cast(kind)
