"""Processes that add rows to one table at the same moment lose none, also where none of them finds the table."""

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pytest

import lake.tables
from lake.store import open_store
from lake.tables import Tables
from schemas.errors import HeldByAnother
from schemas.table import DONE, stage_table

NUMBERS = stage_table("numbers", ("number",), pa.field("number", pa.int64()))
EACH = 8
APPENDS = f"""
import sys
from lake.store import open_store
from lake.tables import Tables
from tests.lake.test_side_by_side import NUMBERS, rows
sys.stdin.readline()
tables = Tables(open_store(sys.argv[1]))
for at in range({EACH}):
    tables.append(NUMBERS, rows(int(sys.argv[2]) * {EACH} + at))
"""


def rows(number: int) -> pa.Table:
    return pa.Table.from_pylist([{"number": number, "function": b"f" * 32, "status": DONE}], NUMBERS.schema)


def stored(folder: Path) -> list[int]:
    found = Tables(open_store(str(folder))).sql("select number from numbers order by number", [NUMBERS])
    return found["number"].to_pylist()


def test_processes_that_append_at_once(tmp_path: Path) -> None:
    root = Path(__file__).resolve().parents[2]
    ready = [
        subprocess.Popen([sys.executable, "-c", APPENDS, str(tmp_path), str(at)], stdin=subprocess.PIPE, cwd=root)
        for at in range(4)
    ]
    for one in ready:
        one.stdin.write(b"\n")  # type: ignore[union-attr]
        one.stdin.flush()  # type: ignore[union-attr]
    assert [one.wait(60) for one in ready] == [0] * 4
    assert stored(tmp_path) == list(range(4 * EACH))


def test_a_table_that_many_find_missing_is_made_once(tmp_path: Path) -> None:
    """Made a second time it would end the commits of the first ones: what it says of itself has changed."""
    together = threading.Barrier(4)

    def made(tables: Tables) -> int:
        together.wait()
        return tables._made(NUMBERS).version()

    for at in range(20):
        tables = Tables(open_store(str(tmp_path / str(at))))
        with ThreadPoolExecutor(4) as pool:
            assert list(pool.map(made, [tables] * 4)) == [0] * 4
        assert tables.open(NUMBERS).version() == 0


def test_an_append_is_tried_again_as_often_as_is_of_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tables, plain, lost = Tables(open_store(str(tmp_path))), Tables.commit, [HeldByAnother("x")] * 2

    def commit(self: Tables, *given: object) -> None:
        if lost:
            raise lost.pop()
        plain(self, *given)  # type: ignore[arg-type]

    monkeypatch.setattr(Tables, "commit", commit)
    tables.append(NUMBERS, rows(1))
    assert stored(tmp_path) == [1]
    lost += [HeldByAnother("x")] * lake.tables.APPEND_TRIES
    with pytest.raises(HeldByAnother):
        tables.append(NUMBERS, rows(2))
    assert (stored(tmp_path), lost) == ([1], [])
