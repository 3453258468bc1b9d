"""Rows of tables that are too large for one array with 32-bit offsets."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

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


def combinations(rows: pa.Table) -> tuple[np.ndarray, np.ndarray]:
    """The first row of each combination of values, and the combination of each row. Null is a value like others."""
    codes = np.zeros(rows.num_rows, np.int64)
    for column in rows.columns:
        values = encoded(column)
        found = pc.fill_null(values.indices, len(values.dictionary)).to_numpy()
        codes = np.unique(codes * (len(values.dictionary) + 1) + found, return_inverse=True)[1]
    _, first, of = np.unique(codes, return_index=True, return_inverse=True)
    return first, of


def runs(column: pa.ChunkedArray) -> Iterator[tuple[str, int, int]]:
    """Value, first row and end of each run of equal values."""
    values = encoded(column)
    codes = values.indices.to_numpy()
    starts = np.flatnonzero(np.diff(codes, prepend=-1))
    names = values.dictionary.take(pa.array(codes[starts])).to_pylist()
    for name, (start, end) in zip(names, pairwise([*starts.tolist(), len(codes)]), strict=True):
        yield name, start, end
