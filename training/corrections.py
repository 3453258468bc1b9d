"""Labels that a person found wrong: read by training and by scoring.

`corrections/<model>.tsv` names a picture by the sha256 of its file: columns sha256, old, new, reason, initials. A `new`
of `drop` takes the picture out.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from training.labelled import Picture
from training.tables import DataError, read_rows

DROP = "drop"
FOLDER = Path(__file__).resolve().parents[1] / "corrections"


def read_corrections(model: str, folder: Path = FOLDER) -> dict[str, tuple[str, str]]:
    """Old and new label by sha256; empty where there is no file."""
    path = folder / f"{model}.tsv"
    if not path.exists():
        return {}
    return {row["sha256"]: (row["old"], row["new"]) for row in read_rows(path)}


def corrected(pictures: Iterable[Picture], corrections: dict[str, tuple[str, str]]) -> list[Picture]:
    """The pictures with their corrected labels; one whose label is not the correction's old one is a `DataError`."""
    if not corrections:
        return list(pictures)
    kept = []
    for picture in pictures:
        old, new = corrections.get(_sha256(picture.path), (picture.label, picture.label))
        if old != picture.label:
            raise DataError(f"{picture.path}: labelled {picture.label}, its correction says {old}")
        if new != DROP:
            kept.append(replace(picture, label=new))
    return kept


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
