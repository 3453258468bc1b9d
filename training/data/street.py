"""Photos with a box around every garment: which boxes are learnt, which regions count neither way."""

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from training.data.tables import read_rows
from udfs.pictures.detect import CLASSES

CCP_BLOCK, CFPD_BLOCK = 20, 2000
"""Neighbouring numbers of these two sources are often one blogger's photos: they are kept on one side."""


@dataclass(frozen=True)
class Photo:
    """One labelled photo: `boxes` float32 [N, 4] in 0..1, `classes` int64 [N]."""

    path: Path
    source: str
    group: str
    boxes: np.ndarray
    classes: np.ndarray
    ignored: np.ndarray
    """Regions float32 [M, 4] that count neither way, whatever the class."""
    labelled: np.ndarray
    """bool [classes]: what the source labels at all; the rest is unknown, not background."""


def group_of(source: str, file: str) -> str:
    """What must not be split of a photo: a block of numbers, or the photo itself."""
    number = "".join(letter for letter in Path(file).stem if letter.isdigit())
    if source == "ccp":
        return f"ccp/{int(number) // CCP_BLOCK}"
    if source == "cfpd":
        return f"cfpd/{int(number) // CFPD_BLOCK}"
    return f"{source}/{Path(file).stem}"


def coverage(folder: Path) -> dict[str, np.ndarray]:
    """Which of the detector's classes each source labels; `all` and sources of single items label every one."""
    labelled = {}
    for row in read_rows(folder / "coverage.tsv"):
        named = set(row["classes_labelled"].split(","))
        known = [name in named for name in CLASSES]
        labelled[row["source"]] = np.array(known if any(known) else [True] * len(CLASSES))
    return labelled


def read_street(folder: Path) -> list[Photo]:
    """Every photo of `folder` that has boxes, sorted by file name."""
    labelled = coverage(folder)
    by_file: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in read_rows(folder / "boxes.tsv"):
        by_file[row["file"]].append(row)
    photos = []
    for row in sorted(read_rows(folder / "images.tsv"), key=lambda row: row["file"]):
        if row["kind"] == "boxes":
            photos.append(_photo(folder, row, by_file[row["file"]], labelled))
    return photos


def _photo(folder: Path, row: dict[str, str], boxes: list[dict[str, str]], labelled: dict[str, np.ndarray]) -> Photo:
    size = np.array([int(row["width"]), int(row["height"])] * 2, dtype=np.float32)
    corners = np.array([[float(box[key]) for key in ("x0", "y0", "x1", "y1")] for box in boxes], dtype=np.float32)
    corners = corners.reshape(-1, 4) / size
    unsure = np.array([box["class"] == "ignore" or box["small"] == "1" for box in boxes], dtype=bool)
    known = np.array([box["class"] in CLASSES for box in boxes], dtype=bool) & ~unsure
    names = [box["class"] for box, keep in zip(boxes, known, strict=True) if keep]
    return Photo(
        path=folder / "images" / row["file"],
        source=row["source"],
        group=group_of(row["source"], row["file"]),
        boxes=corners[known],
        classes=np.array([CLASSES.index(name) for name in names], dtype=np.int64),
        ignored=corners[unsure],
        labelled=labelled[row["source"]],
    )
