"""Fingerprints for finding near-duplicates: two perceptual hashes propose, two small descriptors confirm."""

from collections.abc import Sequence

import cv2
import numpy as np

from schemas.tables import DESCRIPTOR_BYTES

REVISION = 3
"""Raised when the same pixels give another fingerprint."""

OPENED_AT_PX = 96
"""The side to decode at. Hashes use 32 pixels; three times that is enough detail and quick to decode."""

HASHED_PX = 32
KEPT = 8
"""A pHash keeps the lowest 8 x 8 frequencies of 32 x 32 grey pixels (Zauner 2010, section 3.2.1)."""

LIGHTNESS_PX, COLOUR_PX = 16, 8
"""Look-alikes differ in fine lightness; colour is told from less."""

EVEN = 12
"""Grey levels by which an even border may vary: recompression moves it by less."""

NOISE = 0.01
"""A row or column belongs to the border while no more than this share of its pixels differs."""

LEAST_LEFT = 0.2
"""Trimming that would leave less of a side than this is not trimming; the picture stays as it is."""

TRIMS = 3
"""A picture padded by a shop may have had a border of its own, in another grey."""


def fingerprint(pixels: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of B pictures (H, W, 3) uint8 RGB: pHash (B, 8), pHash without border (B, 8), descriptor (B, 768), all uint8.

    The descriptor is 16 x 16 pixels of L, then 8 x 8 of a and b, of the whole picture and of it without its border.
    """
    hashes, trimmed_hashes = np.zeros((len(pixels), 8), np.uint8), np.zeros((len(pixels), 8), np.uint8)
    descriptors = np.zeros((len(pixels), DESCRIPTOR_BYTES), np.uint8)
    for at, picture in enumerate(pixels):
        grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
        window = _inner(grey)
        hashes[at], trimmed_hashes[at] = _phash(grey), _phash(grey[window])
        descriptors[at] = np.concatenate([_small(picture), _small(picture[window])])
    return hashes, trimmed_hashes, descriptors


def _phash(grey: np.ndarray) -> np.ndarray:
    """64 bits as (8,) uint8: which low frequencies lie above their median."""
    small = cv2.resize(grey, (HASHED_PX, HASHED_PX), interpolation=cv2.INTER_AREA).astype(np.float32)
    low = cv2.dct(small)[:KEPT, :KEPT].reshape(-1)
    return np.packbits(low > np.median(low))


def _small(picture: np.ndarray) -> np.ndarray:
    """(384,) uint8: 16 x 16 pixels of L, then 8 x 8 of a and b."""
    small = cv2.resize(np.ascontiguousarray(picture), (LIGHTNESS_PX, LIGHTNESS_PX), interpolation=cv2.INTER_AREA)
    lab = cv2.cvtColor(small, cv2.COLOR_RGB2LAB)
    colour = cv2.resize(lab[:, :, 1:], (COLOUR_PX, COLOUR_PX), interpolation=cv2.INTER_AREA)
    return np.concatenate([lab[:, :, 0].reshape(-1), colour.reshape(-1)])


def _inner(grey: np.ndarray) -> tuple[slice, slice]:
    """The window that is left when even borders are taken off, one inside the other."""
    window = slice(0, grey.shape[0]), slice(0, grey.shape[1])
    for _ in range(TRIMS):
        inner = _trimmed(grey, window)
        if inner == window:
            break
        window = inner
    return window


def _trimmed(grey: np.ndarray, window: tuple[slice, slice]) -> tuple[slice, slice]:
    """The window without the rows and columns that are as even as its edge."""
    view = grey[window].astype(np.int16)
    edge = np.median(np.concatenate([view[0], view[-1], view[:, 0], view[:, -1]]))
    differs = np.abs(view - edge) > EVEN
    sides = []
    for axis, outer in enumerate(window):
        filled = np.flatnonzero(differs.mean(axis=1 - axis) > NOISE)
        start, stop = (int(filled[0]), int(filled[-1]) + 1) if len(filled) else (0, outer.stop - outer.start)
        if stop - start < LEAST_LEFT * grey.shape[axis]:
            return window
        sides.append(slice(outer.start + start, outer.start + stop))
    return sides[0], sides[1]
