"""Lists that people write: tab separated, with a header, a date and initials on each line."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

from schemas.errors import WrongInput


def lines_of(path: Path, columns: tuple[str, ...]) -> list[tuple[int, str]]:
    """The non-blank lines below the header, with their numbers; none if there is no file. Raises WrongInput."""
    if not path.exists():
        return []
    try:
        header, *rows = path.read_text(encoding="utf-8-sig").split("\n")  # a spreadsheet may put its mark before it
    except UnicodeDecodeError:
        raise WrongInput(path, None, "the file is not UTF-8") from None
    if tuple(header.split("\t")) != columns:
        raise WrongInput(path, 1, f"the header must name the columns {', '.join(columns)}, separated by tabs")
    return [(line, row) for line, row in enumerate(rows, 2) if row.strip()]


def errors_in(path: Path, columns: tuple[str, ...], read: Callable[[Path, int, str], object]) -> list[WrongInput]:
    """All errors in the file, by line; `read` raises WrongInput for a line that is wrong."""
    found = []
    try:
        for line, row in lines_of(path, columns):
            try:
                read(path, line, row)
            except WrongInput as error:
                found.append(error)
    except WrongInput as error:
        found.append(error)
    return found


def cells_of(path: Path, line: int, row: str, columns: tuple[str, ...]) -> list[str]:
    """The cells of a line, none of them empty. Raises WrongInput."""
    cells = [cell.strip() for cell in row.split("\t")]
    if len(cells) != len(columns) or not all(cells):
        raise WrongInput(path, line, f"a line needs {len(columns)} cells separated by tabs: {', '.join(columns)}")
    return cells


def day_of(path: Path, line: int, text: str) -> date:
    """Raises WrongInput."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise WrongInput(path, line, f"{text} is not a date such as 2026-01-31") from None
