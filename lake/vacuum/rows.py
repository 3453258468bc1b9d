"""Rewrites the files of a stage table without their dead rows, in one commit. Small files are joined."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from lake.store import Store
from lake.table_files import new_file
from lake.tables import FOLDER, ROW_GROUP_ROWS, Tables, WrittenFile
from schemas.errors import Stop
from schemas.table import Table

SMALL_BYTES = 16 << 20
"""A file below this size is rewritten for a single dead row, and joined with others where there are many."""

MANY = 30
"""More small files than this in a table are joined."""

DEAD_RATIO = 0.25
"""A file that is not small is rewritten if more than this share of its rows is dead."""

OUTPUT_BYTES = 256 << 20
"""Size of the inputs of one new file."""


@dataclass(frozen=True)
class Keep:
    """Which rows of a table stay: `stays` gives one bool for each row, from the columns that it needs."""

    table: Table
    columns: tuple[str, ...]
    stays: Callable[[pa.Table], pa.Array | pa.ChunkedArray]
    changed: Callable[[pa.Table], pa.Array | pa.ChunkedArray] | None = None
    """Rows that `change` gives another value; their files are rewritten."""
    change: Callable[[pa.Table], pa.Table] = lambda rows: rows


@dataclass(frozen=True)
class Share:
    """A file of a table, and how many of its rows are dead."""

    file: WrittenFile
    dead: int
    changed: bool = False

    @property
    def dead_bytes(self) -> int:
        return self.file.bytes * self.dead // max(self.file.rows, 1)


@dataclass(frozen=True)
class Rewrite:
    """The files of a table that are to be written anew, or dropped as a whole."""

    keep: Keep
    shares: tuple[Share, ...]

    @property
    def rows(self) -> int:
        return sum(share.dead for share in self.shares)

    @property
    def bytes(self) -> int:
        return sum(share.dead_bytes for share in self.shares)


def plan_rewrite(tables: Tables, keep: Keep, any_dead: bool = False) -> Rewrite:
    """The files that have enough dead rows (or any), or are many and small. Writes nothing."""
    handle = tables.found(keep.table)
    if handle is None:
        return Rewrite(keep, ())
    found = pa.table(handle.get_add_actions(flatten=True)).select(["path", "size_bytes", "num_records"]).to_pylist()
    files = sorted((WrittenFile(f["path"], f["size_bytes"], f["num_records"]) for f in found), key=lambda f: f.path)
    shares = [_share(tables.store, keep, file) for file in files]
    small = [share for share in shares if share.file.bytes < SMALL_BYTES]
    joined = {share.file.path for share in small} if len(small) > MANY else set()
    worth = (lambda share: share.dead > 0) if any_dead else _is_worth_it
    return Rewrite(keep, tuple(s for s in shares if s.file.path in joined or s.changed or worth(s)))


def _is_worth_it(share: Share) -> bool:
    few = share.file.bytes < SMALL_BYTES or share.dead > DEAD_RATIO * share.file.rows
    return share.dead > 0 and few


def _share(store: Store, keep: Keep, file: WrittenFile) -> Share:
    rows = _read(store, keep.table, file, keep.columns)
    if rows.num_rows != file.rows:
        raise Stop(f"{FOLDER}/{keep.table.name}/{file.path}: {rows.num_rows} rows, its commit says {file.rows}")
    alive = pc.sum(keep.stays(rows)).as_py() or 0
    changed = bool(keep.changed and pc.any(keep.changed(rows)).as_py())
    return Share(file, file.rows - alive, changed)


def rewrite(tables: Tables, plan: Rewrite) -> None:
    """Write the files anew without the dead rows, and commit all of it at once."""
    if not plan.shares:
        return
    handle = tables.open(plan.keep.table)
    new = [file for group in _groups(plan.shares) if (file := _merge(tables.store, plan.keep, group)) is not None]
    expected = sum(share.file.rows - share.dead for share in plan.shares)
    if sum(file.rows for file in new) != expected:
        raise Stop(
            f"{plan.keep.table.name}: {expected} rows had to stay, {sum(file.rows for file in new)} were written"
        )
    tables.replace(handle, [share.file for share in plan.shares], new)


def drop(tables: Tables, keep: Keep) -> int:
    """Take every dead row out of a table -> how many."""
    plan = plan_rewrite(tables, keep, any_dead=True)
    rewrite(tables, plan)
    return plan.rows


def _groups(shares: tuple[Share, ...]) -> Iterator[list[Share]]:
    group: list[Share] = []
    for share in shares:
        if group and sum(one.file.bytes for one in group) + share.file.bytes > OUTPUT_BYTES:
            yield group
            group = []
        group.append(share)
    if group:
        yield group


def _merge(store: Store, keep: Keep, shares: list[Share]) -> WrittenFile | None:
    """One new file with the rows of all that stay, in their order; None if there are none."""
    if all(share.dead == share.file.rows for share in shares):
        return None
    rows = 0
    with (
        new_file(store, f"{FOLDER}/{keep.table.name}") as file,
        pq.ParquetWriter(file, keep.table.stored, compression="zstd", compression_level=1) as writer,
    ):
        for part in _row_groups(_alive(store, keep, shares)):
            writer.write_table(part, row_group_size=ROW_GROUP_ROWS)
            rows += part.num_rows
    return WrittenFile(file.name, file.bytes, rows)


def _alive(store: Store, keep: Keep, shares: list[Share]) -> Iterator[pa.Table]:
    for share in shares:
        if share.dead < share.file.rows:
            rows = _read(store, keep.table, share.file, None)
            yield keep.change(rows.filter(keep.stays(rows)))


def _row_groups(parts: Iterator[pa.Table]) -> Iterator[pa.Table]:
    """The rows in few and large row groups, so that keys are read quickly."""
    waiting: list[pa.Table] = []
    for part in parts:
        waiting.append(part)
        if sum(table.num_rows for table in waiting) >= ROW_GROUP_ROWS:
            yield pa.concat_tables(waiting).combine_chunks()
            waiting = []
    if waiting:
        yield pa.concat_tables(waiting).combine_chunks()


def _read(store: Store, table: Table, file: WrittenFile, columns: tuple[str, ...] | None) -> pa.Table:
    """Rows of one file; columns that the file of an older program lacks are null."""
    schema = table.stored if columns is None else pa.schema([table.stored.field(name) for name in columns])
    with store.filesystem.open_input_file(f"{FOLDER}/{table.name}/{file.path}") as source:
        stored = pq.ParquetFile(source)
        rows = stored.read([name for name in schema.names if name in stored.schema_arrow.names])
    for field in schema:
        if field.name not in rows.column_names:
            rows = rows.append_column(field.name, pa.nulls(rows.num_rows, field.type))
    return rows.select(schema.names).cast(schema)
