"""What a run gives its workers."""

import os
from dataclasses import replace
from pathlib import Path
from unittest import mock

import pytest

from jobs.engine.stage import Stage, run_stage
from jobs.run import run_stages
from jobs.stages.declared import record_of
from tests.jobs.lake_of_offers import Shops
from tests.jobs.works import FUNCTION, NUMBERS, ModelThreads, needed


@pytest.mark.parametrize(
    ("rows", "setting", "threads"),
    [
        (3, 0, os.cpu_count()),
        (3, 3, 3),
        pytest.param(2_500, 0, 1, marks=pytest.mark.spark),
        pytest.param(2_500, 3, 3, marks=pytest.mark.spark),
    ],
)
def test_a_model_has_the_threads_of_the_setting(tmp_path: Path, rows: int, setting: int, threads: int) -> None:
    night = Shops(tmp_path).night(model_threads=setting)
    stage = Stage("screen", NUMBERS, FUNCTION, needed(*range(rows)), ModelThreads(), 1_000, row_cost=1)
    counting = replace(record_of("screen"), run=lambda night: run_stage(night.bench, stage))
    with mock.patch.dict(os.environ), mock.patch("jobs.run.record_of", {"screen": counting}.get):
        assert run_stages(night, ["screen"]).counts["screen"].done == rows
    assert night.tables.sql("select distinct square from numbers", [NUMBERS]).to_pylist() == [{"square": threads}]
