"""The open categories of a shop as a table for a spreadsheet, and back in as decisions, with every mistake by cell."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from desk import xlsx
from desk.edits import Decision
from desk.pages import prices_of, titles_of
from desk.work import Work
from schemas.errors import WrongInput
from udfs.rules.proposal import OUT_OF_SCOPE

COLUMNS = ("key", "category", "products", "prices", "titles", "picture", "proposed", "sure", "to", "ignore because")
"""`to` and `ignore because` are what the analyst fills in; the others are read again only to find the category."""

TO, BECAUSE = COLUMNS.index("to"), COLUMNS.index("ignore because")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "|", "%")
MAX_BYTES = 32_000_000


def sheet(work: Work) -> str:
    """CSV with a byte order mark, which spreadsheets need to see UTF-8."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows(rows_of(work))
    return "\ufeff" + out.getvalue()


def workbook(work: Work) -> bytes:
    """The same as xlsx."""
    return xlsx.written(rows_of(work))


def rows_of(work: Work) -> list[list[str]]:
    """The header and a row for each open category, the largest first. No cell is read as a formula."""
    keys = work.left()
    work.proposer.prepare(work.shop, [work.shop.categories[key] for key in keys], work.open)
    rows = [list(COLUMNS)]
    for key in keys:
        category, products = work.shop.categories[key], work.shop.of(work.rest(key))
        first = next(iter(work.considered(key).proposals), None)
        picture = next((product.picture_url for product in products if product.picture_url), "")
        leaf = "" if first is None else "ignore" if first.leaf == OUT_OF_SCOPE else first.leaf
        row = [key, category.name, str(len(products)), prices_of(products), " | ".join(titles_of(products)[:3]),
               picture, leaf, f"{first.probability:.2f}" if first else "", "", ""]  # fmt: skip
        rows.append([defused(cell) for cell in row])
    return rows


def defused(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    text = " ".join(cell.split())
    return "'" + text if text.startswith(_FORMULA) else text


def decisions_of(work: Work, file: Path) -> list[Decision]:
    """The decisions of a filled-in sheet. Raises WrongInput that names every wrong cell, as spreadsheets name them."""
    rows = _read(file)
    made, wrong = [], []
    left = set(work.left())
    for number, row in enumerate(rows[1:], 2):
        cells = [*row, *[""] * (len(COLUMNS) - len(row))]
        key, to, because = cells[0].strip(), cells[TO].strip(), cells[BECAUSE].strip()
        if not to and not because:
            continue
        if to and because:
            wrong.append(f"{xlsx.name_of(TO)}{number}: fill in either this cell or {xlsx.name_of(BECAUSE)}{number}")
        elif to and to not in work.taxonomy:
            wrong.append(f"{xlsx.name_of(TO)}{number}: the taxonomy has no node {to[:60]}")
        elif key not in work.shop.categories:
            wrong.append(f"A{number}: the shop has no such category any more")
        elif key not in left:
            wrong.append(f"A{number}: the category is decided already")
        else:
            left.discard(key)
            category = work.shop.categories[key]
            made.append(Decision(category.path, category.ids, to or None, because[:200] or None))
    if wrong:
        raise WrongInput(file, None, "; ".join(wrong))
    return made


def _read(file: Path) -> Sequence[Sequence[str]]:
    try:
        body = file.read_bytes()
        if len(body) > MAX_BYTES:
            raise WrongInput(file, None, f"the file is larger than {MAX_BYTES:,} bytes")
        if body.startswith(b"PK"):
            return _headed(file, xlsx.read(file, body))
        text = body.decode("utf-8-sig")
        separator = ";" if text.split("\n", 1)[0].count(";") > 3 else ","  # as spreadsheets of many countries write it
        rows = list(csv.reader(io.StringIO(text), delimiter=separator))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise WrongInput(file, None, f"cannot be read ({error}); save it as xlsx, or as CSV in UTF-8") from None
    return _headed(file, rows)


def _headed(file: Path, rows: Sequence[Sequence[str]]) -> Sequence[Sequence[str]]:
    """The rows, once the first one names the columns; those of the analyst's own to their right are hers."""
    named = [cell.strip() for cell in rows[0]] if rows else []
    for place, wanted in enumerate(COLUMNS):
        said = named[place] if place < len(named) else ""
        if said != wanted:
            cell = f"{xlsx.name_of(place)}1"
            raise WrongInput(
                file, None, f"{cell}: says {said[:40] or 'nothing'}; it must be {wanted}, as it was written"
            )
    return rows
