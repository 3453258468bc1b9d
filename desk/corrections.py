"""What an analyst finds wrong at the desk, as lines of the files in `corrections/` that training and scoring read."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from desk.edits import write_durably
from desk.mapping_file import locked
from schemas.errors import WrongInput
from schemas.lists import lines_of

LABEL = ("old", "new", "reason", "initials")
COLUMNS = {
    "text": ("text_key", *LABEL),
    "choose": ("sha256", "category", "class", "x0", "y0", "x1", "y1", "verdict", "initials"),
}
"""Columns of each file, by its name."""

KEYS = {"text": 2, "choose": 7}
"""How many columns say what is corrected; the next one is what a person says of it."""

LONGEST = 200


@dataclass(frozen=True)
class Correction:
    """One line of `corrections/<file>.tsv`, in the order of `COLUMNS`."""

    file: str
    cells: tuple[str, ...]

    @property
    def key(self) -> str:
        """A name for it that an address can hold."""
        return sha256("\t".join((self.file, *self.cells)).encode()).hexdigest()[:20]

    @property
    def by(self) -> str:
        return self.cells[-1]

    @property
    def said(self) -> str:
        """What it says, for a person."""
        if self.file == "text":
            return f"the text says {self.cells[1]}, it is {self.cells[2]}"
        return f"a box for {self.cells[2] or 'the whole picture'} is {self.cells[7]}"


def of_text(name: str, old: str, new: str, reason: str, by: str) -> Correction:
    """Another leaf, or `out_of_scope`, for a text that named `old`. `name`: `text_name` in 16 hexadecimal digits."""
    return Correction("text", (name, old, new, reason, by))


def of_box(picture: bytes, category: str, chosen: str | None, box: Sequence[float], by: str) -> Correction:
    """A wrong box, chosen as a piece of the class `chosen`; None where the whole picture was taken."""
    corners = (f"{side:.4f}" for side in box)
    return Correction("choose", (picture.hex(), category, chosen or "", *corners, "wrong", by))


def add(folder: Path, correction: Correction) -> str:
    """Adds a line; returns the file and its number. Raises WrongInput where the file is broken or says otherwise.

    What is there stays byte for byte, and another desk's line of the same moment too.
    """
    path, columns = folder / f"{correction.file}.tsv", COLUMNS[correction.file]
    cells = [_plain(cell) for cell in correction.cells]
    _check_initials(cells[-1])
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder):
        said = KEYS[correction.file]
        for line, row in lines_of(path, columns):
            there = row.split("\t")
            if len(there) != len(columns):
                raise WrongInput(path, line, f"a line needs {len(columns)} cells separated by tabs")
            if there[:said] == cells[:said]:
                if there[said] != cells[said]:
                    text = f"{there[-1]} has corrected this to {there[said]} already; mend that line, or leave it"
                    raise WrongInput(path, line, text)
                return f"{path}:{line}"
        body = path.read_bytes() if path.exists() else ("\t".join(columns) + "\n").encode()
        body += b"" if body.endswith(b"\n") else b"\n"
        write_durably(path, body + ("\t".join(cells) + "\n").encode())
        return f"{path}:{body.count(10) + 1}"


def written(folder: Path, text_name: str, pictures: Collection[bytes]) -> list[Correction]:
    """What has been corrected of a text and of pictures. Raises WrongInput where a file is broken."""
    names = {"text": {text_name}, "choose": {picture.hex() for picture in pictures}}
    found = []
    for file, columns in COLUMNS.items():
        for _, row in lines_of(folder / f"{file}.tsv", columns):
            cells = tuple(row.rstrip("\r").split("\t"))
            if cells[0] in names[file] and len(cells) == len(columns):
                found.append(Correction(file, cells))
    return found


def remove(folder: Path, correction: Correction) -> str:
    """Takes a line out again; returns the file. What else is there stays byte for byte. Raises WrongInput."""
    path = folder / f"{correction.file}.tsv"
    with locked(folder):
        for line, row in lines_of(path, COLUMNS[correction.file]):
            if tuple(row.rstrip("\r").split("\t")) == correction.cells:
                lines = path.read_bytes().split(b"\n")
                del lines[line - 1]
                write_durably(path, b"\n".join(lines))
                return str(path)
    raise WrongInput(path, None, "the line is not there any more; load the page again")


def _plain(cell: str) -> str:
    """One line without tabs: a title may hold anything."""
    return " ".join("".join(c if c.isprintable() else " " for c in cell).split())[:LONGEST]


def _check_initials(by: str) -> None:
    if not by.isalpha() or len(by) > 6:
        raise WrongInput("initials", None, "your initials are needed to correct something: one to six letters")
