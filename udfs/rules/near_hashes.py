"""Pairs of 64-bit hashes that differ in few bits, without comparing all with all."""

from collections.abc import Iterator

import numpy as np

BANDS, BAND_BITS = 4, 16
SURE_BITS = 2 * BANDS - 1
"""Pairs so many bits apart are always found: some band of theirs differs by at most one bit. Of those 8, 9 and 10 bits
apart 0.96, 0.86 and 0.73 are, where bits are drawn by chance."""

FEW_PAIRS = 50_000_000
"""So many pairs are all compared: quicker than the index, and it finds all."""

AT_ONCE = 2_000_000
"""Pairs compared at once: some 50 MB."""

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
        shift = np.uint64(BAND_BITS * band)
        asked, held = ((hashes >> shift).astype(np.uint16).astype(np.int64) for hashes in (one, other))
        order = np.argsort(held, kind="stable")
        by_asked = order if one is other else np.argsort(asked, kind="stable")
        begins = np.searchsorted(held[order], np.arange((1 << BAND_BITS) + 1))
        keys, left, right = asked[by_asked], one[by_asked], other[order]
        for flip in (0, *(1 << bit for bit in range(BAND_BITS))):
            probed = keys ^ flip
            begin, end = begins[probed], begins[probed + 1]
            if one is other:  # a pair is met from both sides
                begin = np.arange(len(keys)) + 1 if flip == 0 else np.where(probed > keys, begin, end)
            for first, second in _spread(begin, end):
                apart = np.bitwise_count(left[first] ^ right[second])
                near_by = np.flatnonzero(apart <= bits)
                yield by_asked[first[near_by]], order[second[near_by]], apart[near_by]


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
