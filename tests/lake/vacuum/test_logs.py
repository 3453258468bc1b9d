"""A table's log is cut behind a checkpoint, and only files that no version names are found."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable

import lake.vacuum.logs
from lake.store import DiskStore
from lake.tables import Tables
from lake.vacuum.logs import cut_log, old_log, unnamed_files
from tests.jobs.works import FUNCTION, NUMBERS

FOLDER = "tables/numbers"
LONG_AGO, TO_COME = datetime(2020, 1, 1, tzinfo=UTC), datetime.now(UTC) + timedelta(days=1)


@pytest.fixture
def tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tables:
    """A table with the commits 0 to 4, a row in each but the first."""
    monkeypatch.setattr(lake.vacuum.logs, "MANY_COMMITS", 4)
    tables = Tables(DiskStore(tmp_path))
    for number in range(4):
        add(tables, number)
    return tables


def add(tables: Tables, number: int) -> None:
    row = {"number": number, "function": FUNCTION, "status": "done"}
    tables.append(NUMBERS, pa.Table.from_pylist([row], NUMBERS.schema))


def commits(tables: Tables) -> set[int]:
    names = (entry.path.rpartition("/")[2] for entry in tables.store.list(f"{FOLDER}/_delta_log"))
    return {int(name[:20]) for name in names if name.endswith(".json") and name[:20].isdigit()}


def test_a_log_is_cut_and_every_wanted_version_still_opens(tables: Tables) -> None:
    deleted = cut_log(tables.store, tables.open(NUMBERS), FOLDER, {2}, TO_COME)
    assert (len(deleted), commits(tables)) == (4, {4})
    assert tables.sql("select * from numbers", [NUMBERS]).num_rows == 4
    assert DeltaTable(tables.uri(NUMBERS), version=2).to_pyarrow_table().num_rows == 2
    add(tables, 9)
    assert commits(tables) == {4, 5}


def test_a_short_or_young_log_stays(tables: Tables, monkeypatch: pytest.MonkeyPatch) -> None:
    assert old_log(tables.store, FOLDER, (), LONG_AGO) == []
    monkeypatch.setattr(lake.vacuum.logs, "MANY_COMMITS", 5)
    assert cut_log(tables.store, tables.open(NUMBERS), FOLDER, (), TO_COME) == []
    assert old_log(tables.store, "tables/none", (), TO_COME) == []


def test_only_old_files_that_nothing_names_are_found(tables: Tables) -> None:
    for name in ("left.parquet", ".tmp-left", "asked.parquet"):
        tables.store.write(f"{FOLDER}/{name}", b"of a killed task")
    live = set(tables.open(NUMBERS).get_add_actions(flatten=True)["path"].to_pylist())
    named = {*live, "asked.parquet"}
    found = [entry.path for entry in unnamed_files(tables.store, FOLDER, named, TO_COME)]
    assert found == [f"{FOLDER}/.tmp-left", f"{FOLDER}/left.parquet"]
    assert unnamed_files(tables.store, FOLDER, named, LONG_AGO) == []


def test_files_of_a_recent_commit_are_named_by_it(tables: Tables, tmp_path: Path) -> None:
    """A reader may have opened the table just before its files were replaced."""
    before = datetime.now(UTC) + timedelta(minutes=1)
    log = tmp_path / FOLDER / "_delta_log"
    recent = log / f"{4:020}.json"
    later = (before + timedelta(minutes=1)).timestamp()
    os.utime(recent, (later, later))
    left = {entry.path for entry in unnamed_files(tables.store, FOLDER, (), before)}
    assert len(left) == 3, "all but the file of the last commit"
