"""Tables lose their dead rows and nothing else, in one commit."""

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

import lake.vacuum.rows
from lake.store import DiskStore
from lake.tables import Tables
from lake.vacuum.rows import Keep, plan_rewrite, rewrite
from schemas.errors import Stop
from tests.jobs.works import FUNCTION, NUMBERS


@pytest.fixture
def tables(tmp_path: Path) -> Tables:
    return Tables(DiskStore(tmp_path))


def add(tables: Tables, *numbers: int) -> None:
    rows = [{"number": n, "square": n * n, "function": FUNCTION, "status": "done"} for n in numbers]
    tables.append(NUMBERS, pa.Table.from_pylist(rows, NUMBERS.schema))


def present(tables: Tables) -> list[tuple[int, int]]:
    rows = tables.sql("select number, square from numbers order by number", [NUMBERS]).to_pylist()
    return [(row["number"], row["square"]) for row in rows]


def below(bound: int) -> Keep:
    return Keep(NUMBERS, ("number",), lambda rows: pc.less(rows["number"], bound))


def test_dead_rows_go_and_files_without_one_stay(tables: Tables) -> None:
    add(tables, 1, 2)
    add(tables, 3, 8, 9)
    add(tables, 7)
    before = set(tables.open(NUMBERS).file_uris())
    plan = plan_rewrite(tables, below(7))
    assert (len(plan.shares), plan.rows) == (2, 3)
    assert plan.bytes == sum(share.file.bytes * share.dead // share.file.rows for share in plan.shares)
    assert len(present(tables)) == 6, "a plan writes nothing"
    version = tables.open(NUMBERS).version()
    rewrite(tables, plan)
    assert present(tables) == [(1, 1), (2, 4), (3, 9)]
    handle = tables.open(NUMBERS)
    assert handle.version() == version + 1
    assert len(before & set(handle.file_uris())) == 1
    rewrite(tables, plan_rewrite(tables, below(7)))
    assert tables.open(NUMBERS).version() == version + 1, "nothing is dead any more"


def test_a_large_file_is_rewritten_for_many_dead_rows_only(tables: Tables, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lake.vacuum.rows, "SMALL_BYTES", 0)
    add(tables, 1, 2, 3, 4)
    assert plan_rewrite(tables, below(4)).shares == ()
    assert plan_rewrite(tables, below(4), any_dead=True).rows == 1
    assert plan_rewrite(tables, below(3)).rows == 2


def test_many_small_files_are_joined(tables: Tables, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lake.vacuum.rows, "MANY", 2)
    for number in range(3):
        add(tables, number)
    rewrite(tables, plan_rewrite(tables, below(9)))
    assert present(tables) == [(0, 0), (1, 1), (2, 4)]
    assert len(tables.open(NUMBERS).file_uris()) == 1


def test_rows_are_changed_on_the_way(tables: Tables) -> None:
    add(tables, 1, 2)

    def change(rows: pa.Table) -> pa.Table:
        at = rows.schema.get_field_index("square")
        return rows.set_column(at, rows.schema.field(at), pc.negate(rows["square"]))

    stays, second = below(9).stays, lambda rows: pc.equal(rows["number"], 2)
    rewrite(tables, plan_rewrite(tables, Keep(NUMBERS, ("number",), stays, second, change)))
    assert present(tables) == [(1, -1), (2, -4)]


def test_a_table_that_is_not_there_has_no_dead_rows(tables: Tables) -> None:
    rewrite(tables, plan_rewrite(tables, below(0)))
    assert tables.found(NUMBERS) is None


def test_a_file_with_other_rows_than_its_commit_says_stops_it(tables: Tables) -> None:
    add(tables, 1, 2)
    (file,) = (Path(uri) for uri in tables.open(NUMBERS).file_uris())
    add(tables, 3)
    (other,) = (Path(uri) for uri in tables.open(NUMBERS).file_uris() if Path(uri) != file)
    file.write_bytes(other.read_bytes())
    with pytest.raises(Stop, match="1 rows, its commit says 2"):
        plan_rewrite(tables, below(0))
