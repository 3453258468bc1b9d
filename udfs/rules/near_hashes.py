"""Pairs of 64-bit hashes that differ in few bits, without comparing all with all."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

BANDS, BAND_BITS = 4, 16
SURE_BITS = 2 * BANDS - 1
"""Pairs so many bits apart are always found: some band of theirs differs by at most one bit. Of those 8, 9 and 10 bits
apart 0.96, 0.86 and 0.73 are, where bits are drawn by chance."""

FEW_PAIRS = 50_000_000
"""So many pairs are all compared: quicker than the index, and it finds all."""

AT_ONCE = 2_000_000
"""Pairs compared at once: some 50 MB."""

FLIPS = np.array([0, *(1 << bit for bit in range(BAND_BITS))])

MANY, BLOCK = 2_000, 1 << 18
"""A bucket that makes so many pairs is compared as a block: hashes of photos crowd in few buckets."""

GATHERED = 20_000

Pairs = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Places in the one and in the other array (int64), and the bits between them (uint8)."""


def near(one: np.ndarray, other: np.ndarray, bits: int) -> Iterator[Pairs]:
    """Pairs of N and M hashes (uint64) at most `bits` apart, some at a time; a pair may come more than once.

    Of an array with itself each pair comes in one order only.
    """
    find = _all if len(one) * len(other) <= FEW_PAIRS else banded
    yield from find(one, other, bits)


def _all(one: np.ndarray, other: np.ndarray, bits: int) -> Iterator[Pairs]:
    rows = max(1, AT_ONCE // max(len(other), 1))
    for start in range(0, len(one), rows):
        begin = start if one is other else 0
        apart = np.bitwise_count(one[start : start + rows, None] ^ other[None, begin:])
        first, second = np.nonzero(np.triu(apart <= bits, 1) if one is other else apart <= bits)
        yield first + start, second + begin, apart[first, second]


def banded(one: np.ndarray, other: np.ndarray, bits: int) -> Iterator[Pairs]:
    """The same by an index: the pairs of which one of four bands of 16 bits differs by at most one bit."""
    for band in range(BANDS):
        yield from _many_at_a_time(_Band.of(one, other, band).pairs(bits))


@dataclass(frozen=True)
class _Band:
    """Two arrays of hashes, each sorted by one band. A bucket is the hashes with one value of it."""

    is_self: bool
    hashes: tuple[np.ndarray, np.ndarray]  # sorted
    order: tuple[np.ndarray, np.ndarray]  # their places before
    begins: tuple[np.ndarray, np.ndarray]  # (65,537,): where each bucket begins

    @classmethod
    def of(cls, one: np.ndarray, other: np.ndarray, band: int) -> "_Band":
        left, right = (_sorted(hashes, band) for hashes in (one, other))
        hashes, order, begins = zip(left, right, strict=True)
        return cls(one is other, hashes, order, begins)

    def pairs(self, bits: int) -> Iterator[Pairs]:
        """Of an array with itself a pair is met in its lower bucket only."""
        buckets = np.arange(1 << BAND_BITS)
        probed = buckets[:, None] ^ FLIPS
        asked, held = (np.diff(begins) for begins in self.begins)
        counts = np.where(probed >= buckets[:, None], held[probed], 0) if self.is_self else held[probed]
        pairs = asked * counts.sum(axis=1)
        for bucket in np.flatnonzero(pairs >= MANY):
            partners = probed[bucket][counts[bucket] > 0]
            places = np.concatenate([np.arange(self.begins[1][at], self.begins[1][at + 1]) for at in partners])
            yield from self._compared(np.arange(self.begins[0][bucket], self.begins[0][bucket + 1]), places, bits)
        few = np.repeat(pairs < MANY, asked)
        rows, keys = np.flatnonzero(few), np.repeat(buckets, asked)[few]
        for flip in range(len(FLIPS)):
            at = probed[keys, flip]
            begin, end = self.begins[1][at], np.where(counts[keys, flip] > 0, self.begins[1][at + 1], 0)
            for first, second in _spread(begin, end):
                yield from self._near(rows[first], second, bits)

    def _compared(self, rows: np.ndarray, places: np.ndarray, bits: int) -> Iterator[Pairs]:
        """All rows with all places, in blocks that stay in the processor's cache."""
        held = self.hashes[1][places]
        step = max(1, BLOCK // len(held))
        for start in range(0, len(rows), step):
            part = rows[start : start + step]
            apart = np.bitwise_count(self.hashes[0][part][:, None] ^ held)
            first, second = np.nonzero(apart <= bits)
            yield from self._told(part[first], places[second], apart[first, second])

    def _near(self, rows: np.ndarray, places: np.ndarray, bits: int) -> Iterator[Pairs]:
        apart = np.bitwise_count(self.hashes[0][rows] ^ self.hashes[1][places])
        near_by = np.flatnonzero(apart <= bits)
        yield from self._told(rows[near_by], places[near_by], apart[near_by])

    def _told(self, rows: np.ndarray, places: np.ndarray, apart: np.ndarray) -> Iterator[Pairs]:
        if self.is_self:
            later = places > rows
            rows, places, apart = rows[later], places[later], apart[later]
        if len(rows):
            yield self.order[0][rows], self.order[1][places], apart


def _sorted(hashes: np.ndarray, band: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The hashes by one band, their places before, and where each bucket begins."""
    keys = (hashes >> np.uint64(BAND_BITS * band)).astype(np.uint16)
    order = np.argsort(keys, kind="stable")
    begins = np.searchsorted(keys[order], np.arange(1 << BAND_BITS, dtype=np.uint16))
    return hashes[order], order, np.append(begins, len(keys))


def _many_at_a_time(pairs: Iterator[Pairs]) -> Iterator[Pairs]:
    waiting: list[Pairs] = []
    count = 0
    for part in pairs:
        waiting.append(part)
        count += len(part[0])
        if count >= GATHERED:
            yield _joined(waiting)
            waiting, count = [], 0
    if waiting:
        yield _joined(waiting)


def _joined(parts: list[Pairs]) -> Pairs:
    first, second, apart = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    return first, second, apart


def _spread(begin: np.ndarray, end: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Each row with all places from its begin to before its end, some at a time."""
    rows = np.flatnonzero(end > begin)
    counts = (end - begin)[rows]
    upto = np.cumsum(counts)
    start = 0
    while start < len(rows):
        done = upto[start - 1] if start else 0
        stop = max(start + 1, int(np.searchsorted(upto, done + AT_ONCE, side="right")))
        part, many = rows[start:stop], counts[start:stop]
        first = np.repeat(part, many)
        inside = np.arange(len(first)) - np.repeat(np.cumsum(many) - many, many)
        yield first, begin[first] + inside
        start = stop
