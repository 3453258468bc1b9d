"""Fingerprints for finding near-duplicates: perceptual hashes propose, small descriptors confirm."""

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

from schemas.tables import DESCRIPTOR_BYTES

REVISION = 4
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

CUT = 0.05
"""Of the side, at each side: a shop that crops takes off about so much."""

STEP = 3
"""The ground goes on while neighbouring pixels, a little blurred, differ by no more in each channel: it may fade."""

LEAST_GROUND, LEAST_SUBJECT = 0.1, 0.03
"""Shares of the picture; below these nothing is told apart from its ground."""

GROUND = 255


class Prints(NamedTuple):
    """Of N pictures; all uint8, as the columns of FINGERPRINTS."""

    phash: np.ndarray  # (N, 8): of the whole picture
    trimmed_phash: np.ndarray  # (N, 8): without its even border
    mirrored_phash: np.ndarray  # (N, 8): of its mirror image
    inner_phash: np.ndarray  # (N, 8): with a twentieth cut off at each side
    subject_phash: np.ndarray  # (N, 8): of what stands before the ground, on white
    descriptor: np.ndarray  # (N, DESCRIPTOR_BYTES): 16 x 16 of L and 8 x 8 of a and b; whole, trimmed, inner, subject

    def take(self, rows: np.ndarray) -> "Prints":
        return Prints(*(values[rows] for values in self))


def fingerprint(pixels: Sequence[np.ndarray]) -> Prints:
    """Of B pictures (H, W, 3) uint8 RGB."""
    found = empty(len(pixels))
    for at, picture in enumerate(pixels):
        grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
        trimmed, inner = _inner(grey), _cut(grey)
        subject = _on_white(picture)
        grey_subject = cv2.cvtColor(subject, cv2.COLOR_RGB2GRAY)
        found.phash[at], found.mirrored_phash[at] = _phash(grey), _phash(grey[:, ::-1])
        found.trimmed_phash[at], found.inner_phash[at] = _phash(grey[trimmed]), _phash(grey[inner])
        found.subject_phash[at] = _phash(grey_subject)
        looks = (picture, picture[trimmed], picture[inner], subject)
        found.descriptor[at] = np.concatenate([_small(look) for look in looks])
    return found


def empty(count: int) -> Prints:
    """Zeros."""
    whole, trimmed, mirrored, inner, subject = np.zeros((5, count, 8), np.uint8)
    return Prints(whole, trimmed, mirrored, inner, subject, np.zeros((count, DESCRIPTOR_BYTES), np.uint8))


def _cut(grey: np.ndarray) -> tuple[slice, slice]:
    height, width = (max(1, round(side * CUT)) for side in grey.shape)
    if min(grey.shape[0] - 2 * height, grey.shape[1] - 2 * width) < 1:
        return slice(None), slice(None)
    return slice(height, grey.shape[0] - height), slice(width, grey.shape[1] - width)


def _on_white(picture: np.ndarray) -> np.ndarray:
    """The window of what stands before a ground that reaches the corners, with white in place of the ground."""
    subject = ~_ground(picture)
    if subject.mean() > 1 - LEAST_GROUND or subject.mean() < LEAST_SUBJECT:
        return picture
    rows, columns = (np.flatnonzero(subject.mean(axis=axis) > NOISE) for axis in (1, 0))
    if not len(rows) or not len(columns):
        return picture
    window = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    return np.where(subject[window][:, :, None], picture[window], np.uint8(GROUND))


def _ground(picture: np.ndarray) -> np.ndarray:
    """(H, W) bool: what is joined to a corner without a step."""
    blurred = cv2.blur(picture, (3, 3))
    height, width = blurred.shape[:2]
    mask = np.zeros((height + 2, width + 2), np.uint8)
    flags = cv2.FLOODFILL_MASK_ONLY | 4 | (1 << 8)
    for y, x in ((0, 0), (0, width - 1), (height - 1, 0), (height - 1, width - 1)):
        if not mask[y + 1, x + 1]:
            cv2.floodFill(blurred, mask, (x, y), 0, (STEP,) * 3, (STEP,) * 3, flags)
    return mask[1:-1, 1:-1].astype(bool)


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
