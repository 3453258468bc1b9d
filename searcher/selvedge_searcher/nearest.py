"""The first, rough cut of a search by codes, and the choice of the best by cosine."""

from typing import Protocol

import numpy as np

CHUNK = 1 << 16
"""Rows that are compared at once: what they need stays in the processor's cache."""
CODE_WORDS = 2
"""Of 64 bits in each of the two codes."""


class Coded(Protocol):
    """What is looked for: such as one garment that `encoder.look` found."""

    @property
    def vector(self) -> np.ndarray:
        """(256,) float32, unit length."""

    @property
    def shape_code(self) -> np.ndarray:
        """(16,) uint8."""

    @property
    def colour_code(self) -> np.ndarray:
        """(16,) uint8."""


class Codes:
    """The codes of G garments, laid out to be counted."""

    def __init__(self, shape: np.ndarray, colour: np.ndarray) -> None:
        """Both (G, 16) uint8."""
        self._words = np.ascontiguousarray(np.concatenate((_words(shape), _words(colour)), axis=1).T)  # (4, G)

    def cut(self, asked: Coded, weights: tuple[int, int], count: int, rows: np.ndarray | None = None) -> np.ndarray:
        """(N,) int64, ascending: the `count` garments of least weighted Hamming distance, of all or of some `rows`.

        `weights` are those of shape and colour, together at most 255. Of equally distant ones, the first are taken.
        """
        distances = self.distances(asked, weights, rows)
        if len(distances) > count:
            most = int(np.searchsorted(np.cumsum(np.bincount(distances)), count))
            near, ties = np.flatnonzero(distances < most), np.flatnonzero(distances == most)
            kept = np.sort(np.concatenate((near, ties[: count - len(near)])))
        else:
            kept = np.arange(len(distances))
        return kept if rows is None else rows[kept]

    def distances(self, asked: Coded, weights: tuple[int, int], rows: np.ndarray | None = None) -> np.ndarray:
        """(N,) uint16: bits that differ, times their weights."""
        codes = np.concatenate((_words(asked.shape_code[None]), _words(asked.colour_code[None])), axis=1).T  # (4, 1)
        out = np.empty(self._words.shape[1] if rows is None else len(rows), np.uint16)
        for start in range(0, len(out), CHUNK):
            part = slice(start, start + CHUNK)
            words = self._words[:, part] if rows is None else self._words.take(rows[part], axis=1)
            bits = np.bitwise_count(words ^ codes)  # (4, N) uint8
            shape, colour = bits[0] + bits[1], bits[2] + bits[3]
            out[part] = shape * np.uint16(weights[0]) + colour * np.uint16(weights[1])
        return out


def best(cosines: np.ndarray, k: int) -> np.ndarray:
    """(k,) int64: the places of the greatest, greatest first; of equal ones the first."""
    k = min(k, len(cosines))
    if k <= 0:
        return np.empty(0, np.int64)
    least = np.partition(cosines, len(cosines) - k)[len(cosines) - k]
    above, ties = np.flatnonzero(cosines > least), np.flatnonzero(cosines == least)
    kept = np.concatenate((above, ties[: k - len(above)]))
    return kept[np.lexsort((kept, -cosines[kept]))]


def _words(codes: np.ndarray) -> np.ndarray:
    """(N, 16) uint8 as (N, 2) uint64."""
    return np.ascontiguousarray(codes, np.uint8).view(np.uint64).reshape(-1, CODE_WORDS)
