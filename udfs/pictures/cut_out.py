"""Cuts the subject of a picture out of its background, so that its outline shows the class. Training uses it too."""

import cv2
import numpy as np

from udfs.pictures.preprocess import Placement, letterbox, resize

PALE = 235
"""What the background becomes: the light grey of a studio's wall."""
OUTSIDE, INSIDE = 0.2, 0.8
"""The probabilities up to which a pixel is wholly background, and from which on it is wholly kept."""
SMALLEST_SHARE = 0.01
"""Of a picture; where less is inside the outline there is nothing to cut out, and the whole picture stays."""
MARGIN = 0.04
"""Added on every side, as a share of what is cut out."""


def cut_out(pixels: np.ndarray, outline: np.ndarray, side: int) -> np.ndarray:
    """A canvas (side, side, 3) uint8 that the subject of (H, W, 3) uint8 `pixels` fills, its background pale.

    `outline` (S, S) float32: how probably each place of the letterboxed picture belongs to the subject.
    """
    height, width = pixels.shape[:2]
    whole = Placement.of(width, height, side)
    kept = cv2.resize(outline, (side, side), interpolation=cv2.INTER_LINEAR)[whole.rows, whole.columns]
    inside = kept > 0.5
    if inside.mean() < SMALLEST_SHARE:
        return letterbox(pixels, side)[0]
    rows = _span(np.flatnonzero(inside.any(axis=1)), whole.height)
    columns = _span(np.flatnonzero(inside.any(axis=0)), whole.width)
    part = pixels[_scaled(rows, height / whole.height), _scaled(columns, width / whole.width)]
    canvas, place = letterbox(part, side, PALE)
    share = resize(kept[rows, columns], place.width, place.height)
    share = np.clip((share - OUTSIDE) / (INSIDE - OUTSIDE), 0, 1)[..., np.newaxis]
    canvas[place.rows, place.columns] = canvas[place.rows, place.columns] * share + PALE * (1 - share)
    return canvas


def _span(places: np.ndarray, size: int) -> slice:
    """From the first to the last of ascending places, with a margin, in 0 to `size`."""
    first, stop = int(places[0]), int(places[-1]) + 1
    margin = round((stop - first) * MARGIN)
    return slice(max(first - margin, 0), min(stop + margin, size))


def _scaled(span: slice, scale: float) -> slice:
    return slice(int(span.start * scale), max(round(span.stop * scale), int(span.start * scale) + 1))
