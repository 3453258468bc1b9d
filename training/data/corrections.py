"""Labels that a person found wrong: read by training and by scoring.

`corrections/<model>.tsv` has the columns sha256 (of a picture's file; text_key of a text), old, new, reason, initials.
A `new` of `drop` or `ambiguous` takes the row out. A correction is for rows that are labelled `old`, no others: two
sources may label one picture differently.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from training.data.labelled import Picture
from training.data.tables import DataError, read_rows

AMBIGUOUS, DROP = "ambiguous", "drop"
FOLDER = Path(__file__).resolve().parents[2] / "corrections"

Corrections = dict[tuple[str, str], str]
"""The new label by key and old label."""


def read_corrections(model: str, folder: Path = FOLDER) -> Corrections:
    """The corrections of a model's labels; empty where there is no file. Two that contradict are a `DataError`."""
    path = folder / f"{model}.tsv"
    found: Corrections = {}
    for row in read_rows(path) if path.exists() else []:
        key = row.get("sha256") or row.get("text_key")
        if not key or not row.get("old") or not row.get("new"):
            raise DataError(f"{path}: each row needs sha256 or text_key, old and new")
        if found.setdefault((key, row["old"]), row["new"]) != row["new"]:
            raise DataError(
                f"{path}: {key} is corrected from {row['old']} to {found[key, row['old']]} and {row['new']}"
            )
    return found


def said_of(model: str) -> str:
    """What a card says of a model's corrections."""
    found = read_corrections(model)
    gone = sum(label in (AMBIGUOUS, DROP) for label in found.values())
    return (
        f"{len(found)} labels were corrected by hand (`corrections/{model}.tsv`): {len(found) - gone} renamed, {gone} "
        "left out as ambiguous or useless. They were found among a release's worst mistakes: wrong labels that the "
        "model agrees with are still there, so the figures are slightly too good."
    )


def corrected(pictures: Iterable[Picture], corrections: Corrections) -> list[Picture]:
    """The pictures with their corrected labels, less those that are dropped or ambiguous."""
    if not corrections:
        return list(pictures)
    kept = []
    for picture in pictures:
        label = corrections.get((sha256_of(picture.path), picture.label), picture.label)
        if label not in (AMBIGUOUS, DROP):
            kept.append(replace(picture, label=label))
    return kept


def garment_pictures(pictures: Iterable[Picture]) -> list[Picture]:
    """Pictures of single garments with the corrected class."""
    return corrected(pictures, read_corrections("classify"))


def sha256_of(path: Path) -> str:
    """The sha256 of a file in hexadecimal, as corrections name it."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from error
