"""From pixels to what a network reads. Training and the night use this module and no other."""

from dataclasses import dataclass

import cv2
import numpy as np

PAD = 127
"""Grey that the networks' scaling turns into 0."""


@dataclass(frozen=True)
class Placement:
    """Where a picture lies on its square canvas, in canvas pixels."""

    left: int
    top: int
    width: int
    height: int


def resize(pixels: np.ndarray, width: int, height: int) -> np.ndarray:
    """Scale (H, W, 3) uint8 to (height, width, 3): area average when shrinking, bilinear when enlarging."""
    enlarging = width > pixels.shape[1] or height > pixels.shape[0]
    interpolation = cv2.INTER_LINEAR if enlarging else cv2.INTER_AREA
    return cv2.resize(pixels, (width, height), interpolation=interpolation)


def letterbox(pixels: np.ndarray, side: int) -> tuple[np.ndarray, Placement]:
    """Scale the whole picture into a square of `side`, centred, the rest grey.

    Returns the canvas (side, side, 3) uint8 and the picture's place on it. No side becomes less than one pixel.
    """
    height, width = pixels.shape[:2]
    scale = side / max(height, width)
    inner_width, inner_height = max(1, round(width * scale)), max(1, round(height * scale))
    left, top = (side - inner_width) // 2, (side - inner_height) // 2
    canvas = np.full((side, side, 3), PAD, dtype=np.uint8)
    canvas[top : top + inner_height, left : left + inner_width] = resize(pixels, inner_width, inner_height)
    return canvas, Placement(left, top, inner_width, inner_height)


def squeeze(pixels: np.ndarray, side: int) -> np.ndarray:
    """Scale the whole picture to (side, side, 3), its shape given up for its detail."""
    return resize(pixels, side, side)
