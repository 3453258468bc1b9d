"""Delta tables without a JVM: created from `schemas/`, queried in SQL, extended by files that workers wrote."""

import json
import re
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import DeltaTable, QueryBuilder, Transaction
from deltalake import Schema as DeltaSchema
from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError
from deltalake.transaction import AddAction, RemoveAction

from lake.growth import empty_view, grow, lacking, signed, view
from lake.store import Store, open_store
from schemas.errors import DamagedLake, HeldByAnother
from schemas.table import Table

ROW_GROUP_ROWS = 64_000
"""Keys are scanned every night, so row groups are few and large (measured: 0.01 s; with 32 rows per group 0.33 s)."""

FOLDER = "tables"

UNREADABLE = re.compile(rf"{FOLDER}/\w+/[\w.-]+\.parquet")
"""The file that an engine's error names."""


@dataclass(frozen=True)
class WrittenFile:
    """A Parquet file of a table that is not committed yet."""

    path: str  # relative to the table
    bytes: int
    rows: int


class Tables:
    """The stage tables of one lake."""

    def __init__(self, store: Store, folder: str = FOLDER) -> None:
        self.store, self.folder = store, folder
        self.commits: Counter[str] = Counter()
        """The number of commits through this object, by table; a cached result is old after a commit."""

    def uri(self, table: Table) -> str:
        return self.store.delta_uri(f"{self.folder}/{table.name}")

    def open(self, table: Table, newer_too: bool = False) -> DeltaTable:
        """The table as it is now, to be written to: made where it is missing, grown where an older program made it.

        Raises WrongInput where a newer one wrote to it (unless `newer_too`), or where it does not fit otherwise.
        """
        handle = self.found(table) or self._made(table)
        grow(handle, table, newer_too)
        return handle

    def check(self, tables: Iterable[Table]) -> None:
        """Raises WrongInput where this program cannot use a table that is there. Writes nothing."""
        for table in tables:
            if (handle := self.found(table)) is not None:
                lacking(handle, table)

    def found(self, table: Table) -> DeltaTable | None:
        """The table as it is; None if the lake has none yet. Writes nothing."""
        try:
            return DeltaTable(self.uri(table), storage_options=self.store.storage_options or None)
        except TableNotFoundError:
            return None
        except DeltaError as error:
            raise _damaged(f"{self.uri(table)}/_delta_log", error) from error

    def _made(self, table: Table) -> DeltaTable:
        return DeltaTable.create(
            self.uri(table),
            DeltaSchema.from_arrow(table.stored),
            mode="ignore",
            storage_options=self.store.storage_options or None,
            commit_properties=signed(),
        )

    def sql(self, query: str, tables: Iterable[Table]) -> pa.Table:
        """The result of a query over tables by their names, with plain instead of view types. Only ORDER BY sorts rows.

        A table that the lake does not have yet is empty, and a column that an older lake lacks is null: reading writes
        nothing.
        """
        builder = QueryBuilder()
        for table in set(tables):
            _register(builder, table, self.found(table))
        try:
            found = pa.RecordBatchReader.from_stream(builder.execute(query)).read_all()
        except pa.ArrowInvalid as error:
            if file := UNREADABLE.search(str(error)):
                raise _damaged(f"{self.store.uri}/{file[0]}", error) from error
            raise
        return found.cast(pa.schema([pa.field(f.name, _plain(f.type)) for f in found.schema]))

    def append(self, table: Table, rows: pa.Table) -> None:
        """Write and commit rows from the driver."""
        if rows.num_rows:
            self.commit(self.open(table), [write_rows(self.store, table, rows, self.folder)])

    def commit(self, handle: DeltaTable, files: Sequence[WrittenFile], transaction: str | None = None) -> None:
        """Commit files at once. With a transaction's name, raises HeldByAnother if another run committed under it
        since the handle was opened; only the same handle, advanced after each commit, tells."""
        adds: list[AddAction | RemoveAction] = [*_added(files)]
        turn = (handle.transaction_version(transaction) or 0) + 1 if transaction else 0
        properties = signed(Transaction(transaction, turn)) if transaction else signed()
        try:
            handle.create_write_transaction(adds, "append", handle.schema(), [], commit_properties=properties)
        except CommitFailedError as error:
            raise HeldByAnother(f"{handle.table_uri}: another run of this stage is writing; this one ends") from error
        self._count(handle)
        if transaction and handle.transaction_version(transaction) != turn:
            raise HeldByAnother(f"{handle.table_uri}: another run of this stage is writing; this one ends")

    def replace(self, handle: DeltaTable, gone: Sequence[WrittenFile], new: Sequence[WrittenFile]) -> None:
        """Replace files at once. Raises HeldByAnother if another run removed one of them meanwhile."""
        now_ms = int(time.time() * 1000)
        actions: list[AddAction | RemoveAction] = [*_added(new)]
        actions += [RemoveAction(f.path, True, now_ms, size=f.bytes, partition_values={}) for f in gone]
        try:
            handle.create_write_transaction(actions, "append", handle.schema(), [], commit_properties=signed())
        except CommitFailedError as error:
            raise HeldByAnother(f"{handle.table_uri}: another run changed this table; run again") from error
        self._count(handle)

    def _count(self, handle: DeltaTable) -> None:
        self.commits[handle.table_uri.rstrip("/").rpartition("/")[2]] += 1
        handle.update_incremental()


