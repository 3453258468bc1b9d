"""The rule for all stages: a stage is a function from content to rows, and its table is its memory.

due = needed - present, computed over keys only, before any Spark session. Due rows are worked off in chunks, and each
chunk is one atomic commit, so that a kill loses at most one chunk (tested under load and with 84 kills).
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable

from jobs.engine import beside
from jobs.engine.bench import Bench
from jobs.engine.estimate import in_spark, work_seconds
from lake.tables import RowWriter, Tables, WrittenFile, literal
from schemas.errors import Stop
from schemas.rejects import Code
from schemas.table import DONE, REJECTED, Table
from udfs.runtime.isolation import Child, ChildDied, Work, row_by_row

WRITTEN = pa.schema([
    ("path", pa.string()), ("bytes", pa.int64()), ("rows", pa.int64()), ("done", pa.int64()), ("internal", pa.int64()),
])  # fmt: skip
"""What a worker reports to the driver about the file that it wrote."""

REPORTED = pa.schema([*WRITTEN, ("beside", pa.string()), ("seconds", pa.float64())])
"""The same with the later stage whose rows these are (null: the stage's own), and the seconds that they took."""

INTERNAL_SHARE = 0.5
"""If more than this share of a chunk's rows fail with an internal error, the chunk is not committed."""

INTERNAL_ROWS = 20
"""A chunk with no more internal errors than this is always committed."""


@dataclass(frozen=True)
class Query:
    """The needed rows as SQL over tables: key columns and the input of the work, one row per key."""

    sql: str
    tables: tuple[Table, ...]


@dataclass(frozen=True)
class Stage:
    """One stage: its table, the digest of its function, the needed rows, and the work."""

    name: str
    table: Table
    function: bytes
    needed: Query | pa.Table  # key columns, and what the work reads; one row a key
    work: Work
    batch_rows: int = 32
    gather: Callable[[pa.Table], pa.Table] | None = None
    """Adds the input of the work to the due rows. Rows that it leaves out are not ready and stay due."""
    row_cost: float = 0.001
    """Seconds that a row takes without Spark, while no run has told."""
    beside: tuple["Stage", ...] = ()
    """Later stages whose rows the work makes on the way (`jobs.engine.beside`)."""

    @property
    def transaction(self) -> str:
        """Under this name its rows are committed."""
        return f"{self.name}-{self.function.hex()}"


@dataclass(frozen=True)
class Note:
    """What a stage asked when nothing was due (`jobs.live.touched`): a digest a retailer, and a row a table."""

    asked_of: list[bytes]
    asked_at: list[dict[str, Any]]


@dataclass
class Counts:
    """The counts of a stage: due = done + rejected + pending."""

    due: int = 0
    done: int = 0
    rejected: int = 0
    seconds: float = 0.0
    started_at: float = field(default_factory=time.time)
    complete: bool = False
    """Whether every needed row is there now."""
    settled: bytes | None = None
    """Digest of what the stage asked, if nothing is due any more (`jobs.live.settled`)."""
    note: Note | None = None
    """The same by retailer."""
    beside: dict[str, "Counts"] = field(default_factory=dict)
    """What was made on the way for later stages, by their names."""
    elsewhere: float = 0.0
    """Seconds spent on these rows in another stage; below 0: spent here on those of others."""
    spark_tasks: int | None = None
    """How many of Spark's tasks worked side by side; None: the driver's own processes did it."""

    @property
    def pending(self) -> int:
        return self.due - self.done - self.rejected

    def add(self, other: "Counts") -> None:
        """Count other rows of this stage too: of further retailers, or made elsewhere."""
        self.due, self.done = self.due + other.due, self.done + other.done
        self.rejected, self.elsewhere = self.rejected + other.rejected, self.elsewhere + other.elsewhere
        self.spark_tasks = self.spark_tasks or other.spark_tasks


class OurFault(Stop):
    """Too many rows of a chunk failed with an internal error."""


def due(tables: Tables, stage: Stage) -> pa.Table:
    """The needed rows whose key has no row with the stage's function yet, sorted by key."""
    return _joined(tables, stage, "anti")


def present(tables: Tables, stage: Stage) -> pa.Table:
    """The needed rows whose key has a row with the stage's function, sorted by key."""
    return _joined(tables, stage, "semi")


def _joined(tables: Tables, stage: Stage, join: str) -> pa.Table:
    keys = list(stage.table.key)
    names = ", ".join(keys)
    present = f"select distinct {names} from {stage.table.name} where function = {literal(stage.function)}"  # noqa: S608
    if isinstance(stage.needed, Query):
        same = " and ".join(f"needed.{key} = present.{key}" for key in keys)
        query = (
            f"select needed.* from ({stage.needed.sql}) needed "  # noqa: S608
            f"left {join} join ({present}) present on {same} order by {names}"
        )
        return tables.sql(query, {stage.table, *stage.needed.tables})
    return _among(stage.needed, keys, tables.sql(present, [stage.table]), f"left {join}")


def _among(needed: pa.Table, keys: list[str], present: pa.Table, join: str) -> pa.Table:
    """Rows of `needed` whose keys are in `present` ("left semi"), or are not ("left anti"), sorted by key."""
    place = pa.array(np.arange(needed.num_rows))
    numbered = needed.select(keys).cast(present.schema).append_column("place", place)
    found = numbered.join(present, keys, join_type=join).sort_by([(key, "ascending") for key in keys])
    return needed.take(found.column("place"))


def run_stage(bench: Bench, stage: Stage) -> Counts:
    """Work off the due rows, chunk by chunk, until the time is over. Raises Stop if the run has to end."""
    handles = {one.name: bench.tables.open(one.table) for one in (stage, *stage.beside)}
    # before due is asked: a racing commit is then a conflict
    counts = Counts()
    todo = due(bench.tables, stage)
    missing = todo.num_rows
    if stage.gather and missing:
        todo = stage.gather(todo)
    counts.due = todo.num_rows
    counts.complete = counts.due == missing
    if not todo.num_rows:
        return counts
    todo = beside.with_due(bench.tables, todo, ((one.name, one.table, one.function) for one in stage.beside))
    spark = _in_spark(bench, stage, todo)
    counts.spark_tasks = bench.spark.parallelism if spark else None
    with bench.progress.stage(stage.name, counts.due) as advance:
        began = time.perf_counter()
        for written in _chunks(bench, stage, todo, spark):
            own = [w for w in written if w["beside"] is None]
            _judge(stage, own)
            counts.done += _commit(bench.tables, handles[stage.name], stage, own)
            counts.rejected += sum(w["rows"] - w["done"] for w in own)
            taken = time.perf_counter() - began
            for other in stage.beside:
                files = [w for w in written if w["beside"] == other.name]
                _count_beside(counts, other, files, taken * _share(files, own))
                _commit(bench.tables, handles[other.name], other, files)
            advance(sum(w["rows"] for w in own))
            began = time.perf_counter()
    counts.complete = counts.complete and not counts.pending
    return counts


def _commit(tables: Tables, handle: DeltaTable, stage: Stage, written: list[dict[str, Any]]) -> int:
    """Commit files of one table; how many of their rows are done."""
    if written:
        tables.commit(handle, [WrittenFile(w["path"], w["bytes"], w["rows"]) for w in written], stage.transaction)
    return sum(w["done"] for w in written)


def _share(files: list[dict[str, Any]], own: list[dict[str, Any]]) -> float:
    """Of the workers' seconds, those spent on these files."""
    return float(sum(w["seconds"] for w in files) / max(sum(w["seconds"] for w in own), 1e-9))


def _count_beside(counts: Counts, other: Stage, files: list[dict[str, Any]], seconds: float) -> None:
    rows, done = sum(w["rows"] for w in files), sum(w["done"] for w in files)
    if rows:
        made = Counts(rows, done, rows - done, elsewhere=seconds, spark_tasks=counts.spark_tasks)
        counts.beside.setdefault(other.name, Counts()).add(made)
        counts.elsewhere -= seconds


def made_again(bench: Bench, stage: Stage, rows: pa.Table) -> Iterator[pa.Table]:
    """What the function makes of needed rows, chunk by chunk, without writing it."""
    answers = Answering(stage.table, stage.function, stage.work, bench.settings.work.row_seconds)
    yield from _worked(bench, stage, rows, answers, stage.table.schema, _in_spark(bench, stage, rows))


def _chunks(bench: Bench, stage: Stage, todo: pa.Table, spark: bool) -> Iterator[list[dict[str, Any]]]:
    """The written files, chunk by chunk. Every due row is in exactly one of them."""
    writer = RowWriter(bench.tables.store.uri, stage.table)
    others = {one.name: (RowWriter(writer.lake, one.table), one.function) for one in stage.beside}
    write = Writing(writer, stage.function, stage.work, bench.settings.work.row_seconds, others)
    at = 0
    for answer in _worked(bench, stage, todo, write, REPORTED, spark):
        written, part = answer.to_pylist(), todo.slice(at, bench.chunk_rows)
        at += part.num_rows
        rows = sum(w["rows"] for w in written if w["beside"] is None)
        if rows != part.num_rows:
            raise Stop(f"{stage.name}: {part.num_rows} rows went in, {rows} came out")
        yield written


def _worked(
    bench: Bench, stage: Stage, rows: pa.Table, work: "Writing | Answering", schema: pa.Schema, spark: bool
) -> Iterator[pa.Table]:
    """What `work` gives for each chunk, from Spark or from a child process."""
    chunk_rows = bench.chunk_rows
    with Child(stage.work) as child:
        for at in range(0, rows.num_rows, chunk_rows):
            if bench.is_over:
                return
            part = rows.slice(at, chunk_rows)
            if spark:
                yield bench.spark.map(part, work, schema, stage.batch_rows)
            else:
                batches = part.combine_chunks().to_batches(max_chunksize=stage.batch_rows)
                yield pa.Table.from_batches(work.attempt(batches, child), schema)


def _in_spark(bench: Bench, stage: Stage, rows: pa.Table) -> bool:
    """Whether these rows, with what they are due in the stages beside this one, are worth a start of Spark."""
    due = [(stage, rows.num_rows)]
    due += [(one, pc.sum(rows[beside.due_in(one.name)]).as_py() or 0) for one in stage.beside]
    seconds = (work_seconds(bench.tables, one.name, count, one.row_cost) for one, count in due)
    return in_spark(bench.settings.spark, sum(seconds))


def _judge(stage: Stage, written: list[dict[str, Any]]) -> None:
    rows, internal = sum(w["rows"] for w in written), sum(w["internal"] for w in written)
    if internal > INTERNAL_ROWS and internal > INTERNAL_SHARE * rows:
        raise OurFault(
            f"{stage.name}: {internal} of {rows} rows failed with an internal error; none of these rows was kept"
        )


@dataclass(frozen=True)
class Answering:
    """Worker side: takes batches of keys, gives the rows of the table."""

    table: Table
    function: bytes
    work: Work
    row_seconds: float

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Under Spark: the first try of a task works in this process; a retry works in child processes, row by row."""
        from pyspark import TaskContext

        context = TaskContext.get()
        if context is not None and context.attemptNumber() > 0:
            with Child(self.work, self.row_seconds) as child:
                yield from (self._checked(self._row_by_row(child, batch)) for batch in batches)
        else:
            yield from (self._checked(self._in_place(batch)) for batch in batches)

    def attempt(self, batches: Iterable[pa.RecordBatch], child: Child) -> Iterator[pa.RecordBatch]:
        """Without Spark: works in a child process; a batch that crashes it is done again row by row."""
        yield from (self._checked(self._in_child(batch, child)) for batch in batches)

    def _in_place(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        try:
            return self.work(batch)
        except Stop:
            raise
        except Exception:
            return self._row_by_row(self.work, batch)

    def _in_child(self, batch: pa.RecordBatch, child: Child) -> pa.RecordBatch:
        try:
            return child(batch)
        except Stop:
            raise
        except (ChildDied, RuntimeError):
            with Child(self.work, self.row_seconds) as careful:
                return self._row_by_row(careful, batch)

    def _row_by_row(self, work: Work, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The stage's own rows alone: that another one's function fails at a row is not to reject it here."""
        return row_by_row(work, self.table, beside.without_due(batch))

    def _checked(self, answer: pa.RecordBatch) -> pa.RecordBatch:
        """The answer in the table's column order, with the digest of the function added."""
        function = pa.array([self.function] * answer.num_rows, pa.binary(32))
        columns = {name: answer.column(name) for name in answer.schema.names} | {"function": function}
        statuses = set(pc.unique(columns["status"]).to_pylist())
        if not statuses <= {DONE, REJECTED}:
            raise Stop(f"{self.table.name}: statuses {sorted(map(str, statuses))}; allowed: {DONE}, {REJECTED}")
        fields = [*self.table.schema, *(field for field in answer.schema if field.name.startswith(beside.MADE))]
        return pa.RecordBatch.from_arrays([columns[f.name].cast(f.type) for f in fields], schema=pa.schema(fields))


@dataclass(frozen=True)
class Writing:
    """Worker side: takes batches of keys, writes at most one Parquet file, and sends one row about it to the driver."""

    writer: RowWriter
    function: bytes
    work: Work
    row_seconds: float
    others: Mapping[str, tuple[RowWriter, bytes]] = field(default_factory=dict)
    """Writer and function of the later stages whose rows the work may make."""

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Under Spark."""
        yield from self._write(self._answers(batches))

    def attempt(self, batches: Iterable[pa.RecordBatch], child: Child) -> Iterator[pa.RecordBatch]:
        """Without Spark."""
        yield from self._write(self._answers.attempt(batches, child))

    @property
    def _answers(self) -> Answering:
        return Answering(self.writer.table, self.function, self.work, self.row_seconds)

    def _write(self, answers: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        began = time.perf_counter()
        parts = list(answers)
        own = pa.Table.from_batches(map(beside.own, parts)) if parts else None
        if own is None or not own.num_rows:
            return
        yield _report(self.writer(own), own, None, time.perf_counter() - began)
        functions = {name: function for name, (_, function) in self.others.items()}
        for name, rows, seconds in beside.made(parts, functions):
            yield _report(self.others[name][0](rows), rows, name, seconds)


def _report(file: WrittenFile, rows: pa.Table, name: str | None, seconds: float) -> pa.RecordBatch:
    done = pc.sum(pc.equal(rows["status"], DONE)).as_py()
    internal = pc.sum(pc.equal(rows["code"], str(Code.INTERNAL))).as_py() or 0
    said = [file.path, file.bytes, file.rows, done, internal, name, seconds]
    return pa.RecordBatch.from_arrays([pa.array([value], f.type) for value, f in zip(said, REPORTED, strict=True)],
                                      schema=REPORTED)  # fmt: skip
