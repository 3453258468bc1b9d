"""Delta tables without a JVM: created from `schemas/`, queried in SQL, extended by files that workers wrote."""

import json
import re
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import AnyStr

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from deltalake import DeltaTable, QueryBuilder, Transaction
from deltalake import Schema as DeltaSchema
from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError
from deltalake.transaction import AddAction, RemoveAction

from lake.engine_errors import in_one_line
from lake.growth import empty_view, grow, signed, view
from lake.store import Store, open_store
from lake.table_files import faults, new_file
from schemas.errors import REPAIR, DamagedLake, HeldByAnother
from schemas.table import Table

ROW_GROUP_ROWS = 64_000
"""Keys are scanned every night, so row groups are few and large (measured: 0.01 s; with 32 rows per group 0.33 s)."""

LOOKED_UP_ROWS = 500_000
"""Least number of rows that are compared with keys at once: what it costs to look the keys up is paid once for them."""

ONE_PIECE_BYTES = 1 << 30
"""Rows of fewer bytes fit into arrays with 32-bit offsets."""

APPEND_TRIES = 5

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
        self._proven: set[tuple[str, str]] = set()

    def uri(self, table: Table) -> str:
        return self.store.delta_uri(f"{self.folder}/{table.name}")

    def open(self, table: Table, newer_too: bool = False) -> DeltaTable:
        """The table as it is now, to be written to: made where it is missing, grown where an older program made it.

        Raises WrongInput where a newer one wrote to it (unless `newer_too`), or where it does not fit otherwise.
        """
        handle = self.found(table) or self._made(table)
        grow(handle, table, newer_too)
        return handle

    def found(self, table: Table) -> DeltaTable | None:
        """The table as it is; None if the lake has none yet. Writes nothing."""
        try:
            return DeltaTable(self.uri(table), storage_options=self.store.storage_options or None)
        except TableNotFoundError:
            return None
        except Exception as error:  # the engine has no error of its own for a log that it cannot make sense of
            if isinstance(error, OSError) and not isinstance(error, FileNotFoundError):
                with in_one_line():  # the store does not answer
                    raise
            raise damaged(f"{self.uri(table)}/_delta_log", f"cannot be read ({first_line(error)})") from error

    def files_at(self, table: Table, version: int) -> frozenset[str] | None:
        """The names of a table's files at an earlier version; None where its log does not reach back so far."""
        try:
            handle = DeltaTable(self.uri(table), version, storage_options=self.store.storage_options or None)
        except (DeltaError, OSError):
            return None
        return frozenset(live_files(handle))

    def of_files(self, table: Table, names: Iterable[str], columns: Sequence[str]) -> pa.Table:
        """Some columns of some of a table's files. Raises DamagedLake."""
        handle, wanted = self.found(table), set(names)
        if handle is not None:
            self.prove(table, {name: size for name, size in live_files(handle).items() if name in wanted})
        places = [f"{self.folder}/{table.name}/{name}" for name in sorted(wanted)]
        parts = [pq.read_table(place, columns=list(columns), filesystem=self.store.filesystem) for place in places]
        return pa.concat_tables(parts) if parts else table.stored.empty_table().select(columns)

    def _made(self, table: Table) -> DeltaTable:
        try:
            with in_one_line():
                return DeltaTable.create(
                    self.uri(table),
                    DeltaSchema.from_arrow(table.stored),
                    mode="ignore",
                    storage_options=self.store.storage_options or None,
                    commit_properties=signed(retries=0),  # else it is made a second time, over rows that are there
                )
        except CommitFailedError:
            if made := self.found(table):  # by another process, at this moment
                return made
            raise

    def sql(self, query: str, tables: Iterable[Table]) -> pa.Table:
        """The result of a query over tables by their names, with plain instead of view types. Only ORDER BY sorts rows.

        A table that the lake does not have yet is empty, and a column that an older lake lacks is null: reading writes
        nothing.
        """
        reader = self._reader(query, tables)
        return pa.Table.from_batches(self._plain_batches(reader), _plain_schema(reader))

    def batches(self, query: str, tables: Iterable[Table]) -> Iterator[pa.RecordBatch]:
        """The same batch by batch, for what is too large to be held at once."""
        return self._plain_batches(self._reader(query, tables))

    def among(self, query: str, tables: Iterable[Table], key: str, keys: pa.Array) -> pa.Table:
        """The rows of such a result whose `key` is among some keys; as many others are in memory as there are keys."""
        reader = self._reader(query, tables)
        schema = _plain_schema(reader)
        found, waiting = [schema.empty_table()], schema.empty_table()
        for batch in self._plain_batches(reader):
            waiting = pa.concat_tables([waiting, pa.Table.from_batches([batch])])
            if waiting.num_rows >= max(len(keys), LOOKED_UP_ROWS):
                found, waiting = [*found, _with(waiting, key, keys)], schema.empty_table()
        return pa.concat_tables([*found, _with(waiting, key, keys)])

    def _reader(self, query: str, tables: Iterable[Table]) -> pa.RecordBatchReader:
        builder = QueryBuilder()
        for table in set(tables):
            handle = self.found(table)
            if handle is not None:
                self.prove(table, live_files(handle))
            _register(builder, table, handle)
        with _file_named(self.store):
            return pa.RecordBatchReader.from_stream(builder.execute(query))

    def _plain_batches(self, reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
        schema = _plain_schema(reader)
        with _file_named(self.store):
            for batch in reader:
                yield from _in_plain(batch, schema)

    def prove(self, table: Table, files: Mapping[str, int]) -> None:
        """Read every file once in the life of this object before the engine does: raises DamagedLake."""
        new = {name: size for name, size in files.items() if (table.name, name) not in self._proven}
        for name, fault in faults(self.store, f"{self.folder}/{table.name}", new).items():
            raise damaged(f"{self.uri(table)}/{name}", fault)
        self._proven.update((table.name, name) for name in new)

    def append(self, table: Table, rows: pa.Table) -> None:
        """Write and commit rows that are in nobody's way: other processes may do so at the same moment."""
        if not rows.num_rows:
            return
        handle = self.open(table)
        file = write_rows(self.store, table, rows, self.folder)
        for left in reversed(range(APPEND_TRIES)):
            try:
                self.commit(handle, [file])
                return
            except HeldByAnother:  # others made the table, grew it, or were quicker too often
                if not left:
                    raise
                handle = self.open(table)

    def commit(self, handle: DeltaTable, files: Sequence[WrittenFile], transaction: str | None = None) -> None:
        """Commit files at once. With a transaction's name, raises HeldByAnother if another run committed under it
        since the handle was opened; only the same handle, advanced after each commit, tells."""
        adds: list[AddAction | RemoveAction] = [*_added(files)]
        turn = (handle.transaction_version(transaction) or 0) + 1 if transaction else 0
        properties = signed(Transaction(transaction, turn)) if transaction else signed()
        try:
            with in_one_line():
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
            with in_one_line():
                handle.create_write_transaction(actions, "append", handle.schema(), [], commit_properties=signed())
        except CommitFailedError as error:
            raise HeldByAnother(f"{handle.table_uri}: another run changed this table; run again") from error
        self._count(handle)

    def _count(self, handle: DeltaTable) -> None:
        self.commits[handle.table_uri.rstrip("/").rpartition("/")[2]] += 1
        handle.update_incremental()


def _added(files: Iterable[WrittenFile]) -> list[AddAction]:
    now_ms = int(time.time() * 1000)
    return [AddAction(f.path, f.bytes, {}, now_ms, True, json.dumps({"numRecords": f.rows})) for f in files]


def write_rows(store: Store, table: Table, rows: pa.Table, folder: str = FOLDER) -> WrittenFile:
    """Write one Parquet file of a table, durably, under a name of its own."""
    plain = rows.select(table.schema.names).cast(table.stored)
    if plain.nbytes < ONE_PIECE_BYTES:
        plain = plain.combine_chunks()
    with new_file(store, f"{folder}/{table.name}") as file:
        pq.write_table(plain, file, compression="zstd", compression_level=1, row_group_size=ROW_GROUP_ROWS)
    return WrittenFile(file.name, file.bytes, rows.num_rows)


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


def one_of(column: str, values: Iterable[AnyStr]) -> str:
    """SQL: whether a column has one of some values."""
    listed = ", ".join(map(literal, sorted(set(values))))
    return f"{column} in ({listed})" if listed else "false"


def copied(column: str, kind: str = "Utf8") -> str:
    """SQL for a column of texts (or of bytes: `Binary`) whose values go from one join into another one.

    Views of them would hold on to every batch of the first join, once a batch of the second: 3 million rows took more
    than 15 GiB, and take 3.
    """
    return f"arrow_cast({column}, 'Large{kind}')"


def live_files(handle: DeltaTable) -> dict[str, int]:
    """Bytes of each file of a table, by name, as its log has them."""
    added = handle.get_add_actions()
    return dict(zip(added["path"].to_pylist(), added["size_bytes"].to_pylist(), strict=True))


def first_line(error: BaseException) -> str:
    """What an engine's error says, without its trace."""
    return (str(error).splitlines() or [type(error).__name__])[0][:200]


def damaged(place: str, fault: str) -> DamagedLake:
    """The error for a file of the lake that is not what it should be."""
    return DamagedLake(f"{place}: {fault}; to act: the data engineer ({REPAIR})")


def _register(builder: QueryBuilder, table: Table, handle: DeltaTable | None) -> None:
    stored_as = f"stored_{table.name}"
    made = view(handle, table, stored_as) if handle else empty_view(table)
    if handle:
        builder.register(stored_as if made else table.name, handle)
    if made:
        pa.RecordBatchReader.from_stream(builder.execute(made)).read_all()


@contextmanager
def _file_named(store: Store) -> Iterator[None]:
    """Raises DamagedLake for an error of the engine that names a file."""
    try:
        yield
    except pa.ArrowInvalid as error:
        if file := UNREADABLE.search(str(error)):
            raise damaged(f"{store.uri}/{file[0]}", f"cannot be read ({first_line(error)})") from error
        raise


def _with(rows: pa.Table, key: str, keys: pa.Array) -> pa.Table:
    return rows.filter(pc.is_in(rows[key], keys.cast(rows.schema.field(key).type)))


def _in_plain(batch: pa.RecordBatch, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """A batch in one piece or, where its texts outgrow 32-bit offsets, in halves."""
    try:
        yield batch.cast(schema)
    except pa.ArrowInvalid:
        half = batch.num_rows // 2
        if not half:
            raise
        yield from _in_plain(batch.slice(0, half), schema)
        yield from _in_plain(batch.slice(half), schema)


def _plain_schema(reader: pa.RecordBatchReader) -> pa.Schema:
    return pa.schema([pa.field(f.name, _plain(f.type)) for f in reader.schema])


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