def new_name() -> str:
    """A name for a new file of a table."""
    return f"{uuid4().hex}.parquet"


def _added(files: Iterable[WrittenFile]) -> list[AddAction]:
    now_ms = int(time.time() * 1000)
    return [AddAction(f.path, f.bytes, {}, now_ms, True, json.dumps({"numRecords": f.rows})) for f in files]


def write_rows(store: Store, table: Table, rows: pa.Table, folder: str = FOLDER) -> WrittenFile:
    """Write one Parquet file of a table, durably, under a name of its own."""
    name = new_name()
    path = f"{folder}/{table.name}/{name}"
    plain = rows.select(table.schema.names).cast(table.stored).combine_chunks()
    with store.open_output(path) as file:
        pq.write_table(plain, file, compression="zstd", compression_level=1, row_group_size=ROW_GROUP_ROWS)
        size = file.tell()
    return WrittenFile(name, size, rows.num_rows)


@dataclass(frozen=True)
class RowWriter:
    """Writes a table's files from inside a worker. It carries the address of the lake, since handles cannot be sent."""

    lake: str
    table: Table
    folder: str = FOLDER

    def __call__(self, rows: pa.Table) -> WrittenFile:
        return write_rows(open_store(self.lake), self.table, rows, self.folder)


def literal(value: bytes | str | None) -> str:
    """A value as an SQL literal."""
    if value is None:
        return "NULL"
    if isinstance(value, bytes):
        return f"X'{value.hex()}'"
    return "'" + value.replace("'", "''") + "'"


def _damaged(place: str, error: Exception) -> DamagedLake:
    said = str(error).splitlines()[0][:200]
    ways = "restore it from a copy of the lake"
    return DamagedLake(f"{place}: cannot be read ({said}); to act: the data engineer ({ways})")


def _register(builder: QueryBuilder, table: Table, handle: DeltaTable | None) -> None:
    stored_as = f"stored_{table.name}"
    made = view(handle, table, stored_as) if handle else empty_view(table)
    if handle:
        builder.register(stored_as if made else table.name, handle)
    if made:
        pa.RecordBatchReader.from_stream(builder.execute(made)).read_all()


def _plain(kind: pa.DataType) -> pa.DataType:
    if kind == pa.binary_view():
        return pa.binary()
    if kind == pa.string_view():
        return pa.string()
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return pa.list_(_plain(kind.value_type))
    if pa.types.is_struct(kind):
        return pa.struct([pa.field(f.name, _plain(f.type)) for f in kind])
    return kind
