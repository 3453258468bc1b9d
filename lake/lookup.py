"""Rows of a table by their keys: of the files without such rows, the keys alone are read.

A file is compared with the SHA-256 that its name states before rows of it are used. Where a key has no row, all files
are: that there is none is said of whole files only.
"""

from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, AnyStr

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from lake.growth import lacking
from lake.segments import one_array, places_of
from lake.table_files import READERS, faults
from lake.tables import Tables, damaged, first_line, live_files
from schemas.table import Table


def rows_with(
    tables: Tables, table: Table, column: str, values: Collection[AnyStr], names: Collection[str] = ()
) -> pa.Table:
    """The rows whose `column` has one of some values, with some columns or all. Raises DamagedLake."""
    names = [*(names or table.stored.names)]
    if not values:
        return _empty(table, names)
    files = _files(tables, table)
    with ThreadPoolExecutor(READERS) as pool:
        wanted = pa.array(sorted(set(values)), table.stored.field(column).type)
        groups = dict(zip(files, pool.map(partial(_groups_with, tables, table, column, wanted), files), strict=True))
    holding = {name: found for name, found in groups.items() if found}
    tables.prove(table, {name: files[name] for name in holding})
    parts: list[pa.Table] = [
        _read(tables, table, name, found, {column, *names}) for name, found in sorted(holding.items())
    ]
    rows = pa.concat_tables([_empty(table, [*{column, *names}]), *parts])
    rows = rows.filter(pc.is_in(rows[column], wanted))
    if len(pc.unique(rows[column])) < len(wanted):
        tables.prove(table, files)
    return rows.select(names)


@dataclass(frozen=True)
class Places:
    """Where the first row of each of some keys is in a table: its file, the row group there, the row in that."""

    tables: Tables
    table: Table
    files: list[str]
    found: np.ndarray  # (N, 3) int64, -1 for a key without a row

    def __len__(self) -> int:
        return len(self.found)

    @property
    def is_there(self) -> np.ndarray:
        """(N,) bool."""
        there: np.ndarray = self.found[:, 0] >= 0
        return there

    def rows(self, at: np.ndarray, names: Collection[str]) -> pa.Table:
        """Some columns of the rows of some of the keys, by their places among the keys, in that order."""
        places = self.found[at]
        order = np.lexsort(places.T[::-1])
        parts = [_empty(self.table, [*names])]
        groups, starts = np.unique(places[order, :2], axis=0, return_index=True)
        for (file, group), mine in zip(groups.tolist(), np.split(order, starts)[1:], strict=True):
            rows = _read(self.tables, self.table, self.files[file], [group], names)
            parts.append(rows.take(pa.array(places[mine, 2])))
        rows = pa.concat_tables(parts)
        if np.array_equal(order, np.arange(len(order))):
            return rows
        return rows.combine_chunks().take(pa.array(np.argsort(order)))


def places(tables: Tables, table: Table, column: str, keys: pa.Array, where: Mapping[str, Any]) -> Places:
    """Where the rows of some keys are, of those whose other columns have the values of `where`. Raises DamagedLake."""
    found = np.full((len(keys), len(("file", "group", "row"))), -1, np.int64)
    files = _files(tables, table) if len(keys) else {}
    names = sorted(files)
    with ThreadPoolExecutor(READERS) as pool:
        located = pool.map(partial(_located, tables, table, column, keys, where), names)
        for at, (key, group, row) in enumerate(located):
            new = found[key, 0] < 0
            found[key[new]] = np.column_stack([np.full(new.sum(), at), group[new], row[new]])
    tables.prove(table, {names[at]: files[names[at]] for at in np.unique(found[found[:, 0] >= 0, 0])})
    return Places(tables, table, names, found)


def _located(
    tables: Tables, table: Table, column: str, keys: pa.Array, where: Mapping[str, Any], name: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of the first row of a file with each key: the key's place, the row group and the row in it."""
    try:
        with _opened(tables, table, name) as file:
            sizes = [file.metadata.row_group(at).num_rows for at in range(file.num_row_groups)]
            rows = file.read([column, *where])
    except (pa.ArrowException, OSError) as error:
        raise damaged(f"{tables.uri(table)}/{name}", f"cannot be read ({first_line(error)})") from error
    place = places_of(one_array(rows[column].cast(keys.type)), keys)
    for other, value in where.items():
        same = pc.equal(rows[other], pa.scalar(value, rows.schema.field(other).type))
        place[~same.to_numpy()] = -1
    (row,) = np.nonzero(place >= 0)
    _, first = np.unique(place[row], return_index=True)
    row = row[first]
    starts = np.cumsum([0, *sizes])
    group = np.searchsorted(starts, row, side="right") - 1
    return place[row], group, row - starts[group]


def _files(tables: Tables, table: Table) -> dict[str, int]:
    """Bytes of each file of a table, by name, once all have their sizes; none where the lake has no such table."""
    handle = tables.found(table)
    if handle is None:
        return {}
    lacking(handle, table)
    files = live_files(handle)
    for name, fault in faults(tables.store, f"{tables.folder}/{table.name}", files, read=False).items():
        raise damaged(f"{tables.uri(table)}/{name}", fault)
    return files


def _groups_with(tables: Tables, table: Table, column: str, wanted: pa.Array, name: str) -> list[int]:
    """The row groups of a file that hold one of the values."""
    try:
        with _opened(tables, table, name) as file:
            keys = (file.read_row_group(at, [column])[column] for at in range(file.num_row_groups))
            return [at for at, found in enumerate(keys) if pc.any(pc.is_in(found.cast(wanted.type), wanted)).as_py()]
    except (pa.ArrowException, OSError) as error:
        raise damaged(f"{tables.uri(table)}/{name}", f"cannot be read ({first_line(error)})") from error


def _read(tables: Tables, table: Table, name: str, groups: list[int], columns: Collection[str]) -> pa.Table:
    with _opened(tables, table, name) as file:
        stored = [column for column in columns if column in file.schema_arrow.names]
        rows = file.read_row_groups(groups, stored)
    empty = _empty(table, [*columns])
    for field in empty.schema:
        if field.name not in stored:
            rows = rows.append_column(field, pa.nulls(rows.num_rows, field.type))
    return rows.select(empty.schema.names).cast(empty.schema)


def _opened(tables: Tables, table: Table, name: str) -> pq.ParquetFile:
    return pq.ParquetFile(f"{tables.folder}/{table.name}/{name}", filesystem=tables.store.filesystem)


def _empty(table: Table, names: list[str]) -> pa.Table:
    return table.stored.empty_table().select(names)
