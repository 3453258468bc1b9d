"""Rows of tables that are too large for one array with 32-bit offsets."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pyarrow as pa

from schemas.table import wide

PART_ROWS = 100_000
"""Rows in one array."""


def taken(rows: pa.Table, places: pa.Array | pa.ChunkedArray) -> pa.Table:
    """Rows by their place, in any order and number; nulls for a null."""
    found = rows.cast(wide(rows.schema)).take(places)
    parts = [found.slice(at, PART_ROWS).cast(rows.schema) for at in range(0, found.num_rows, PART_ROWS)]
    return pa.concat_tables([rows.schema.empty_table(), *parts])


def encoded(column: pa.ChunkedArray) -> pa.DictionaryArray:
    """A column of few different values."""
    return column.dictionary_encode().unify_dictionaries().combine_chunks()


def runs(column: pa.ChunkedArray) -> Iterator[tuple[str, int, int]]:
    """Value, first row and end of each run of equal values."""
    values = encoded(column)
    codes = values.indices.to_numpy()
    starts = np.flatnonzero(np.diff(codes, prepend=-1))
    names = values.dictionary.take(pa.array(codes[starts])).to_pylist()
    for name, (start, end) in zip(names, pairwise([*starts.tolist(), len(codes)]), strict=True):
        yield name, start, end
