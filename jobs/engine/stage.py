"""The rule that every stage obeys: a stage is a function from content to rows, and its table is its memory.

due = needed - present, asked over keys alone before any Spark session. What is due is worked off in chunks; each chunk
is one atomic commit, so that a kill loses at most one (tried under load and under 84 kills).
"""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jobs.engine.bench import Bench
from lake.tables import RowWriter, Tables, WrittenFile, literal
from schemas.errors import Stop
from schemas.rejects import Code
from schemas.table import DONE, REJECTED, Table
from udfs.runtime.isolation import Child, ChildDied, Work, row_by_row

WRITTEN = pa.schema([
    ("path", pa.string()), ("bytes", pa.int64()), ("rows", pa.int64()), ("done", pa.int64()), ("internal", pa.int64()),
])  # fmt: skip
"""What a worker tells the driver of the one file that it wrote."""

INTERNAL_SHARE = 0.5
"""Above this share of internal errors a chunk is our own fault, and is not committed."""

INTERNAL_ROWS = 20
"""Fewer rows than this are judged one by one."""


@dataclass(frozen=True)
class Query:
    """Needed rows as SQL over tables: key columns, and what the work reads; one row a key."""

    sql: str
    tables: tuple[Table, ...]


@dataclass(frozen=True)
class Stage:
    """One stage: whose rows, under which function, from which needed rows, by which work."""

    name: str
    table: Table
    function: bytes
    needed: Query | pa.Table  # key columns, and what the work reads; one row a key
    work: Work
    batch_rows: int = 32
    gather: Callable[[pa.Table], pa.Table] | None = None
    """Fetches what the work reads of the due rows; those that it leaves out are not ready, and stay due."""


@dataclass
class Counts:
    """What a stage did. due = done + rejected + pending."""

    due: int = 0
    done: int = 0
    rejected: int = 0
    seconds: float = 0.0
    started_at: float = field(default_factory=time.time)

    @property
    def pending(self) -> int:
        return self.due - self.done - self.rejected


class OurFault(Stop):
    """Too many rows of a chunk met an error of our own."""


def due(tables: Tables, stage: Stage) -> pa.Table:
    """Needed rows whose key has no row under the stage's function, sorted by key."""
    keys = list(stage.table.key)
    names = ", ".join(keys)
    present = f"select distinct {names} from {stage.table.name} where function = {literal(stage.function)}"  # noqa: S608
    if isinstance(stage.needed, Query):
        same = " and ".join(f"needed.{key} = present.{key}" for key in keys)
        query = (
            f"select needed.* from ({stage.needed.sql}) needed "  # noqa: S608
            f"left anti join ({present}) present on {same} order by {names}"
        )
        return tables.sql(query, {stage.table, *stage.needed.tables})
    return _missing(stage.needed, keys, tables.sql(present, [stage.table]))


def _missing(needed: pa.Table, keys: list[str], present: pa.Table) -> pa.Table:
    """Rows of `needed` whose keys are not in `present`, sorted by key."""
    place = pa.array(np.arange(needed.num_rows))
    numbered = needed.select(keys).cast(present.schema).append_column("place", place)
    missing = numbered.join(present, keys, join_type="left anti").sort_by([(key, "ascending") for key in keys])
    return needed.take(missing.column("place"))


def run_stage(bench: Bench, stage: Stage) -> Counts:
    """Work off what is due, chunk by chunk. Raises Stop where the run has to end."""
    handle = bench.tables.open(stage.table)  # before due is asked: a racing commit is then a conflict
    counts = Counts()
    todo = due(bench.tables, stage)
    if stage.gather and todo.num_rows:
        todo = stage.gather(todo)
    counts.due = todo.num_rows
    if not todo.num_rows:
        return counts
    transaction = f"{stage.name}-{stage.function.hex()}"
    with bench.progress.stage(stage.name, counts.due) as advance:
        for written in _chunks(bench, stage, todo):
            _judge(stage, written)
            files = [WrittenFile(w["path"], w["bytes"], w["rows"]) for w in written]
            bench.tables.commit(handle, files, transaction)
            rows = sum(w["rows"] for w in written)
            done = sum(w["done"] for w in written)
            counts.done += done
            counts.rejected += rows - done
            advance(rows)
    return counts


