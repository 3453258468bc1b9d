"""The key of each product that is ready for `choose`: a digest over all that its choice is made from."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jobs.live.rows import PART_ROWS, combinations, encoded, taken

KEYS = pa.schema([("product_key", pa.binary()), ("product", pa.int64())])

STATED = ("product_id", "retailer", "title", "gender", "age", "text_key")
"""What a product itself puts into its key, in this order."""

SHOWN = ("url", "picture", "code", "group")
"""What each of its pictures puts into it."""

NOTHING = pa.scalar(b"", pa.large_binary())


def digest(parts: Sequence[bytes | str | None]) -> bytes:
    """The sha256 of parts, each in its frame: its length, and whether it is there at all."""
    return hashlib.sha256(b"".join(map(_frame, parts))).digest()


def _frame(part: bytes | str | None) -> bytes:
    body = b"\x00" if part is None else b"\x01" + (part.encode() if isinstance(part, str) else part)
    return len(body).to_bytes(8, "little") + body


def product_keys(
    products: pa.Table, verdicts: pa.DictionaryArray, pictures: pa.Table, orders: Mapping[str, Sequence[str]]
) -> pa.Table:
    """KEYS of the products that are ready, by `product` (row in `products`).

    A product is not ready while it has no picture yet and some of its URLs were never tried.

    products: `STATED`. verdicts: what the mapping says of each, as JSON; null: nothing yet. pictures: `SHOWN`,
    `product` and `tried`, sorted by product. orders: the order of sources of the category, by retailer.
    """
    of = pictures["product"].to_numpy()
    ready = _is_ready(products.num_rows, of, pictures)
    found = [KEYS.empty_table()]
    for start in range(0, products.num_rows, PART_ROWS):
        end = min(start + PART_ROWS, products.num_rows)
        first, last = np.searchsorted(of, [start, end])
        parts = [_frames(products[name].slice(start, end - start)) for name in STATED]
        parts.append(_orders(products["retailer"].slice(start, end - start), orders))
        parts.append(_framed_values(verdicts.slice(start, end - start)))
        parts.append(_joined(pictures.slice(first, last - first), of[first:last] - start, end - start))
        whole = pc.binary_join_element_wise(*parts, NOTHING)
        places = pa.array(np.flatnonzero(ready[start:end]))
        keys = pa.array(_digests(whole.take(places)), pa.binary())
        found.append(pa.table([keys, pc.add(places, start)], schema=KEYS))
    return pa.concat_tables(found)


def _is_ready(count: int, of: np.ndarray, pictures: pa.Table) -> np.ndarray:
    """(count,) bool."""
    arrived = pictures["picture"].is_valid().to_numpy()
    untried = pc.invert(pc.fill_null(pictures["tried"], False)).to_numpy()
    has_one = np.bincount(of[arrived], minlength=count) > 0
    waits = np.bincount(of[untried], minlength=count) > 0
    return has_one | ~waits


def _frames(column: pa.ChunkedArray) -> pa.Array:
    """The frame of each value, large_binary."""
    values = column.cast(_binary(column.type)).combine_chunks().cast(pa.large_binary())
    lengths = pc.add(pc.fill_null(pc.binary_length(values), 0), 1).to_numpy().astype("<i8")
    before = pa.FixedSizeBinaryArray.from_buffers(pa.binary(8), len(values), [None, pa.py_buffer(lengths.tobytes())])
    is_there = pc.if_else(
        values.is_valid(), pa.scalar(b"\x01", pa.large_binary()), pa.scalar(b"\x00", pa.large_binary())
    )
    filled = pc.fill_null(values, NOTHING)
    return pc.binary_join_element_wise(before.cast(pa.large_binary()), is_there, filled, NOTHING)


def _binary(kind: pa.DataType) -> pa.DataType:
    return pa.large_string() if pa.types.is_string(kind) else pa.large_binary()


def _orders(retailers: pa.ChunkedArray, orders: Mapping[str, Sequence[str]]) -> pa.Array:
    named = encoded(retailers)
    frames = [b"".join(map(_frame, orders[name])) for name in named.dictionary.to_pylist()]
    return pa.array(frames, pa.large_binary()).take(named.indices)


def _framed_values(values: pa.DictionaryArray) -> pa.Array:
    """The frame of each value of an encoded column."""
    frames = [*map(_frame, values.dictionary.to_pylist()), _frame(None)]
    return pa.array(frames, pa.large_binary()).take(pc.fill_null(values.indices, len(frames) - 1))


def _joined(pictures: pa.Table, of: np.ndarray, count: int) -> pa.Array:
    """The frames of the pictures of each of `count` products."""
    frames = pc.binary_join_element_wise(*(_frames(pictures[name]) for name in SHOWN), NOTHING)
    ends = np.cumsum(np.bincount(of, minlength=count))
    lists = pa.LargeListArray.from_arrays(pa.array(np.concatenate([[0], ends])), frames)
    return pc.binary_join(lists, NOTHING)


def _digests(values: pa.Array) -> Iterator[bytes]:
    _, offsets, body = values.buffers()
    if not len(values) or body is None:
        return
    bounds = np.frombuffer(offsets, np.int64)[values.offset : values.offset + len(values) + 1].tolist()
    whole = memoryview(body)
    sha256 = hashlib.sha256
    for start, end in pairwise(bounds):
        yield sha256(whole[start:end]).digest()


def category_keys(products: pa.Table, rules: Mapping[str, bytes]) -> pa.DictionaryArray:
    """The category key of each product: a digest of its retailer, the retailer's mapping file, and its category's ids
    and path.

    rules: the digest of a retailer's mapping file, where it has one.
    """
    names = ("retailer", "category_path", "category_ids")
    flat = pa.table({
        name: products[name] if name == "retailer" else pc.fill_null(pc.binary_join(products[name], "\x1e"), "")
        for name in names
    })  # fmt: skip
    first, place = combinations(flat)
    of_each = taken(products.select(names), pa.array(first))
    keys = [
        digest([retailer, rules.get(retailer), str(len(ids or ())), *(ids or ()), *(path or ())])
        for retailer, path, ids in zip(*(of_each[name].to_pylist() for name in names), strict=True)
    ]
    return pa.DictionaryArray.from_arrays(pa.array(place.astype(np.int32)), pa.array(keys, pa.binary()))
