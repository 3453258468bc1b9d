"""What near-identical pictures are found by: two perceptual hashes propose, a small descriptor confirms."""

from collections.abc import Sequence

import cv2
import numpy as np

from schemas.tables import DESCRIPTOR_BYTES

REVISION = 1
"""Raised when the same pixels come to give another fingerprint."""

HASHED_PX = 32
KEPT = 8
"""A pHash keeps the lowest 8 x 8 frequencies of 32 x 32 grey pixels (Zauner 2010, section 3.2.1)."""

EVEN = 12
"""Grey levels by which an even border may vary: recompression moves white by less than that."""

LEAST_LEFT = 0.2
"""Trimming that would leave less of a side than this is not trimming; the picture stays as it is."""


def fingerprint(pixels: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of B pictures (H, W, 3) uint8 RGB: pHash (B, 8), pHash without the even border (B, 8), descriptor (B, 192), uint8.

    The descriptor is 8 x 8 pixels of L, a, b of the picture without its border.
    """
    hashes, trimmed_hashes = np.zeros((len(pixels), 8), np.uint8), np.zeros((len(pixels), 8), np.uint8)
    descriptors = np.zeros((len(pixels), DESCRIPTOR_BYTES), np.uint8)
    for at, picture in enumerate(pixels):
        grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
        window = _inner(grey)
        hashes[at], trimmed_hashes[at] = _phash(grey), _phash(grey[window])
        small = cv2.resize(picture[window], (KEPT, KEPT), interpolation=cv2.INTER_AREA)
        descriptors[at] = cv2.cvtColor(small, cv2.COLOR_RGB2LAB).reshape(-1)
    return hashes, trimmed_hashes, descriptors


def _phash(grey: np.ndarray) -> np.ndarray:
    """64 bits as (8,) uint8: which low frequencies lie above their median."""
    small = cv2.resize(grey, (HASHED_PX, HASHED_PX), interpolation=cv2.INTER_AREA).astype(np.float32)
    low = cv2.dct(small)[:KEPT, :KEPT].reshape(-1)
    return np.packbits(low > np.median(low))


def _inner(grey: np.ndarray) -> tuple[slice, slice]:
    """The window that is left when rows and columns of the corner's grey are taken off each side."""
    differs = np.abs(grey.astype(np.int16) - int(grey[0, 0])) > EVEN
    sides = []
    for axis in (1, 0):
        filled = np.flatnonzero(differs.any(axis=axis))
        length = differs.shape[1 - axis]
        start, stop = (int(filled[0]), int(filled[-1]) + 1) if len(filled) else (0, length)
        sides.append(slice(start, stop) if stop - start >= LEAST_LEFT * length else slice(0, length))
    return sides[0], sides[1]