def _chunks(bench: Bench, stage: Stage, todo: pa.Table) -> Iterator[list[dict[str, Any]]]:
    """The files of each chunk in turn, every due row in one of them."""
    writer = RowWriter(bench.tables.store.uri, stage.table)
    write = Writing(writer, stage.function, stage.work, bench.settings.work.row_seconds)
    few, chunk_rows = todo.num_rows <= bench.settings.spark.few_rows, bench.settings.work.chunk_rows
    with Child(stage.work) as child:
        for at in range(0, todo.num_rows, chunk_rows):
            part = todo.slice(at, chunk_rows)
            if few:
                batches = part.combine_chunks().to_batches(max_chunksize=stage.batch_rows)
                written = [row for answer in write.attempt(batches, child) for row in answer.to_pylist()]
            else:
                written = bench.spark.map(part, write, WRITTEN, stage.batch_rows).to_pylist()
            if sum(w["rows"] for w in written) != part.num_rows:
                raise Stop(f"{stage.name}: {part.num_rows} rows went in, {sum(w['rows'] for w in written)} came out")
            yield written


def _judge(stage: Stage, written: list[dict[str, Any]]) -> None:
    rows, internal = sum(w["rows"] for w in written), sum(w["internal"] for w in written)
    if internal > INTERNAL_ROWS and internal > INTERNAL_SHARE * rows:
        raise OurFault(f"{stage.name}: {internal} of {rows} rows met an error of our own; none of them is kept")


@dataclass(frozen=True)
class Writing:
    """Worker side: key batches in, at most one Parquet file out; one row that names it goes to the driver."""

    writer: RowWriter
    function: bytes
    work: Work
    row_seconds: float

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Under Spark: a task's first try works in place, its second in children, a row at a time."""
        from pyspark import TaskContext

        context = TaskContext.get()
        if context is not None and context.attemptNumber() > 0:
            with Child(self.work, self.row_seconds) as child:
                yield from self._write(row_by_row(child, self.writer.table, batch) for batch in batches)
        else:
            yield from self._write(self._in_place(batch) for batch in batches)

    def attempt(self, batches: Iterable[pa.RecordBatch], child: Child) -> Iterator[pa.RecordBatch]:
        """Without Spark: in a child; a batch that kills it is done again a row at a time."""
        yield from self._write(self._in_child(batch, child) for batch in batches)

    def _in_place(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        try:
            return self.work(batch)
        except Stop:
            raise
        except Exception:
            return row_by_row(self.work, self.writer.table, batch)

    def _in_child(self, batch: pa.RecordBatch, child: Child) -> pa.RecordBatch:
        try:
            return child(batch)
        except Stop:
            raise
        except (ChildDied, RuntimeError):
            with Child(self.work, self.row_seconds) as careful:
                return row_by_row(careful, self.writer.table, batch)

    def _write(self, answers: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        parts = [self._checked(answer) for answer in answers]
        rows = pa.Table.from_batches(parts) if parts else None
        if rows is None or not rows.num_rows:
            return
        file = self.writer(rows)
        done = pc.sum(pc.equal(rows["status"], DONE)).as_py()
        internal = pc.sum(pc.equal(rows["code"], str(Code.INTERNAL))).as_py() or 0
        counts = [[file.path], [file.bytes], [file.rows], [done], [internal]]
        yield pa.RecordBatch.from_arrays(
            [pa.array(c, f.type) for c, f in zip(counts, WRITTEN, strict=True)], schema=WRITTEN
        )

    def _checked(self, answer: pa.RecordBatch) -> pa.RecordBatch:
        """The answer in the table's column order with the function's digest beside the key."""
        function = pa.array([self.function] * answer.num_rows, pa.binary(32))
        columns = {name: answer.column(name) for name in answer.schema.names} | {"function": function}
        statuses = set(pc.unique(columns["status"]).to_pylist())
        if not statuses <= {DONE, REJECTED}:
            raise Stop(f"{self.writer.table.name}: statuses {sorted(map(str, statuses))}; allowed: {DONE}, {REJECTED}")
        schema = self.writer.table.schema
        return pa.RecordBatch.from_arrays([columns[f.name].cast(f.type) for f in schema], schema=schema)
