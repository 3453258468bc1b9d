"""Whether two pictures look alike: what their descriptors say of pairs that hashes proposed."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from schemas.tables import LIGHTNESS_BYTES, LOOK_BYTES
from udfs.pictures.fingerprint import Prints
from udfs.rules.near_hashes import Pairs, near

LOOKS = 4
WHOLE, TRIMMED, INNER, SUBJECT = range(LOOKS)
"""The looks of a descriptor, in its order."""

STEEP = 2
"""Steps of lightness between neighbours above this count as this: else the outline of a garment on white outweighs all
that lies within, and every plain cap is a copy of every other."""

LIKE_STEPS = 0.78
"""Least correlation of two pictures' steps of lightness. Chosen on 16 sources of catalog photos."""

NEAR_LIGHTNESS = 8.0
"""Largest mean difference of L (8 bit)."""

NEAR_COLOUR, NEAR_MOST_COLOUR, MOST_COLOUR = 1.5, 4.0, 12.0
"""Largest difference of a and b (8 bit): on average, in nine tenths of the picture, anywhere."""

NEAR_BLOCK_LIGHTNESS, NEAR_BLOCK_COLOUR = 12.0, 4.0
"""Largest difference of L, and of a and b, on average over any of 4 x 4 blocks: a picture that is a little shifted
differs along outlines and evens out, a garment in another colour differs all over."""

ROUNDED = 0.01

AT_ONCE = 20_000
"""Pairs looked at at once: some 50 MB."""


@dataclass(frozen=True)
class Way:
    """A way in which the one picture of a pair may be a copy of the other."""

    hashes: tuple[str, str]
    looks: tuple[int, int]
    is_mirrored: bool = False


SAME = (
    Way(("phash", "phash"), (WHOLE, WHOLE)),
    Way(("trimmed_phash", "trimmed_phash"), (TRIMMED, TRIMMED)),
    Way(("subject_phash", "subject_phash"), (SUBJECT, SUBJECT)),
)
MIRRORED = Way(("phash", "mirrored_phash"), (WHOLE, WHOLE), is_mirrored=True)
CROPPED = Way(("inner_phash", "phash"), (INNER, WHOLE))
UNCROPPED = Way(("phash", "inner_phash"), (WHOLE, INNER))


@dataclass(frozen=True)
class Part:
    """Some rows of fingerprints, without a copy of them: those of a million pictures are 1.5 GB."""

    prints: Prints
    rows: np.ndarray

    @classmethod
    def all_of(cls, prints: Prints) -> "Part":
        return cls(prints, np.arange(len(prints.phash)))

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, places: np.ndarray) -> "Part":
        return Part(self.prints, self.rows[places])

    def hashes(self, name: str) -> np.ndarray:
        """(N,) uint64."""
        return np.ascontiguousarray(getattr(self.prints, name)).view(np.uint64).ravel()[self.rows]

    @cached_property
    def means(self) -> np.ndarray:
        """(N, LOOKS, 3) float32: mean L, a and b of each look."""
        found = np.empty((len(self), LOOKS, 3), np.float32)
        for start in range(0, len(self), AT_ONCE):
            rows = self.prints.descriptor[self.rows[start : start + AT_ONCE]]
            looks = rows.reshape(len(rows), LOOKS, LOOK_BYTES)
            found[start : start + AT_ONCE, :, 0] = looks[:, :, :LIGHTNESS_BYTES].mean(axis=2)
            colours = looks[:, :, LIGHTNESS_BYTES:].reshape(len(rows), LOOKS, -1, 2)
            found[start : start + AT_ONCE, :, 1:] = colours.mean(axis=2)
        return found

    def looks(self, places: np.ndarray, look: int) -> np.ndarray:
        """(P, LOOK_BYTES) uint8."""
        return self.prints.descriptor[self.rows[places], look * LOOK_BYTES : (look + 1) * LOOK_BYTES]


