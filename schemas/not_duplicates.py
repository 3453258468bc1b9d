"""Pictures that are no near copies of each other, whatever they look like: `mappings/not_duplicates.tsv`."""

import re
from pathlib import Path

from schemas.errors import WrongInput
from schemas.lists import cells_of, day_of, errors_in, lines_of

COLUMNS = ("picture", "other", "reason", "date", "initials")

Apart = dict[bytes, frozenset[bytes]]
"""Each picture (sha256) with those that it is told apart from, both ways."""


def read_not_duplicates(path: Path) -> Apart:
    """Empty if there is no file. Raises WrongInput with file and line for the first error."""
    apart: Apart = {}
    for line, row in lines_of(path, COLUMNS):
        pair = _pair(path, line, row)
        for picture, other in (pair, pair[::-1]):
            apart[picture] = apart.get(picture, frozenset()) | {other}
    return apart


def errors_of_not_duplicates(path: Path) -> list[WrongInput]:
    """All errors in the file, by line."""
    return errors_in(path, COLUMNS, _pair)


def _pair(path: Path, line: int, row: str) -> tuple[bytes, bytes]:
    *pair, _, day, _ = cells_of(path, line, row, COLUMNS)
    if not all(re.fullmatch("[0-9a-f]{64}", one) for one in pair):
        raise WrongInput(path, line, "a sha256 has 64 characters out of 0-9 and a-f")
    if pair[0] == pair[1]:
        raise WrongInput(path, line, "both are the same picture")
    day_of(path, line, day)
    one, other = map(bytes.fromhex, pair)
    return one, other
