"""Reads published Parquet files as Arrow tables, with the fixed sizes that Parquet's plain lists do not store."""

from collections.abc import Iterable, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

DIMENSIONS = 256
CODE_BYTES = 16
FIXED = {
    "embedding": pa.list_(pa.float32(), DIMENSIONS),
    "box": pa.list_(pa.float32(), 4),
    "shape_code": pa.binary(CODE_BYTES),
    "colour_code": pa.binary(CODE_BYTES),
    "vector_key": pa.binary(32),
    "image_sha256": pa.binary(32),
}


ADDED: dict[str, pa.Schema] = {"garments": pa.schema([]), "products": pa.schema([("material", pa.string())])}
"""Columns that came after schema version 1.0: null where a version was published before."""


def read(buffer: pa.Buffer, columns: Sequence[str] | None = None) -> pa.Table:
    """Decode a file, or some of its columns."""
    found = pq.read_schema(pa.BufferReader(buffer))
    schema = pa.schema([pa.field(field.name, FIXED.get(field.name, field.type)) for field in found])
    return pq.read_table(pa.BufferReader(buffer), schema=schema, columns=columns)


def joined(table: str, parts: Iterable[pa.Table]) -> pa.Table:
    """A table's files end to end; a column that some lack is null there, and one that is not known here stays."""
    return pa.concat_tables([*parts, ADDED[table].empty_table()], promote_options="default")


def matrix(column: pa.ChunkedArray) -> np.ndarray:
    """(N, width) of a column of fixed-size lists (float32) or binaries (uint8); a view where it is in one piece."""
    parts = [_view(chunk) for chunk in column.chunks if len(chunk)]
    return parts[0] if len(parts) == 1 else np.concatenate([_view(pa.array([], column.type)), *parts])


def empty(column: str, rows: int) -> np.ndarray:
    """An uninitialised array for `rows` rows of one of the fixed-size columns."""
    kind = FIXED[column]
    if pa.types.is_fixed_size_list(kind):
        return np.empty((rows, kind.list_size), np.float32)
    return np.empty((rows, kind.byte_width), np.uint8)


def _view(array: pa.Array) -> np.ndarray:
    if pa.types.is_fixed_size_list(array.type):
        items: np.ndarray = array.flatten().to_numpy()
        return items.reshape(len(array), array.type.list_size)
    width = array.type.byte_width
    values = array.buffers()[1] or b""
    return np.frombuffer(values, np.uint8)[array.offset * width : (array.offset + len(array)) * width].reshape(
        -1, width
    )
