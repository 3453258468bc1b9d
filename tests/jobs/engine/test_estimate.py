"""Work is rows times what a row took; a run over few rows, and one in Spark, mislead nobody."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from jobs.engine.estimate import ENOUGH_ROWS, LAST_RUNS, in_spark, work_seconds
from lake.store import open_store
from lake.tables import Tables
from schemas.settings import SparkSettings
from schemas.tables import RUNS

FIRST = datetime(2026, 11, 20, 1, tzinfo=UTC)


@pytest.fixture
def tables(tmp_path: Path) -> Tables:
    return Tables(open_store(str(tmp_path)))


def ran(tables: Tables, night: int, rows: int, seconds: float, tasks: int | None = None, stage: str = "screen") -> None:
    row = {"run": str(night), "stage": stage, "started_at": FIRST + timedelta(days=night), "done": rows - 1,
           "rejected": 1, "seconds": seconds, "spark_tasks": tasks}  # fmt: skip
    tables.append(RUNS, pa.Table.from_pylist([row], RUNS.schema))


def test_until_a_run_has_told_it_is_what_the_stage_states(tables: Tables) -> None:
    assert work_seconds(tables, "screen", 100, 0.02) == pytest.approx(2)
    ran(tables, 1, ENOUGH_ROWS - 1, 900)
    ran(tables, 1, 10 * ENOUGH_ROWS, 900, stage="embed")
    assert work_seconds(tables, "screen", 100, 0.02) == pytest.approx(2)


def test_then_it_is_what_a_row_took_in_the_last_runs(tables: Tables) -> None:
    ran(tables, 0, ENOUGH_ROWS, 1_000_000)
    for night in range(1, LAST_RUNS):
        ran(tables, night, 1_000, 100)
    ran(tables, LAST_RUNS, 6_000, 1_600)
    rows, seconds = 1_000 * (LAST_RUNS - 1) + 6_000, 100 * (LAST_RUNS - 1) + 1_600
    assert work_seconds(tables, "screen", 50, 9) == pytest.approx(50 * seconds / rows)


def test_a_run_in_spark_took_as_much_work_as_its_tasks_did_together(tables: Tables) -> None:
    ran(tables, 1, 1_000, 10, tasks=32)
    assert work_seconds(tables, "screen", 1_000, 9) == pytest.approx(320)


def test_spark_is_worth_its_start_above_the_setting() -> None:
    settings = SparkSettings(few_seconds=60)
    assert [in_spark(settings, seconds) for seconds in (0, 60, 60.1)] == [False, False, True]
    assert in_spark(SparkSettings(few_seconds=0), 0.001)
    assert not in_spark(SparkSettings(few_seconds=0), 0), "nothing is due"
