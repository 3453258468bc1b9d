"""The stage rule, with a stage small enough to see through."""

import os
import pickle
import shutil
from pathlib import Path
from socket import gethostname

import pyarrow as pa
import pytest

from jobs.engine.bench import Bench
from jobs.engine.progress import Progress
from jobs.engine.spark import SparkPool, _Worker
from jobs.engine.stage import OurFault, Query, Stage, due, run_stage
from lake.store import open_store
from lake.tables import Tables
from schemas.errors import HeldByAnother, Stop
from schemas.rejects import Code
from schemas.settings import Settings, SparkSettings, WorkSettings
from schemas.version import ON_WORKERS, program_digest
from tests.jobs.lake_of_offers import REPOSITORY
from tests.jobs.works import FUNCTION, NUMBERS, LosesItsCard, Square, Unusable, needed
from udfs.runtime.isolation import Child, row_by_row

FEW = 2_000
"""A second a row: 2,500 rows go to Spark."""


def bench(lake: Path, **work: float) -> Bench:
    settings = Settings(lake=str(lake), work=WorkSettings(**work), spark=SparkSettings(few_seconds=FEW))
    return Bench(Tables(open_store(str(lake))), settings, SparkPool(settings.spark), Progress(quiet=True))


def stage(rows: pa.Table | Query, work: Square | None = None, function: bytes = FUNCTION, batch_rows: int = 3) -> Stage:
    return Stage("numbers", NUMBERS, function, rows, work or Square(), batch_rows, row_cost=1)


def stored(where: Bench) -> list[dict]:
    return where.tables.sql(
        "select number, status, code, detail, square from numbers order by number", [NUMBERS]
    ).to_pylist()


def test_what_is_due_is_done_once(tmp_path: Path) -> None:
    where = bench(tmp_path)
    counts = run_stage(where, stage(needed(3, 1, 2)))
    assert (counts.due, counts.done, counts.rejected, counts.pending) == (3, 3, 0, 0)
    assert [(row["number"], row["square"]) for row in stored(where)] == [(1, 1), (2, 4), (3, 9)]
    version = where.tables.open(NUMBERS).version()
    assert run_stage(where, stage(needed(3, 1, 2))).due == 0
    assert where.tables.open(NUMBERS).version() == version


def test_only_new_keys_are_due_sorted(tmp_path: Path) -> None:
    where = bench(tmp_path)
    run_stage(where, stage(needed(5)))
    assert due(where.tables, stage(needed(9, 5, 7)))["number"].to_pylist() == [7, 9]


def test_another_function_makes_every_key_due(tmp_path: Path) -> None:
    where = bench(tmp_path)
    run_stage(where, stage(needed(1, 2)))
    assert run_stage(where, stage(needed(1, 2), function=b"g" * 32)).done == 2


def test_needed_may_be_a_query(tmp_path: Path) -> None:
    where = bench(tmp_path)
    run_stage(where, stage(needed(1, 2, 3)))
    query = Query("select number + 1 number from numbers", (NUMBERS,))
    assert due(where.tables, stage(query))["number"].to_pylist() == [4]


def test_nothing_needed_writes_nothing(tmp_path: Path) -> None:
    where = bench(tmp_path)
    assert run_stage(where, stage(needed())).due == 0
    assert stored(where) == []


def test_a_row_that_hangs_becomes_a_reject() -> None:
    with Child(Square(5, "hang"), 20) as child:
        answer = row_by_row(child, NUMBERS, needed(4, 5, 6).to_batches()[0])
    assert answer["code"].to_pylist() == [None, Code.WORKER_TIMEOUT, None]


@pytest.mark.parametrize(("evil", "code"), [("kill", Code.WORKER_KILLED), ("raise", Code.INTERNAL)])
def test_a_row_that_breaks_its_worker_becomes_a_reject(tmp_path: Path, evil: str, code: Code) -> None:
    where = bench(tmp_path)
    rows, work = needed(*range(10)), Square(5, evil)
    counts = run_stage(where, stage(rows, work))
    assert (counts.due, counts.done, counts.rejected) == (10, 9, 1)
    assert [row["number"] for row in stored(where) if row["code"] == code] == [5]
    assert run_stage(where, stage(rows, work)).due == 0, "a reject is present, and not due again"


@pytest.mark.spark
def test_a_row_that_kills_a_spark_worker_becomes_a_reject(tmp_path: Path) -> None:
    where = bench(tmp_path)
    many = needed(*range(2_500))
    try:
        counts = run_stage(where, stage(many, Square(1_234, "kill"), batch_rows=100))
    finally:
        where.spark.stop()
    assert (counts.due, counts.done, counts.rejected) == (2_500, 2_499, 1)
    assert [row["number"] for row in stored(where) if row["code"] == Code.WORKER_KILLED] == [1_234]


