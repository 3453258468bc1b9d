"""Rows of a table by a few keys: of the files without such rows, the keys alone are read.

A file is compared with the SHA-256 that its name states before rows of it are used. Where a key has no row, all files
are: that there is none is said of whole files only.
"""

from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import AnyStr

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from lake.growth import lacking
from lake.table_files import READERS, faults
from lake.tables import Tables, damaged, first_line, live_files
from schemas.table import Table


def rows_with(
    tables: Tables, table: Table, column: str, values: Collection[AnyStr], names: Collection[str] = ()
) -> pa.Table:
    """The rows whose `column` has one of some values, with some columns or all. Raises DamagedLake."""
    names = [*(names or table.stored.names)]
    handle = tables.found(table)
    if handle is None or not values:
        return _empty(table, names)
    lacking(handle, table)
    files = live_files(handle)
    _check_sizes(tables, table, files)
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


def _check_sizes(tables: Tables, table: Table, files: Mapping[str, int]) -> None:
    for name, fault in faults(tables.store, f"{tables.folder}/{table.name}", files, read=False).items():
        raise damaged(f"{tables.uri(table)}/{name}", fault)


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
