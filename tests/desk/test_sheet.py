"""Open categories out to a spreadsheet and back: nothing is a formula, and every mistake is named by its cell."""

import csv
import io
from dataclasses import replace
from pathlib import Path

import pytest

from desk.sheet import BECAUSE, COLUMNS, TO, decisions_of, sheet
from desk.shop import Shop
from desk.state import Desk
from schemas.errors import WrongInput


def rows_of(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))


def filled(rows: list[list[str]], file: Path, separator: str = ",") -> Path:
    out = io.StringIO()
    csv.writer(out, delimiter=separator).writerows(rows)
    file.write_text("\ufeff" + out.getvalue(), encoding="utf-8")
    return file


@pytest.mark.parametrize("separator", [",", ";"])
def test_a_sheet_comes_back_as_decisions(desk: Desk, tmp_path: Path, separator: str) -> None:
    work = desk.work("drawn")
    rows = rows_of(sheet(work))
    assert tuple(rows[0]) == COLUMNS
    assert len(rows) == 1 + len(work.left())
    rows[1][TO], rows[2][BECAUSE] = "hat", "not sold any more"
    made = decisions_of(work, filled(rows, tmp_path / "sheet.csv", separator))
    assert [(one.to, one.because) for one in made] == [("hat", None), (None, "not sold any more")]
    assert made[0].path == work.shop.categories[rows[1][0]].path


def test_every_mistake_is_named_by_its_cell(desk: Desk, tmp_path: Path) -> None:
    work = desk.work("drawn")
    rows = rows_of(sheet(work))
    rows[1][TO] = "skrt"
    rows[2][TO], rows[2][BECAUSE] = "hat", "no garment"
    rows[3][0], rows[3][TO] = "nosuch", "hat"
    rows.append([*rows[4][:TO], "hat"])
    rows.append([*rows[4][:TO], "cap"])
    with pytest.raises(WrongInput) as error:
        decisions_of(work, filled(rows, tmp_path / "sheet.csv"))
    said, last = str(error.value), len(rows)
    for part in ("I2: the taxonomy has no node skrt", "I3: fill in either", "A4: the shop has no such", f"A{last}: "):
        assert part in said
    for body in (b"", b"a,b\n", "key;категория".encode("utf-16")):
        (tmp_path / "wrong.csv").write_bytes(body)
        with pytest.raises(WrongInput):
            decisions_of(work, tmp_path / "wrong.csv")


def test_no_cell_is_a_formula(desk: Desk) -> None:
    shop = desk.shops["drawn"]
    hostile = ("=HYPERLINK(1)", "\t+1", "@SUM(1)", "-2", "|calc")
    products = [replace(p, title=hostile[at % 5], path=(hostile[at % 5], "x")) for at, p in enumerate(shop.products)]
    desk.shops["drawn"] = Shop("drawn", "ru", products)
    cells = [cell for row in rows_of(sheet(desk.work("drawn")))[1:] for cell in row]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "|", "\t"))]
