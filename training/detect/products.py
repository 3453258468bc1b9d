"""Photos of single garments as the detector learns from them: the class a person said, the box of the outline.

A person in the picture wears more than the garment that it is labelled with, so such pictures are left out.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np

from training.data.labelled import Kind, Picture, read_folder
from training.data.split import GARMENTS_SALT, Part, part_of
from training.data.street import Photo
from training.data.tables import read_picture
from training.detect.score import found_at
from udfs.pictures.detect import CLASSES, Detection, overlap
from udfs.pictures.preprocess import Placement, letterbox
from udfs.runtime.models import Model

AT_ONCE = 32
INSIDE = 0.5
SMALLEST_SHARE, LARGEST_SHARE = 0.02, 0.98
"""Of the picture: an outline that covers less or more is not trusted."""
SURE, BESIDE = 0.3, 0.5
"""Another class found so surely, whose box overlaps the outline's by less, is another garment."""


def read_products(folders: Sequence[Path], screen: Model, detector: Model) -> list[Photo]:
    """Single garments of senders that the filter does not hold back either; the release `screen` outlines them."""
    found = [read_folder(folder) for folder in folders]
    pictures = [
        picture
        for kind, some in found
        for picture in some
        if kind is Kind.GARMENTS and picture.label in CLASSES and part_of(picture.group, GARMENTS_SALT) is Part.TRAIN
    ]
    return [
        photo
        for start in range(0, len(pictures), AT_ONCE)
        for photo in _outlined(pictures[start : start + AT_ONCE], screen, detector)
    ]


def _outlined(pictures: Sequence[Picture], screen: Model, detector: Model) -> Iterator[Photo]:
    side = screen.description.side
    pixels = [read_picture(picture.path) for picture in pictures]
    outlines = screen.run(np.stack([letterbox(one, side)[0] for one in pixels]))["outline"]
    others = found_at([picture.path for picture in pictures], detector)
    for picture, shown, outline, detections in zip(pictures, pixels, outlines, others, strict=True):
        box = box_of(outline, Placement.of(shown.shape[1], shown.shape[0], side), side)
        if box is not None and not is_worn(box, picture.label, detections):
            yield Photo(
                picture.path,
                picture.source,
                picture.group,
                box[None],
                np.array([CLASSES.index(picture.label)]),
                np.zeros((0, 4), np.float32),
                np.ones(len(CLASSES), bool),
            )


def box_of(outline: np.ndarray, place: Placement, side: int) -> np.ndarray | None:
    """The box [4] in 0..1 of the picture around what an outline [S, S] of its canvas holds; None: hardly anything."""
    inside = cv2.resize(outline, (side, side), interpolation=cv2.INTER_LINEAR)[place.rows, place.columns] > INSIDE
    if not SMALLEST_SHARE < inside.mean() < LARGEST_SHARE:
        return None
    rows, columns = np.flatnonzero(inside.any(1)), np.flatnonzero(inside.any(0))
    corners = np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1], np.float32)
    return corners / np.array([place.width, place.height] * 2, np.float32)


def is_worn(box: np.ndarray, name: str, detections: Sequence[Detection]) -> bool:
    """Whether a garment of another class lies beside the one in `box`."""
    sure = [item.box for item in detections if item.name != name and item.score >= SURE]
    return bool(len(sure)) and bool(overlap(np.array(sure, np.float32), box[None]).min() < BESIDE)