def copies(one: Part, other: Part, bits: int) -> Iterator[Pairs]:
    """Pairs of copies among N and M pictures, some at a time; a pair may come more than once, with other bits.

    Of a part with itself a picture is no copy of itself, and the earlier one comes first.
    """
    ways = (*SAME, MIRRORED, CROPPED) if one is other else (*SAME, MIRRORED, CROPPED, UNCROPPED)
    for way in ways:
        left = one.hashes(way.hashes[0])
        right = left if one is other and way in SAME else other.hashes(way.hashes[1])
        mine, theirs = one.means[:, way.looks[0]], other.means[:, way.looks[1]]
        for first, second, apart in near(left, right, bits):
            may_be = _may_be(mine[first], theirs[second])
            first, second, apart = first[may_be], second[may_be], apart[may_be]
            if one is other and way not in SAME:
                others = first != second
                first, second, apart = first[others], second[others], apart[others]
            alike = agree(one, other, (first, second), way)
            first, second, apart = first[alike], second[alike], apart[alike]
            ordered = (np.minimum(first, second), np.maximum(first, second)) if one is other else (first, second)
            yield *ordered, apart


def agree(one: Part, other: Part, pairs: tuple[np.ndarray, np.ndarray], way: Way) -> np.ndarray:
    """The places of those pairs (places in the one and in the other) that look alike."""
    found = [np.empty(0, np.int64)]
    for start in range(0, len(pairs[0]), AT_ONCE):
        rows = [part[start : start + AT_ONCE] for part in pairs]
        left = np.arange(len(rows[0]))
        for test in (_near_colour, _like_lightness):
            mine, theirs = one.looks(rows[0][left], way.looks[0]), other.looks(rows[1][left], way.looks[1])
            left = left[test(mine, theirs, way.is_mirrored)]
        found.append(left + start)
    return np.concatenate(found)


def _may_be(mine: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    """(P,) bool, of means (P, 3): what differs more on the whole differs more on average, so that most need no look."""
    apart = np.abs(mine - theirs)
    return (apart[:, 0] <= NEAR_LIGHTNESS + ROUNDED) & (apart[:, 1] + apart[:, 2] <= 2 * NEAR_COLOUR + ROUNDED)


def _near_colour(mine: np.ndarray, theirs: np.ndarray, is_mirrored: bool) -> np.ndarray:
    """(P,) bool, of looks (P, 384) uint8."""
    a, b = (look[:, LIGHTNESS_BYTES:].reshape(-1, 8, 8, 2).astype(np.int16) for look in (mine, theirs))
    differs = a - (b[:, :, ::-1] if is_mirrored else b)
    apart = np.abs(differs).mean(axis=3).reshape(len(mine), 64)
    most = np.partition(apart, 57, axis=1)
    by_block = np.abs(differs.reshape(-1, 4, 2, 4, 2, 2).mean(axis=(2, 4))).mean(axis=3).max(axis=(1, 2))
    near_by = (apart.mean(axis=1) <= NEAR_COLOUR) & (most[:, 57] <= NEAR_MOST_COLOUR)
    return near_by & (apart.max(axis=1) <= MOST_COLOUR) & (by_block <= NEAR_BLOCK_COLOUR)


def _like_lightness(mine: np.ndarray, theirs: np.ndarray, is_mirrored: bool) -> np.ndarray:
    """(P,) bool, of looks (P, 384) uint8."""
    a, b = (look[:, :LIGHTNESS_BYTES].reshape(-1, 16, 16).astype(np.int16) for look in (mine, theirs))
    b = b[:, :, ::-1] if is_mirrored else b
    differs = a - b
    by_block = np.abs(differs.reshape(-1, 4, 4, 4, 4).mean(axis=(2, 4))).max(axis=(1, 2))
    near_by = (np.abs(differs).mean(axis=(1, 2)) <= NEAR_LIGHTNESS) & (by_block <= NEAR_BLOCK_LIGHTNESS)
    together, own, their = np.zeros((3, len(a)), np.int64)
    for axis in (1, 2):
        steps, others = (_steps(look, axis) for look in (a, b))
        together += (steps * others).sum(axis=(1, 2))
        own += (steps * steps).sum(axis=(1, 2))
        their += (others * others).sum(axis=(1, 2))
    return near_by & (together >= LIKE_STEPS * np.sqrt(own * their))


def _steps(look: np.ndarray, axis: int) -> np.ndarray:
    """Steps along an axis of lightness (P, 16, 16), less what the whole line across has: a frame says nothing."""
    steps = np.diff(look, axis=axis).clip(-STEEP, STEEP).astype(np.int32)
    return 16 * steps - steps.sum(axis=3 - axis, keepdims=True)
