"""Garments cut out of street photos: worn examples of the classes that single garments show lying flat."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from training.street import Photo
from training.tables import read_picture
from udfs.pictures.detect import CLASSES

WORN = ("dress", "outerwear", "shorts", "skirt", "top", "trousers")
"""Classes whose cuts show enough: a shoe or a bag in the street is a few pixels."""
MOST_OF_A_CLASS = 250
SMALLEST_SIDE = 0.12
"""Of the photo's; below it a cut is a blur."""
MARGIN = 0.06
"""Of the box, on every side: boxes are drawn tight."""


@dataclass(frozen=True)
class Cut:
    """A part of a photo that shows one garment: `box` is left, top, right, bottom in 0..1."""

    path: Path
    box: tuple[float, float, float, float]
    label: str

    def read(self) -> np.ndarray:
        """The part's pixels (H, W, 3) uint8."""
        pixels = read_picture(self.path)
        height, width = pixels.shape[:2]
        left, top, right, bottom = self.box
        across, down = MARGIN * (right - left), MARGIN * (bottom - top)
        rows = slice(int(max(0.0, top - down) * height), int(np.ceil(min(1.0, bottom + down) * height)))
        columns = slice(int(max(0.0, left - across) * width), int(np.ceil(min(1.0, right + across) * width)))
        return pixels[rows, columns]


def largest_cuts(photos: Sequence[Photo]) -> list[Cut]:
    """The largest garments of each class that is worn, at most `MOST_OF_A_CLASS` of one."""
    found: dict[str, list[tuple[float, Cut]]] = {label: [] for label in WORN}
    for photo in photos:
        for box, place in zip(photo.boxes.tolist(), photo.classes.tolist(), strict=True):
            label, side = CLASSES[place], min(box[2] - box[0], box[3] - box[1])
            if label in found and side >= SMALLEST_SIDE:
                found[label].append((side, Cut(photo.path, tuple(box), label)))
    by_size = (sorted(cuts, key=lambda item: (-item[0], str(item[1].path))) for cuts in found.values())
    return [cut for cuts in by_size for _, cut in cuts[:MOST_OF_A_CLASS]]
