"""Preprocessing for the encoder's networks. `preprocessing` in their model.json names the function and its revision."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

KNOWN = {"letterbox": 1, "crop": 1}
"""The functions of this module, and their revisions."""
PAD = 127
MARGIN = 0.04  # of the box, added on every side of a crop


@dataclass(frozen=True)
class Placement:
    """The place of a picture on its square canvas, in canvas pixels."""

    left: int
    top: int
    width: int
    height: int


def letterbox(pixels: np.ndarray, side: int) -> tuple[np.ndarray, Placement]:
    """The whole picture scaled into the middle of a grey (side, side, 3) canvas."""
    height, width = pixels.shape[:2]
    scale = side / max(height, width)
    inner_width, inner_height = max(1, round(width * scale)), max(1, round(height * scale))
    left, top = (side - inner_width) // 2, (side - inner_height) // 2
    canvas = np.full((side, side, 3), PAD, np.uint8)
    canvas[top : top + inner_height, left : left + inner_width] = _resized(pixels, inner_width, inner_height)
    return canvas, Placement(left, top, inner_width, inner_height)


def crop(pixels: np.ndarray, box: Sequence[float], side: int) -> np.ndarray:
    """The content of a box (left, top, right, bottom in 0..1) with a margin, scaled to (side, side, 3)."""
    left, top, right, bottom = box
    height, width = pixels.shape[:2]
    aside, above = (right - left) * MARGIN, (bottom - top) * MARGIN
    columns, rows = _span(left - aside, right + aside, width), _span(top - above, bottom + above, height)
    return _resized(pixels[rows, columns], side, side)


def opened_side(side: int, box: Sequence[float]) -> int:
    """How many pixels the picture's shorter side needs so that a crop has `side`."""
    left, top, right, bottom = box
    return round(side / max(min(right - left, bottom - top), 0.1))


def _resized(pixels: np.ndarray, width: int, height: int) -> np.ndarray:
    enlarging = width > pixels.shape[1] or height > pixels.shape[0]
    return cv2.resize(pixels, (width, height), interpolation=cv2.INTER_LINEAR if enlarging else cv2.INTER_AREA)


def _span(low: float, high: float, size: int) -> slice:
    first = min(max(int(np.floor(low * size)), 0), size - 1)
    return slice(first, min(max(int(np.ceil(high * size)), first + 1), size))
