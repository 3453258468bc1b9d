"""The stage rule where no process is started: what is due, what is committed, and what a worker may answer."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest

from jobs.engine.bench import Bench
from jobs.engine.progress import Progress
from jobs.engine.records import record
from jobs.engine.stage import REPORTED, Counts, OurFault, Query, Stage, Writing, due, run_stage
from lake.store import open_store
from lake.tables import RowWriter, Tables, literal
from schemas.errors import HeldByAnother, Stop
from schemas.rejects import Code
from schemas.settings import Settings, SparkSettings, WorkSettings
from schemas.table import DONE, REJECTED, stage_table
from tests.jobs.works import ANSWER, FUNCTION, NUMBERS, Square, needed
from udfs.runtime.isolation import ChildDied, Work

OTHERS = stage_table("others", ("number",), pa.field("number", pa.int64()))
PAIRS = stage_table("pairs", ("left", "right"), pa.field("left", pa.int64()), pa.field("right", pa.string()))
Write = Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]


class InPlace:
    """Spark's part of a bench, done in this process."""

    parallelism = 7

    def __init__(self) -> None:
        self.asked: list[tuple[int, int]] = []  # rows and rows a batch

    def map(self, rows: pa.Table, work: Write, schema: pa.Schema, batch_rows: int) -> pa.Table:
        assert schema == REPORTED
        self.asked.append((rows.num_rows, batch_rows))
        return pa.Table.from_batches(self.answers(rows, work, batch_rows), REPORTED)

    def answers(self, rows: pa.Table, work: Write, batch_rows: int) -> list[pa.RecordBatch]:
        return list(work(rows.to_batches(max_chunksize=batch_rows)))


class Said(InPlace):
    """Workers that wrote nothing, and say this of each file."""

    def __init__(self, *files: tuple[int, int, int]) -> None:
        super().__init__()
        self.files = files

    def answers(self, rows: pa.Table, work: Write, batch_rows: int) -> list[pa.RecordBatch]:
        said = [
            {"path": f"{at}.parquet", "bytes": 9, "rows": rows, "done": done, "internal": internal}
            for at, (rows, done, internal) in enumerate(self.files)
        ]
        return pa.Table.from_pylist(said, REPORTED).to_batches()


class Counted(Progress):
    """Remembers what was said of each stage."""

    def __init__(self) -> None:
        super().__init__(quiet=True)
        self.stages: list[tuple[str, int, list[int]]] = []

    @contextmanager
    def stage(self, name: str, total: int) -> Iterator[Callable[[int], None]]:
        through: list[int] = []
        self.stages.append((name, total, through))
        yield through.append


@pytest.fixture
def tables(tmp_path: Path) -> Tables:
    return Tables(open_store(str(tmp_path)))


def bench(tables: Tables, spark: InPlace, few_seconds: float = 0, **work: float) -> Bench:
    settings = Settings(lake=tables.store.uri, spark=SparkSettings(few_seconds=few_seconds), work=WorkSettings(**work))
    return Bench(tables, settings, spark, Counted())  # type: ignore[arg-type]


def stage(rows: pa.Table | Query, work: Work | None = None, batch_rows: int = 3) -> Stage:
    return Stage("numbers", NUMBERS, FUNCTION, rows, work or Square(), batch_rows, row_cost=1)


def stored(tables: Tables, function: bytes = FUNCTION) -> list[dict[str, Any]]:
    query = f"select number, status, code, detail, square from numbers where function = {literal(function)}"
    return tables.sql(f"{query} order by number", [NUMBERS]).to_pylist()


def test_what_was_neither_done_nor_rejected_is_pending() -> None:
    assert (Counts(due=9, done=4, rejected=2).pending, Counts().pending) == (3, 0)


def test_a_count_begins_at_nothing_now() -> None:
    counts = Counts()
    assert (counts.due, counts.done, counts.rejected, counts.seconds) == (0, 0, 0, 0)
    assert abs(counts.started_at - time.time()) < 60


def test_a_stage_takes_32_rows_a_batch_unless_it_says_otherwise() -> None:
    assert Stage("numbers", NUMBERS, FUNCTION, needed(), Square()).batch_rows == 32


