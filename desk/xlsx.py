"""Tables of text as xlsx, and back, by openpyxl; what strangers send is opened once its size is known."""

import re
import zipfile
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

from openpyxl import Workbook, load_workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.utils import get_column_letter

from schemas.errors import WrongInput

MAX_UNPACKED_BYTES = 64_000_000
"""Of all files in the archive."""
MAX_ROWS = 100_000
MAX_COLUMNS = 50
_MERGED = re.compile(rb"<(?:\w+:)?mergeCell\s[^>]*?ref=[\"']([A-Z]{1,3}[0-9]{1,7}:[A-Z]{1,3}[0-9]{1,7})[\"']")


def written(rows: Sequence[Sequence[str]]) -> bytes:
    """One sheet in which every cell is text, so that none is a formula."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("categories")
    for row in rows:
        cells = [WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("", text)) for text in row]
        for cell in cells:
            cell.data_type = "s"
        sheet.append(cells)
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def read(file: Path, body: bytes) -> list[list[str]]:
    """The rows of the first sheet. Raises WrongInput for what is no workbook, and for a formula, by its cell."""
    try:
        _check_archive(file, body)
        cells = _cells(body)
    except WrongInput:
        raise
    except Exception as error:  # openpyxl says in many ways that a file is none of its own
        raise WrongInput(file, None, f"is no workbook that can be read ({error}); save it as xlsx again") from None
    if len(cells) > MAX_ROWS:
        raise WrongInput(file, None, f"has more than {MAX_ROWS:,} rows")
    formulas = [
        f"{name_of(place)}{number}"
        for number, row in enumerate(cells, 1)
        for place, (kind, _) in enumerate(row)
        if kind == "f"
    ]
    if formulas:
        raise WrongInput(file, None, f"{', '.join(formulas[:20])}: holds a formula; paste its value in its place")
    return [[text for _, text in row] for row in cells]


def name_of(column: int) -> str:
    """A column, counted from 0, as spreadsheets name it."""
    return str(get_column_letter(column + 1))


def _check_archive(file: Path, body: bytes) -> None:
    with zipfile.ZipFile(BytesIO(body)) as archive:
        if sum(part.file_size for part in archive.infolist()) > MAX_UNPACKED_BYTES:
            raise WrongInput(file, None, f"unpacks to more than {MAX_UNPACKED_BYTES:,} bytes")
        for part in archive.infolist():
            if b"<!DOCTYPE" in archive.read(part):
                raise WrongInput(file, None, f"{part.filename} declares a document type, which no spreadsheet writes")
            if part.filename.startswith("xl/worksheets/") and (merged := _MERGED.findall(archive.read(part))):
                cells = ", ".join(found.decode() for found in merged[:20])
                raise WrongInput(file, None, f"{cells}: merged cells; split them, so that each row says its own")


def _cells(body: bytes) -> list[list[tuple[str, str]]]:
    """Kind and text of each cell, row by row, without the empty ones at a row's end."""
    sheet = load_workbook(BytesIO(body), read_only=True, keep_links=False).worksheets[0]
    sheet.reset_dimensions()  # which the file states, and need not be so
    rows = []
    for cells in sheet.iter_rows(max_row=MAX_ROWS + 1, max_col=MAX_COLUMNS):
        row = [(cell.data_type, "" if cell.value is None else str(cell.value)) for cell in cells]
        while row and not row[-1][1]:
            row.pop()
        rows.append(row)
    return rows
