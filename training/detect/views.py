"""Labelled photos as the detector learns from them: moved, mirrored, turned, in other light, four on one canvas.

What a step shows depends on the plan's seed, the step and the slot alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from training.data.street import Photo
from training.data.tables import read_picture
from training.detect.targets import Targets, draw
from udfs.pictures.preprocess import PAD

ZOOM = (0.6, 1.8)
ASPECT = 0.08
"""Log of how much wider or narrower a photo may become."""
SHIFT = 0.15
TURNED, MOST_DEGREES = 0.25, 6.0
FOURS = 0.25
"""Share of the canvases that show four photos."""
COVERED, MOST_PATCHES, LARGEST_PATCH = 0.4, 3, 0.2
"""Share of the canvases with something before them, how many patches at most, and their largest side's share."""
BLURRED = 0.15
SMALLEST_VISIBLE = 0.4
"""A garment of which less is left on the canvas is not learnt."""


@dataclass(frozen=True)
class View:
    """A canvas (H, W, 3) uint8 with the boxes [N, 4] and the regions [M, 4] that lie on it, in its pixels."""

    pixels: np.ndarray
    boxes: np.ndarray
    classes: np.ndarray
    ignored: np.ndarray
    labelled: np.ndarray

    def targets(self) -> Targets:
        """What the head should answer."""
        return draw(self.boxes, self.classes, self.ignored, self.labelled, self.pixels.shape[:2])


def view(photos: Sequence[Photo], first: Photo, shape: tuple[int, int], dice: np.random.Generator) -> View:
    """A canvas of `shape` (height, width) with `first`, or three others too, labelled in the same classes."""
    if dice.random() >= FOURS:
        return _moved(first, shape, dice)
    alike = [photo for photo in photos if np.array_equal(photo.labelled, first.labelled)]
    others = [alike[place] for place in dice.integers(len(alike), size=3)]
    down, across = shape[0] // 2, shape[1] // 2
    parts = [_moved(photo, (down, across), dice) for photo in (first, *others)]
    canvas = np.empty((*shape, 3), np.uint8)
    offsets = [(0, 0), (across, 0), (0, down), (across, down)]
    for part, (left, top) in zip(parts, offsets, strict=True):
        canvas[top : top + down, left : left + across] = part.pixels
    places = [np.array([*offset, *offset], np.float32) for offset in offsets]
    return View(
        canvas,
        np.concatenate([part.boxes + place for part, place in zip(parts, places, strict=True)]),
        np.concatenate([part.classes for part in parts]),
        np.concatenate([part.ignored + place for part, place in zip(parts, places, strict=True)]),
        first.labelled,
    )


def _moved(photo: Photo, shape: tuple[int, int], dice: np.random.Generator) -> View:
    pixels = read_picture(photo.path)
    matrix = _matrix(pixels.shape[:2], shape, dice)
    canvas = cv2.warpAffine(pixels, matrix, shape[::-1], flags=cv2.INTER_LINEAR, borderValue=(PAD, PAD, PAD))
    scale = np.array([pixels.shape[1], pixels.shape[0]] * 2, np.float32)
    boxes, ignored = through(photo.boxes * scale, matrix), through(photo.ignored * scale, matrix)
    edge = np.array([shape[1], shape[0]] * 2, np.float32)
    clipped = np.clip(boxes, 0, edge)
    left = np.clip(clipped[:, 2:] - clipped[:, :2], 0, None).prod(1)
    seen = left > SMALLEST_VISIBLE * np.maximum((boxes[:, 2:] - boxes[:, :2]).prod(1), 1e-6)
    hidden = clipped[~seen & (left > 0)]
    regions = np.concatenate((np.clip(ignored, 0, edge), hidden))
    return View(_covered(_lit(canvas, dice), dice), clipped[seen], photo.classes[seen], regions, photo.labelled)


def _matrix(photo: tuple[int, ...], shape: tuple[int, int], dice: np.random.Generator) -> np.ndarray:
    """From the photo's pixels to the canvas's, 2 x 3: the whole photo fits on it before zooming."""
    scale = min(shape[0] / photo[0], shape[1] / photo[1]) * np.exp(dice.uniform(*np.log(ZOOM)))
    wide = np.exp(dice.uniform(-ASPECT, ASPECT))
    angle = np.radians(dice.uniform(-MOST_DEGREES, MOST_DEGREES)) if dice.random() < TURNED else 0.0
    flip = -1.0 if dice.random() < 0.5 else 1.0
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = turn @ np.diag([scale * wide * flip, scale / wide])
    size = np.array(shape[::-1])
    middle = size / 2 + dice.uniform(-SHIFT, SHIFT, 2) * size
    offset = middle - matrix @ np.array(photo[::-1]) / 2
    return np.column_stack((matrix, offset)).astype(np.float32)


def through(boxes: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Boxes [N, 4] on the canvas. Where turned, those of the ellipses in them: garments do not fill their corners."""
    centre, half = (boxes[:, :2] + boxes[:, 2:]) / 2, (boxes[:, 2:] - boxes[:, :2]) / 2
    moved = centre @ matrix[:, :2].T + matrix[:, 2]
    reach = np.sqrt((half**2) @ (matrix[:, :2] ** 2).T)
    return np.concatenate((moved - reach, moved + reach), axis=1).astype(np.float32)


def _lit(canvas: np.ndarray, dice: np.random.Generator) -> np.ndarray:
    """In other light: gain and gamma of the whole, a tint of each channel, paler or stronger colours; some blurred."""
    gamma, gain = np.exp(dice.uniform(-0.4, 0.4)), np.exp(dice.uniform(-0.25, 0.25))
    tint = np.exp(dice.uniform(-0.12, 0.12, 3))
    curve = (np.arange(256) / 255.0) ** gamma * gain
    table = np.clip(curve[:, None] * tint[None, :] * 255.0, 0, 255).astype(np.uint8)
    lit = cv2.LUT(canvas, table[None])
    colour = dice.uniform(0.0, 1.5)
    grey = cv2.cvtColor(cv2.cvtColor(lit, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    lit = cv2.addWeighted(lit, colour, grey, 1 - colour, 0)
    return cv2.GaussianBlur(lit, (0, 0), dice.uniform(0.5, 1.2)) if dice.random() < BLURRED else lit


def _covered(canvas: np.ndarray, dice: np.random.Generator) -> np.ndarray:
    """Patches of one colour before some canvases: a garment is still known by what is left of it."""
    if dice.random() >= COVERED:
        return canvas
    height, width = canvas.shape[:2]
    for _ in range(int(dice.integers(1, MOST_PATCHES + 1))):
        down, across = (dice.uniform(0.05, LARGEST_PATCH, 2) * (height, width)).astype(int)
        top, left = int(dice.uniform(0, height - down)), int(dice.uniform(0, width - across))
        canvas[top : top + down, left : left + across] = dice.integers(0, 256, 3)
    return canvas
