"""Cutting a garment out of its picture, for training and for the night alike."""

from collections.abc import Sequence

import numpy as np

from udfs.pictures.preprocess import squeeze

MARGIN = 0.04
"""Added on every side, as a share of the box: the detector's boxes cut hems and sleeves."""
WHOLE = (0.0, 0.0, 1.0, 1.0)


def crop(pixels: np.ndarray, box: Sequence[float], side: int) -> np.ndarray:
    """The part of (H, W, 3) uint8 `pixels` in `box` (left, top, right, bottom in 0..1), as (side, side, 3) uint8.

    A box that leaves the picture is clipped; one without area, or not a number, becomes at least one pixel.
    """
    height, width = pixels.shape[:2]
    left, top, right, bottom = np.nan_to_num(np.asarray(box, dtype=np.float64), nan=0.0, posinf=1.0, neginf=0.0)
    aside, above = (right - left) * MARGIN, (bottom - top) * MARGIN
    first_column, last_column = _span(left - aside, right + aside, width)
    first_row, last_row = _span(top - above, bottom + above, height)
    return squeeze(pixels[first_row:last_row, first_column:last_column], side)


def _span(low: float, high: float, size: int) -> tuple[int, int]:
    first = min(max(int(np.floor(low * size)), 0), size - 1)
    return first, min(max(int(np.ceil(high * size)), first + 1), size)
