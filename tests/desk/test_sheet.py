"""Open categories out to a spreadsheet and back: nothing is a formula, and every mistake is named by its cell."""

import csv
import io
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from openpyxl import Workbook

from desk import xlsx
from desk.sheet import BECAUSE, COLUMNS, TO, decisions_of, sheet, workbook
from desk.sheet import rows_of as sheet_rows
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


def with_part(body: bytes, name: str, change: Callable[[str], str]) -> bytes:
    """A workbook with one of its files changed."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(body)) as before, zipfile.ZipFile(out, "w") as after:
        for one in before.namelist():
            text = before.read(one).decode()
            after.writestr(one, change(text) if one == name else text)
    return out.getvalue()


def test_a_workbook_comes_back_with_its_mistakes_by_cell(desk: Desk, tmp_path: Path) -> None:
    work, file = desk.work("drawn"), tmp_path / "sheet.xlsx"
    rows = sheet_rows(work)
    read = [row + [""] * (len(COLUMNS) - len(row)) for row in xlsx.read(file, workbook(work))]
    assert read == rows
    rows[1][TO], rows[2][BECAUSE] = "hat", "no & <garment>\x01"
    file.write_bytes(xlsx.written(rows))
    assert [(one.to, one.because) for one in decisions_of(work, file)] == [("hat", None), (None, "no & <garment>")]
    rows[3][TO] = "skrt"
    file.write_bytes(xlsx.written(rows))
    with pytest.raises(WrongInput, match="I4: the taxonomy has no node skrt"):
        decisions_of(work, file)


SHEET = "xl/worksheets/sheet1.xml"


def test_numbers_gaps_and_shared_texts_are_read_as_spreadsheets_write_them(tmp_path: Path) -> None:
    book = Workbook()
    for place, value in {"A1": "x", "A2": 7, "C2": "bc", "A4": "y"}.items():
        book.active[place] = value
    book.save(out := io.BytesIO())
    assert xlsx.read(tmp_path, out.getvalue()) == [["x"], ["7", "", "bc"], [], ["y"]]


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (
            lambda text: text.replace('<c r="A1" t="inlineStr"><is><t>x</t></is>', '<c r="A1"><f>1+1</f>'),
            "A1: holds a f",
        ),
        (lambda text: text[:-9], "no workbook that can be read"),
        (lambda text: '<!DOCTYPE a [<!ENTITY b "c">]>' + text, "document type"),
        (lambda text: text.replace('r="1"', 'r="99999999"', 1), "more than 100,000 rows"),
    ],
)
def test_a_stranger_s_workbook_is_refused_in_one_line(tmp_path: Path, change: Callable[[str], str], match: str) -> None:
    body = with_part(xlsx.written([["x"]]), SHEET, change)
    with pytest.raises(WrongInput, match=match) as caught:
        xlsx.read(tmp_path / "x.xlsx", body)
    assert "\n" not in str(caught.value)
    with pytest.raises(WrongInput, match="no workbook"):
        xlsx.read(tmp_path / "x.xlsx", body[:100])


def test_a_workbook_that_unpacks_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx, "MAX_UNPACKED_BYTES", 1000)
    with pytest.raises(WrongInput, match="more than 1,000 bytes"):
        xlsx.read(tmp_path, xlsx.written([["x" * 2000]]))


def test_what_begins_like_a_formula_stays_text() -> None:
    body = xlsx.written([["=1+1", "a\x01b"]])
    assert xlsx.read(Path("x"), body) == [["=1+1", "ab"]]


@pytest.mark.parametrize("place", [0, TO])
def test_a_column_that_is_not_its_own_is_named_by_its_cell(desk: Desk, tmp_path: Path, place: int) -> None:
    work = desk.work("drawn")
    rows = rows_of(sheet(work))
    rows[1][TO] = "hat"
    hers = [[*row, "my remark"] for row in rows]
    assert len(decisions_of(work, filled(hers, tmp_path / "sheet.csv"))) == 1
    moved = [[*row[:place], "x", *row[place:]] for row in rows]
    with pytest.raises(WrongInput, match=f"{'AI'[place > 0]}1: says x; it must be {COLUMNS[place]}"):
        decisions_of(work, filled(moved, tmp_path / "sheet.csv"))


def test_merged_cells_are_named_for_they_hide_a_row(tmp_path: Path) -> None:
    book = Workbook()
    book.active["I2"] = "hat"
    book.active.merge_cells("I2:I4")
    book.save(out := io.BytesIO())
    with pytest.raises(WrongInput, match="I2:I4: merged cells"):
        xlsx.read(tmp_path, out.getvalue())