@pytest.mark.parametrize("rows", [3, pytest.param(2_500, marks=pytest.mark.spark)])
def test_a_model_that_cannot_run_ends_the_night_and_rejects_no_row(tmp_path: Path, rows: int) -> None:
    where = bench(tmp_path)
    try:
        with pytest.raises(Stop, match=r"^SELVEDGE_DEVICE=cuda, but this machine offers cpu$"):
            run_stage(where, Stage("numbers", NUMBERS, FUNCTION, needed(*range(rows)), Unusable(), 100, row_cost=1))
    finally:
        where.spark.stop()
    assert stored(where) == []


def test_a_card_that_is_lost_ends_the_night_and_keeps_the_chunks_before(tmp_path: Path) -> None:
    where = bench(tmp_path, chunk_rows=4)
    losing = Stage("numbers", NUMBERS, FUNCTION, needed(*range(10)), LosesItsCard(6), 2)
    with pytest.raises(Stop, match=r"^GPU 0: CUDA error: [^\n]*; to act: the engineer [^\n]*$") as caught:
        run_stage(where, losing)
    assert caught.value.exit_code == 1
    assert [row["number"] for row in stored(where)] == [0, 1, 2, 3]
    counts = run_stage(where, stage(needed(*range(10))))
    assert (counts.due, counts.done, counts.rejected) == (6, 6, 0)


@pytest.mark.spark
def test_workers_with_another_source_end_the_stage_in_one_line(tmp_path: Path) -> None:
    """A real worker whose Python finds another copy of the program, changed by one line."""
    other = tmp_path / "other"
    for package in ON_WORKERS:
        shutil.copytree(REPOSITORY / package, other / package, ignore=shutil.ignore_patterns("__pycache__"))
    (other / "udfs" / "rules" / "choose.py").open("a").write("# patched\n")
    path = os.pathsep.join([str(other), os.environ["PYTHONPATH"]])
    conf = {"spark.executorEnv.PYTHONPATH": path}
    settings = Settings(lake=str(tmp_path / "lake"), spark=SparkSettings(conf=conf, few_seconds=FEW))
    spark = SparkPool(settings.spark)
    where = Bench(Tables(open_store(settings.lake)), settings, spark, Progress(quiet=True))
    try:
        with pytest.raises(Stop, match=rf"^the worker on {gethostname()} runs another version of selvedge") as caught:
            run_stage(where, stage(needed(*range(2_500)), batch_rows=100))
    finally:
        where.spark.stop()
    assert caught.value.exit_code == 2
    assert stored(where) == []


def test_a_worker_opens_nothing_of_a_driver_with_another_program() -> None:
    unreadable = _Worker(b"no pickle", program_digest()[:-1] + b"?")
    with pytest.raises(RuntimeError, match=rf"the worker on {gethostname()} runs another version.*to act: the data"):
        list(unreadable([]))
    same = _Worker(pickle.dumps(iter), program_digest())
    assert list(same([needed(1).to_batches()[0]])) == needed(1).to_batches()


def test_a_chunk_of_our_own_errors_is_not_kept(tmp_path: Path) -> None:
    where = bench(tmp_path)
    with pytest.raises(OurFault, match="failed with an internal error"):
        run_stage(where, Stage("numbers", NUMBERS, FUNCTION, needed(*range(40)), _raise_always, 5))
    assert stored(where) == []


def _raise_always(batch: pa.RecordBatch) -> pa.RecordBatch:
    raise ValueError("always")


def test_the_input_is_not_changed(tmp_path: Path) -> None:
    rows = needed(2, 1)
    before = rows.to_pylist()
    run_stage(bench(tmp_path), stage(rows))
    assert rows.to_pylist() == before


def test_a_second_run_at_the_same_time_ends_with_a_conflict(tmp_path: Path) -> None:
    where = bench(tmp_path)
    handle = where.tables.open(NUMBERS)
    run_stage(where, stage(needed(1)))
    with pytest.raises(HeldByAnother, match="another run"):
        where.tables.commit(handle, [], f"numbers-{FUNCTION.hex()}")


def test_chunks_are_committed_one_by_one(tmp_path: Path) -> None:
    where = bench(tmp_path, chunk_rows=4)
    assert run_stage(where, stage(needed(*range(10)))).done == 10
    assert where.tables.open(NUMBERS).version() == 3
