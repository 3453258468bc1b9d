"""A run's clock, and its look at the lake before it starts."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import DeltaTable

from jobs.engine.night import Night
from jobs.engine.progress import Progress
from lake.tables import Tables
from schemas.errors import WrongInput
from schemas.published import PRODUCTS
from schemas.settings import Settings
from schemas.table import Table
from schemas.tables import PICTURES, RUNS, STAGE_TABLES, TEXTS


@pytest.mark.parametrize("began_ago", [timedelta(minutes=1), timedelta(hours=23)])
def test_the_clock_goes_on_past_midnight(tmp_path: Path, began_ago: timedelta) -> None:
    began = datetime.now(UTC) - began_ago
    night = Night(Settings(lake=str(tmp_path)), "run", date(2026, 3, 1), Progress(), began=began)
    start = datetime.combine(date(2026, 3, 1), began.timetz())
    assert timedelta() <= night.now() - start - began_ago < timedelta(seconds=5)


@pytest.fixture
def night(tmp_path: Path) -> Night:
    return Night(Settings(lake=str(tmp_path / "lake"), models=tmp_path), "run", date(2026, 3, 1), Progress(quiet=True))


def test_each_log_is_opened_once(night: Night, monkeypatch: pytest.MonkeyPatch) -> None:
    for table in (*STAGE_TABLES, RUNS):
        night.tables.open(table)
    opened = Counter[str]()

    class Counting(DeltaTable):
        def __init__(self, uri: str, *others: Any, **options: Any) -> None:
            opened[uri.rpartition("/")[2]] += 1
            super().__init__(uri, *others, **options)

    monkeypatch.setattr("lake.tables.DeltaTable", Counting)
    night.check_lake()
    assert opened.pop(PICTURES.name) == 2  # its rows are asked for too
    assert {opened[table.name] for table in (*STAGE_TABLES, RUNS) if table is not PICTURES} == {1}


@pytest.mark.parametrize(("folder", "table"), [("tables", TEXTS), ("published", PRODUCTS)])
def test_a_table_of_a_newer_program_ends_the_night_as_a_wrong_program(night: Night, folder: str, table: Table) -> None:
    newer = replace(table, schema=table.schema.append(pa.field("weave", pa.string())))
    Tables(night.store, folder).open(newer)
    with pytest.raises(WrongInput, match=rf"{folder}/{table.name}: has the column weave.*\(upgrade selvedge\)$"):
        night.check_lake()


def test_a_lake_that_is_not_there_yet_is_no_fault_and_stays_away(night: Night) -> None:
    night.check_lake()
    assert not Path(night.settings.lake).exists()
