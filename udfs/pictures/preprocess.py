"""Turns pixels into the input of a network. Training and the night both use this module."""

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

    @classmethod
    def of(cls, width: int, height: int, side: int) -> "Placement":
        """Where a picture of `width` and `height` pixels lies on a canvas of `side`: whole and in the middle."""
        scale = side / max(height, width)
        inner_width, inner_height = max(1, round(width * scale)), max(1, round(height * scale))
        return cls((side - inner_width) // 2, (side - inner_height) // 2, inner_width, inner_height)

    @property
    def rows(self) -> slice:
        """The canvas's rows that the picture takes."""
        return slice(self.top, self.top + self.height)

    @property
    def columns(self) -> slice:
        """The canvas's columns that the picture takes."""
        return slice(self.left, self.left + self.width)


def resize(pixels: np.ndarray, width: int, height: int) -> np.ndarray:
    """Scale (H, W, 3) uint8 to (height, width, 3): area average when shrinking, bilinear when enlarging."""
    enlarging = width > pixels.shape[1] or height > pixels.shape[0]
    interpolation = cv2.INTER_LINEAR if enlarging else cv2.INTER_AREA
    return cv2.resize(pixels, (width, height), interpolation=interpolation)


def letterbox(pixels: np.ndarray, side: int, pad: int = PAD) -> tuple[np.ndarray, Placement]:
    """Scale the whole picture into a square of `side`, centred, the rest of the grey `pad`.

    Returns the canvas (side, side, 3) uint8 and the picture's place on it. No side becomes less than one pixel.
    """
    height, width = pixels.shape[:2]
    place = Placement.of(width, height, side)
    canvas = np.full((side, side, 3), pad, dtype=np.uint8)
    canvas[place.rows, place.columns] = resize(pixels, place.width, place.height)
    return canvas, place


def squeeze(pixels: np.ndarray, side: int) -> np.ndarray:
    """Scale the whole picture to (side, side, 3), its shape given up for its detail."""
    return resize(pixels, side, side)
