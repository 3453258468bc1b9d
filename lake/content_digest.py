"""One sha256 for the content of a table, independent of row order, chunks, compression and fixed-size types.

The fixed representation. Rows are sorted by id. A column is its validity (a byte a row, 1 or 0) followed by its values:
numbers little-endian with nulls as 0, booleans a byte each, strings and binaries the lengths as int64 (null: 0) and
then the bytes, lists the lengths as int64 and then the items as a column of their own. A column's digest is the sha256
of that; a table's digest the sha256 over each column's name, a zero byte and its digest, in the order of the schema.
A column that a table got later (`added`) and that is null in all rows is left out, so that rows which say what they
said before have the digest that they had.

A retailer in one part (`lake.parts`) has three digests: of its garments with their vectors' keys, of its products, and
of these keys alone in the garments' order. A key names the crop and the model; what the vector says is checked once,
when it comes. Where a vector got other values under its key (`lake.recalled`), the third is the sha256 over that digest
and the one of the new values, sorted by key. Of a retailer in several parts each is the sha256 over every part's start,
a zero byte and its digest. A snapshot's digest is the sha256 over each retailer's name, a zero byte and its three
digests, sorted by name.
"""

import hashlib
from collections.abc import Container, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.manifest import Content


def sorted_table_digest(table: pa.Table, added: Container[str] = ()) -> str:
    """The digest of a table that is sorted by its id. Columns in `added` count only if they have a value."""
    whole = hashlib.sha256()
    for name in table.column_names:
        if name in added and table[name].null_count == len(table):
            continue
        column = hashlib.sha256()
        _add(column, _one_array(table[name]))
        whole.update(name.encode() + b"\0" + column.digest())
    return whole.hexdigest()


def snapshot_digest(content: Mapping[str, Content]) -> str:
    """The digest of all retailers' rows."""
    whole = hashlib.sha256()
    for retailer in sorted(content):
        parts = content[retailer]
        whole.update(retailer.encode() + b"\0")
        whole.update(bytes.fromhex(parts.garments + parts.products + parts.vectors))
    return whole.hexdigest()


def keys_digest(keys: pa.Table, renewed: pa.Table) -> str:
    """The digest of vector keys in the order of their garments, and of the vectors that got other values."""
    digest = sorted_table_digest(keys)
    if not len(renewed):
        return digest
    return hashlib.sha256(bytes.fromhex(digest + sorted_table_digest(renewed))).hexdigest()


def joined_content(parts: Sequence[tuple[str, Content]]) -> Content:
    """The digests of a retailer, from the start and the digests of each of its parts in their order."""
    if len(parts) == 1:
        return parts[0][1]
    found = {}
    for name in Content.model_fields:
        whole = hashlib.sha256()
        for start, content in parts:
            whole.update(start.encode() + b"\0" + bytes.fromhex(getattr(content, name)))
        found[name] = whole.hexdigest()
    return Content(**found)


def _one_array(column: pa.ChunkedArray) -> pa.Array:
    """The column in one piece; its offsets are 64 bits wide, so that long texts do not overflow."""
    wide = column.cast(_wide(column.type))
    return wide.chunk(0) if wide.num_chunks == 1 else pa.concat_arrays(wide.chunks or [pa.array([], wide.type)])


def _wide(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return pa.large_string()
    if pa.types.is_binary(kind) or pa.types.is_fixed_size_binary(kind):
        return pa.large_binary()
    if pa.types.is_list(kind):
        return pa.large_list(_wide(kind.value_type))
    return kind


def _add(digest: Any, array: pa.Array) -> None:
    digest.update(array.is_valid().cast(pa.uint8()).to_numpy())
    kind = array.type
    if pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        digest.update(pc.list_value_length(array).fill_null(0).cast(pa.int64()).to_numpy())
        _add(digest, array.flatten())
    elif pa.types.is_large_string(kind) or pa.types.is_large_binary(kind):
        _add_bytes(digest, array.fill_null(pa.scalar(b"", pa.large_binary()).cast(kind)))
    elif pa.types.is_decimal128(kind):
        _add_fixed_width(digest, array.fill_null(pa.scalar(0, kind)), width=16)
    elif pa.types.is_boolean(kind):
        digest.update(array.fill_null(False).cast(pa.uint8()).to_numpy())
    elif pa.types.is_primitive(kind):
        digest.update(np.ascontiguousarray(array.fill_null(pa.scalar(0, kind)).to_numpy()))
    else:
        raise TypeError(f"no fixed representation for {kind}")


def _add_bytes(digest: Any, array: pa.Array) -> None:
    """`array` has no nulls and 64-bit offsets."""
    digest.update(pc.binary_length(array).cast(pa.int64()).to_numpy())
    _, offsets, values = array.buffers()
    if len(array) and values is not None:
        bounds = np.frombuffer(offsets, np.int64)
        digest.update(memoryview(values)[bounds[array.offset] : bounds[array.offset + len(array)]])


def _add_fixed_width(digest: Any, array: pa.Array, width: int) -> None:
    values = array.buffers()[1]
    if values is not None:
        digest.update(memoryview(values)[array.offset * width : (array.offset + len(array)) * width])
