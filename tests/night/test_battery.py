"""What every stage owes: nothing in, one row, nulls, the same twice, a deadly row, and rows that add up."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa
import pytest
from deltalake import DeltaTable

from jobs.engine.bench import Bench
from jobs.engine.stage import Counts, Query, Stage, run_stage
from jobs.stage_list import STAGE_NAMES
from jobs.stages import record
from jobs.stages.declared import record_of
from lake.tables import literal
from schemas.rejects import Code
from schemas.table import REJECTED, Table
from schemas.tables import (
    FETCHES,
    OFFERS,
    STAGE_TABLES,
)  # fmt: skip
from tests.jobs.works import Poisoned
from tests.long import few_of
from tests.night.conftest import LANE
from tests.night.house import DATE, House, double_keys

pytestmark = pytest.mark.night

OWN = {name: record_of(name).tables for name in STAGE_NAMES}
"""The tables that a stage writes; the first is its memory."""

ROW_BY_ROW = tuple(name for name in STAGE_NAMES if name not in ("acquire", "parse", "fetch", "publish"))
"""Stages that work off rows; feeds and fetches are taken whole by readers of their own."""

IN_BATCHES = tuple(name for name in ROW_BY_ROW if name != "dedup")
"""Those whose work takes batches of rows, in workers."""


@dataclass(frozen=True)
class Ran:
    """What a stage said, and which tables' versions it moved."""

    due: int
    done: int
    rejected: int
    pending: int
    moved: set[str]


def run(house: House, stage: str, *words: str) -> Ran:
    before = house.table_versions()
    ended = house.selvedge("stage", stage, "--json", "--date", DATE, *words)
    assert ended.code == 0, ended.err
    counts = ended.json["stages"][stage]
    counts.pop("seconds")
    after = house.table_versions()
    return Ran(**counts, moved={name for name in after if after[name] != before[name]})


def patched(monkeypatch: pytest.MonkeyPatch, stage: str, change: Callable[[Stage], Stage]) -> None:
    """Let a stage run as `change` makes it."""

    def changed(bench: Bench, built: Stage) -> Counts:
        return run_stage(bench, change(built) if built.name == stage else built)

    monkeypatch.setattr(record, "run_stage", changed)


def keys_of(house: House, table: Table, count: int) -> list[bytes]:
    key = table.key[0]
    found = house.rows(f"select distinct {key} from {table.name} where status = 'done' order by {key}", table)
    assert len(found) >= min(count, 2), f"{table.name} holds too little for this test"
    return [row[key] for row in found[:count]]


def take_out(house: House, table: Table, keys: list[bytes]) -> list[dict[str, Any]]:
    """Delete rows by their key -> what they were."""
    key, listed = table.key[0], ", ".join(literal(value) for value in keys)
    query = f"select * from {table.name} where {key} in ({listed}) order by {key}"
    before = house.rows(query, table)
    DeltaTable(str(house.lake / "tables" / table.name)).delete(f"{key} in ({listed})")
    return before


def again(house: House, table: Table, keys: list[bytes]) -> list[dict[str, Any]]:
    key, listed = table.key[0], ", ".join(literal(value) for value in keys)
    return house.rows(f"select * from {table.name} where {key} in ({listed}) order by {key}", table)


@pytest.mark.parametrize("stage", STAGE_NAMES)
def test_nothing_in(stage: str, new_house: House) -> None:
    for retailer in new_house.shops.retailers:
        new_house.edit_spec(retailer, enabled=False)
    ran = run(new_house, stage)
    assert ran == Ran(0, 0, 0, 0, set())


def test_rows_add_up_and_the_input_is_not_changed(new_house: House) -> None:
    for stage in STAGE_NAMES:
        ran = run(new_house, stage)
        assert ran.due == ran.done + ran.rejected + ran.pending > 0, stage
        assert ran.pending == 0, stage
        assert ran.moved <= {table.name for table in OWN[stage]}, stage
    assert double_keys(new_house) == {}


def test_the_same_input_twice(house: House) -> None:
    for stage in STAGE_NAMES:
        assert run(house, stage) == Ran(0, 0, 0, 0, set()), stage


@pytest.mark.parametrize("stage", ROW_BY_ROW)
def test_one_row(stage: str, house: House) -> None:
    table = OWN[stage][0]
    keys = keys_of(house, table, 1)
    before = take_out(house, table, keys)
    ran = run(house, stage)
    assert (ran.due, ran.done, ran.rejected, ran.pending) == (1, 1, 0, 0)
    assert again(house, table, keys) == before


def test_one_feed(house: House) -> None:
    rows = f"select * from {OFFERS.name} where retailer = '{LANE}' order by position"
    before = house.rows(rows, OFFERS)
    DeltaTable(str(house.lake / "tables" / OFFERS.name)).delete(f"retailer = '{LANE}'")
    ran = run(house, "parse")
    assert (ran.due, ran.pending) == (len(before), 0)
    assert house.rows(rows, OFFERS) == before


def test_one_picture(house: House) -> None:
    url = house.rows(f"select url from {FETCHES.name} where status = 'done' order by url limit 1", FETCHES)[0]["url"]
    DeltaTable(str(house.lake / "tables" / FETCHES.name)).delete(f"url = {literal(url)}")
    ran = run(house, "fetch")
    assert (ran.due, ran.done) == (1, 1)
    assert house.shops.pictures_asked == 1
    assert double_keys(house) == {}, "a picture that is stored already is not stored again"


@pytest.mark.parametrize("stage", IN_BATCHES)
def test_nulls_become_answers_or_rejects(stage: str, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    table = OWN[stage][0]
    keys = keys_of(house, table, 2)
    take_out(house, table, keys)
    patched(monkeypatch, stage, lambda built: _emptied(house, built))
    ran = run(house, stage)
    assert (ran.due, ran.pending) == (len(keys), 0)
    assert {row[table.key[0]] for row in again(house, table, keys)} == set(keys)
    assert all(row["detail"] for row in again(house, table, keys) if row["status"] == REJECTED)


def _emptied(house: House, stage: Stage) -> Stage:
    """The stage with due rows of which its work is told nothing but the key."""
    if stage.gather is not None:
        gather = stage.gather
        return replace(stage, gather=lambda due: _nulls(stage, gather(due)))
    needed = stage.needed
    rows = house.tables.sql(needed.sql, needed.tables) if isinstance(needed, Query) else needed
    return replace(stage, needed=_nulls(stage, rows))


def _nulls(stage: Stage, rows: pa.Table) -> pa.Table:
    columns = [
        rows[field.name] if field.name in stage.table.key else pa.nulls(rows.num_rows, field.type)
        for field in rows.schema
    ]
    return pa.table(columns, names=rows.column_names)


@pytest.mark.parametrize("stage", few_of(IN_BATCHES, 2))
def test_a_row_that_kills_its_worker(stage: str, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    table = OWN[stage][0]
    keys = keys_of(house, table, 3)
    before = take_out(house, table, keys)
    patched(monkeypatch, stage, lambda built: replace(built, work=Poisoned(built.work, table.key[0], keys[0])))
    ran = run(house, stage)
    assert (ran.due, ran.done, ran.rejected) == (len(keys), len(keys) - 1, 1)
    dead, *others = again(house, table, keys)
    assert (dead["status"], dead["code"]) == (REJECTED, Code.WORKER_KILLED)
    assert others == before[1:]
    assert run(house, stage).due == 0, "a reject is present, and not due again"


def test_every_table_of_a_stage_is_looked_at() -> None:
    assert {table.name for tables in OWN.values() for table in tables} >= {table.name for table in STAGE_TABLES}
