"""Rows of a later stage that an earlier one makes on the way: in their own table, and due no more."""

from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa
import pytest

from jobs.engine.beside import due_in, made_column
from jobs.engine.stage import Stage, due, run_stage
from lake.store import open_store
from lake.tables import Tables, literal
from schemas.rejects import Code
from schemas.table import DONE, stage_table
from tests.jobs.engine.test_stage_rule import InPlace, bench
from tests.jobs.works import FUNCTION, NUMBERS, Square, needed

CUBES = stage_table("cubes", ("number",), pa.field("number", pa.int64()), pa.field("cube", pa.int64()))
OTHER = b"c" * 32


@dataclass(frozen=True)
class Both:
    """Squares numbers, and gives the cubes of even ones where they are asked for."""

    poison: int = -1

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        answer = Square()(batch)
        if due_in("cubes") not in batch.schema.names:
            return answer
        numbers = batch["number"].to_pylist()
        if self.poison in numbers:
            raise ValueError("the function of cubes fails")
        asked = batch[due_in("cubes")].to_pylist()
        rows = [{"number": n, "status": DONE, "code": None, "detail": None, "cube": n**3, "seconds": 1e-9}
                if wanted and n % 2 == 0 else None for n, wanted in zip(numbers, asked, strict=True)]  # fmt: skip
        fields = [field for field in CUBES.schema if field.name != "function"]
        return answer.append_column(
            made_column("cubes"), pa.array(rows, pa.struct([*fields, pa.field("seconds", pa.float64())]))
        )


@pytest.fixture
def tables(tmp_path: Path) -> Tables:
    return Tables(open_store(str(tmp_path)))


def stages(*numbers: int, work: Both | None = None) -> tuple[Stage, Stage]:
    cubes = Stage("cubes", CUBES, OTHER, needed(*(n for n in numbers if n % 2 == 0)), Square())
    return Stage("numbers", NUMBERS, FUNCTION, needed(*numbers), work or Both(), 3, beside=(cubes,)), cubes


def stored(tables: Tables) -> dict[int, int]:
    query = f"select number, cube from cubes where function = {literal(OTHER)} and status = 'done'"
    return {row["number"]: row["cube"] for row in tables.sql(query, [CUBES]).to_pylist()}


def test_they_are_rows_like_any_other_of_their_stage(tables: Tables) -> None:
    first, later = stages(*range(7))
    counts = run_stage(bench(tables, InPlace(), chunk_rows=4), first)
    assert (counts.due, counts.done) == (7, 7)
    assert (counts.beside["cubes"].due, counts.beside["cubes"].done) == (4, 4)
    assert counts.beside["cubes"].elsewhere == -counts.elsewhere >= 0
    assert stored(tables) == {0: 0, 2: 8, 4: 64, 6: 216}
    assert due(tables, later).num_rows == 0
    assert tables.open(CUBES).transaction_version(later.transaction) == 2


def test_what_is_there_is_not_made_again(tables: Tables) -> None:
    rows = [{"number": 2, "function": OTHER, "status": "rejected", "code": str(Code.INTERNAL)},
            {"number": 4, "function": b"x" * 32, "status": DONE}]  # fmt: skip
    tables.append(CUBES, pa.Table.from_pylist(rows, CUBES.schema))
    first, _ = stages(*range(5))
    assert run_stage(bench(tables, InPlace()), first).beside["cubes"].due == 2
    assert stored(tables) == {0: 0, 4: 64}
    again = replace(first, function=b"n" * 32)
    assert not run_stage(bench(tables, InPlace()), again).beside, "another function here makes nothing again there"


def test_a_stage_that_has_nothing_due_makes_nothing_for_others(tables: Tables) -> None:
    first, later = stages(0, 2)
    run_stage(bench(tables, InPlace()), replace(first, beside=()))
    assert not run_stage(bench(tables, InPlace()), first).beside
    assert due(tables, later).num_rows == 2


def test_what_fails_on_the_way_stays_due_there_and_rejects_nothing_here(tables: Tables) -> None:
    first, later = stages(*range(5), work=Both(poison=4))
    counts = run_stage(bench(tables, InPlace()), first)
    assert (counts.done, counts.rejected) == (5, 0)
    assert stored(tables) == {0: 0, 2: 8}
    assert due(tables, later)["number"].to_pylist() == [4]