@pytest.mark.parametrize("asked_in_sql", [False, True])
def test_due_is_needed_less_present_by_the_whole_key_sorted_by_it(tables: Tables, asked_in_sql: bool) -> None:
    rows = [(2, "b"), (1, "b"), (2, "a"), (1, "a"), (3, "a")]
    every = pa.table({"left": [left for left, _ in rows], "note": ["n"] * 5, "right": [right for _, right in rows]})
    present = [(2, "a", FUNCTION), (1, "b", b"g" * 32), (3, "b", FUNCTION)]
    tables.append(PAIRS, pa.Table.from_pylist(
        [{"left": left, "right": right, "function": function, "status": DONE} for left, right, function in present],
        PAIRS.schema,
    ))  # fmt: skip
    values = ", ".join(f"({left}, '{right}')" for left, right in rows)
    query = Query(f'select * from (values {values}) every("left", "right")', ())
    found = due(tables, Stage("pairs", PAIRS, FUNCTION, query if asked_in_sql else every, Square()))
    assert list(zip(found["left"].to_pylist(), found["right"].to_pylist(), strict=True)) == [
        (1, "a"), (1, "b"), (2, "b"), (3, "a"),
    ]  # fmt: skip
    assert asked_in_sql or found["note"].to_pylist() == ["n"] * 4


def test_a_reject_is_present(tables: Tables) -> None:
    rejected = {"number": 5, "function": FUNCTION, "status": REJECTED}
    tables.append(NUMBERS, pa.Table.from_pylist([rejected], NUMBERS.schema))
    assert due(tables, stage(needed(5, 6)))["number"].to_pylist() == [6]


def test_each_chunk_is_one_commit_of_all_its_rows(tables: Tables) -> None:
    spark = InPlace()
    where = bench(tables, spark, chunk_rows=4)
    counts = run_stage(where, stage(needed(*range(10))))
    assert (counts.due, counts.done, counts.rejected, counts.pending) == (10, 10, 0, 0)
    assert spark.asked == [(4, 3), (4, 3), (2, 3)]
    assert [(row["number"], row["square"]) for row in stored(tables)] == [(n, n * n) for n in range(10)]
    handle = tables.open(NUMBERS)
    assert handle.version() == 3
    assert handle.transaction_version(f"numbers-{FUNCTION.hex()}") == 3
    assert where.progress.stages == [("numbers", 10, [4, 4, 2])]  # type: ignore[attr-defined]


def test_where_time_is_short_chunks_are_small_and_none_begins_when_it_is_over(
    tables: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobs.engine.bench.ROWS_UNTIL", 3)
    clock = [0.0]
    monkeypatch.setattr("jobs.engine.bench.time.time", lambda: clock[0])
    where = bench(tables, InPlace(), chunk_rows=4)

    class Slow(Counted):
        @contextmanager
        def stage(self, name: str, total: int) -> Iterator[Callable[[int], None]]:
            yield lambda rows: clock.__setitem__(0, clock[0] + rows)

    counts = run_stage(replace(where, until=5.0, progress=Slow()), stage(needed(*range(10))))
    assert (counts.due, counts.done, counts.pending, counts.complete) == (10, 6, 4, False)
    assert [row["number"] for row in stored(tables)] == [*range(6)]
    counts = run_stage(replace(where, until=5.0), stage(needed(*range(10))))
    assert (counts.due, counts.done, counts.complete) == (4, 0, False)
    counts = run_stage(replace(where, until=99.0), stage(needed(*range(10))))
    assert (counts.due, counts.done, counts.complete) == (4, 4, True)


def test_what_is_not_ready_is_left_out_and_stays_due(tables: Tables) -> None:
    asked: list[list[int]] = []

    def gather(rows: pa.Table) -> pa.Table:
        asked.append(rows["number"].to_pylist())
        return rows.slice(1)

    where = bench(tables, InPlace())
    todo = replace(stage(needed(3, 1, 2)), gather=gather)
    counts = run_stage(where, todo)
    assert (counts.due, counts.done, asked) == (2, 2, [[1, 2, 3]])
    assert due(tables, todo)["number"].to_pylist() == [1]
    assert run_stage(where, todo).due == 0, "nothing is ready"
    assert asked[1:] == [[1]]
    run_stage(where, stage(needed(1)))
    assert run_stage(where, todo).due == 0
    assert asked[2:] == [], "nothing is due, so nothing is gathered"


def test_little_work_goes_without_spark(tables: Tables) -> None:
    spark = InPlace()
    counts = run_stage(bench(tables, spark, few_seconds=3), stage(needed(1, 2, 3)))
    assert (counts.done, counts.spark_tasks, spark.asked) == (3, None, [])
    counts = run_stage(bench(tables, spark, few_seconds=3), stage(needed(4, 5, 6, 7)))
    assert (counts.done, counts.spark_tasks, spark.asked) == (4, InPlace.parallelism, [(4, 3)])


def test_what_a_row_took_in_earlier_runs_counts_more_than_what_the_stage_states(tables: Tables) -> None:
    spark = InPlace()
    record(tables, "r", "numbers", Counts(due=1_000, done=1_000, seconds=2_000), "done")
    run_stage(bench(tables, spark, few_seconds=5), stage(needed(1, 2, 3)))
    assert spark.asked == [(3, 3)], "six seconds"


def test_what_is_made_on_the_way_is_work_too(tables: Tables) -> None:
    spark = InPlace()
    also = replace(stage(needed()), name="others", table=OTHERS)
    for few_seconds, rows in ((3.5, (1, 2)), (4, (3, 4))):
        run_stage(bench(tables, spark, few_seconds=few_seconds), replace(stage(needed(*rows)), beside=(also,)))
    assert spark.asked == [(2, 3)], "two rows in each of two stages, a second each"


def test_nothing_due_opens_the_table_and_starts_nothing(tables: Tables) -> None:
    where = bench(tables, InPlace())
    counts = run_stage(where, stage(needed()))
    assert (counts.due, counts.done, where.spark.asked) == (0, 0, [])  # type: ignore[attr-defined]
    assert where.progress.stages == []  # type: ignore[attr-defined]


def test_files_of_a_chunk_add_up(tables: Tables) -> None:
    where = bench(tables, Said((4, 3, 1), (6, 4, 0)))
    counts = run_stage(where, stage(needed(*range(10))))
    assert (counts.done, counts.rejected, counts.pending) == (7, 3, 0)
    assert where.progress.stages == [("numbers", 10, [10])]  # type: ignore[attr-defined]
    files = tables.open(NUMBERS).get_add_actions()
    assert sorted(files["path"].to_pylist()) == ["0.parquet", "1.parquet"]
    assert files["size_bytes"].to_pylist() == [9, 9]
    assert sorted(files["num_records"].to_pylist()) == [4, 6]


def test_rejects_of_all_chunks_add_up(tables: Tables) -> None:
    counts = run_stage(bench(tables, Said((4, 3, 0)), chunk_rows=4), stage(needed(*range(8))))
    assert (counts.done, counts.rejected) == (6, 2)


def test_rows_that_do_not_come_out_end_the_run(tables: Tables) -> None:
    with pytest.raises(Stop, match=r"^numbers: 10 rows went in, 9 came out$"):
        run_stage(bench(tables, Said((4, 4, 0), (5, 5, 0))), stage(needed(*range(10))))
    assert tables.open(NUMBERS).version() == 0


@pytest.mark.parametrize(
    ("rows", "internal", "kept"),
    [(20, 20, True), (21, 21, False), (41, 21, False), (42, 21, True), (42, 22, False)],
)
def test_a_chunk_is_our_fault_beyond_both_bounds(tables: Tables, rows: int, internal: int, kept: bool) -> None:
    where, todo = bench(tables, Said((rows, rows - internal, internal))), stage(needed(*range(rows)))
    if kept:
        assert run_stage(where, todo).rejected == internal
        return
    said = f"^numbers: {internal} of {rows} rows .+; none of "
    with pytest.raises(OurFault, match=said):
        run_stage(where, todo)
    assert tables.open(NUMBERS).version() == 0


def test_internal_errors_of_all_files_count_together(tables: Tables) -> None:
    with pytest.raises(OurFault, match="22 of 40 rows"):
        run_stage(bench(tables, Said((20, 9, 11), (20, 9, 11))), stage(needed(*range(40))))


def test_a_run_that_commits_meanwhile_is_noticed(tables: Tables) -> None:
    other = bench(Tables(tables.store), InPlace())

    class Racing(InPlace):
        def answers(self, rows: pa.Table, work: Write, batch_rows: int) -> list[pa.RecordBatch]:
            run_stage(other, stage(needed(1, 2)))
            return super().answers(rows, work, batch_rows)

    with pytest.raises(HeldByAnother):
        run_stage(bench(tables, Racing()), stage(needed(1, 2)))
    assert [row["number"] for row in stored(tables)] == [1, 2]


def answer(status: str | None = DONE, code: str | None = None, *numbers: int) -> pa.RecordBatch:
    loose = pa.schema([field.with_nullable(True) for field in ANSWER])
    return pa.RecordBatch.from_pylist([{"number": n, "status": status, "code": code} for n in numbers], loose)


def written(tables: Tables, work: Work, *batches: pa.RecordBatch) -> list[dict[str, Any]]:
    """What a worker tells the driver."""
    write = Writing(RowWriter(tables.store.uri, NUMBERS), FUNCTION, work, 60)
    return [row for told in write(iter(batches)) for row in told.to_pylist()]


def batch(*numbers: int) -> pa.RecordBatch:
    return pa.RecordBatch.from_pydict({"number": pa.array(numbers, pa.int64())})


def test_a_worker_writes_one_file_of_all_its_batches(tables: Tables) -> None:
    (told,) = written(tables, Square(), batch(1, 2), batch(3))
    path = Path(tables.store.uri, "tables", "numbers", told["path"])
    assert told.pop("seconds") > 0
    said = {"path": path.name, "bytes": path.stat().st_size, "rows": 3, "done": 3, "internal": 0, "beside": None}
    assert told == said


def test_a_worker_counts_what_was_done_and_what_was_our_own_error(tables: Tables) -> None:
    def work(rows: pa.RecordBatch) -> pa.RecordBatch:
        (number,) = rows["number"].to_pylist()
        return [
            answer(DONE, None, 0), answer(REJECTED, str(Code.INTERNAL), 1), answer(REJECTED, str(Code.WORKER_KILLED), 2)
        ][number]  # fmt: skip

    (told,) = written(tables, work, batch(0), batch(1), batch(2))
    assert (told["rows"], told["done"], told["internal"]) == (3, 1, 1)


def test_a_worker_that_has_nothing_writes_nothing(tables: Tables) -> None:
    assert written(tables, Square()) == []
    assert written(tables, Square(), batch()) == []
    assert tables.store.list("tables") == []


@pytest.mark.parametrize("status", ["pending", None])
def test_a_status_that_is_none_ends_the_run(tables: Tables, status: str | None) -> None:
    with pytest.raises(Stop) as caught:
        written(tables, lambda rows: answer(status, None, 1), batch(1))
    assert str(caught.value) == f"numbers: statuses ['{status}']; allowed: done, rejected"


def test_the_columns_of_an_answer_may_come_in_any_order_and_width(tables: Tables) -> None:
    def work(rows: pa.RecordBatch) -> pa.RecordBatch:
        columns = {"square": [9], "detail": ["d"], "code": ["c"], "status": [REJECTED], "number": [3]}
        return pa.RecordBatch.from_pydict(columns).set_column(0, "square", pa.array([9], pa.int32()))

    run_stage(bench(tables, InPlace()), stage(needed(3), work))
    assert stored(tables) == [{"number": 3, "status": REJECTED, "code": "c", "detail": "d", "square": 9}]


def test_a_row_that_raises_becomes_a_reject_and_a_stop_ends_the_run(tables: Tables) -> None:
    (told,) = written(tables, Square(2, "raise"), batch(1, 2, 3))
    assert (told["rows"], told["done"], told["internal"]) == (3, 2, 1)

    def stopping(rows: pa.RecordBatch) -> pa.RecordBatch:
        raise Stop("no device")

    with pytest.raises(Stop, match=r"^no device$"):
        written(tables, stopping, batch(1))


@pytest.mark.parametrize(("attempt", "careful"), [(0, False), (1, True), (2, True)])
def test_a_task_that_is_tried_again_works_in_children_a_row_at_a_time(
    tables: Tables, monkeypatch: pytest.MonkeyPatch, attempt: int, careful: bool
) -> None:
    children: list[tuple[Work, float]] = []

    @contextmanager
    def child(work: Work, seconds: float) -> Iterator[Work]:
        children.append((work, seconds))
        yield lambda rows: answer(REJECTED if rows.num_rows == 1 else DONE, None, *rows["number"].to_pylist())

    monkeypatch.setattr("pyspark.TaskContext.get", lambda: SimpleNamespace(attemptNumber=lambda: attempt))
    monkeypatch.setattr("jobs.engine.stage.Child", child)
    work = Square()
    (told,) = written(tables, work, batch(1, 2), batch(3))
    assert children == ([(work, 60)] if careful else [])
    assert (told["done"], told["internal"]) == (0 if careful else 3, 0)


@pytest.mark.parametrize("error", [ChildDied(Code.WORKER_KILLED, "signal 9"), RuntimeError("ValueError: 2")])
def test_a_batch_that_fails_in_its_child_is_done_again_in_another_a_row_at_a_time(
    tables: Tables, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    children: list[tuple[Work, float | None]] = []

    @contextmanager
    def child(work: Work, seconds: float | None = None) -> Iterator[Work]:
        children.append((work, seconds))

        def answered(rows: pa.RecordBatch) -> pa.RecordBatch:
            if 2 in rows["number"].to_pylist():
                raise error
            return work(rows)

        yield answered

    monkeypatch.setattr("jobs.engine.stage.Child", child)
    work = Square()
    counts = run_stage(bench(tables, InPlace(), few_seconds=9, row_seconds=7), stage(needed(*range(6)), work))
    assert (counts.done, counts.rejected) == (5, 1)
    assert children == [(work, None), (work, 7)], "batches share a child; one that fails has a careful one"
    assert [row["number"] for row in stored(tables) if row["status"] == REJECTED] == [2]


def test_a_stop_in_a_child_ends_the_run(tables: Tables, monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def child(work: Work, seconds: float | None = None) -> Iterator[Work]:
        def stopping(rows: pa.RecordBatch) -> pa.RecordBatch:
            raise Stop("no device")

        yield stopping

    monkeypatch.setattr("jobs.engine.stage.Child", child)
    with pytest.raises(Stop, match=r"^no device$"):
        run_stage(bench(tables, InPlace(), few_seconds=9), stage(needed(1)))
