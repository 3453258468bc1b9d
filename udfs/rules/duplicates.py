"""Groups near-duplicate pictures around medoids, and goes on with groups that are there."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from udfs.pictures.fingerprint import Prints, empty
from udfs.rules.alike import SAME, Part, agree, copies
from udfs.rules.medoids import medoids
from udfs.rules.near_hashes import BAND_BITS, BANDS

CROWD, CROWD_OF_BAND = 64, 4096
"""So many pictures with one hash, or with a band of it in common, are not compared with each other, but with the one in
their middle: a placeholder on 100,000 products would be five billion pairs."""


@dataclass(frozen=True)
class Group:
    """A group of near-duplicates. `largest_distance` is the largest distance of a member to the medoid, in bits."""

    medoid: bytes  # also the id of the group
    members: list[bytes]
    largest_distance: int


def groups(pictures: Sequence[bytes], prints: Prints, bits: int) -> list[Group]:
    """Groups of two or more of N pictures, by their medoid, whatever order they come in."""
    order = np.array(sorted(range(len(pictures)), key=lambda at: pictures[at]), np.int64)
    leader, apart = placed(Part.all_of(empty(0)), Part(prints, order), bits)
    found: dict[int, list[int]] = {}
    for at in np.flatnonzero(leader != np.arange(len(leader))).tolist():
        found.setdefault(int(leader[at]), []).append(at)
    names = [pictures[at] for at in order]
    made = [
        Group(names[medoid], sorted(names[at] for at in (medoid, *others)), int(apart[others].max()))
        for medoid, others in found.items()
    ]
    return sorted(made, key=lambda group: group.medoid)


def copies_of(is_seed: np.ndarray, prints: Prints, bits: int) -> np.ndarray:
    """(N,) bool: which of N pictures are copies of one of the seeds, (N,) bool; a seed is a copy of itself."""
    found = is_seed.copy()
    for first, _, _ in copies(Part.all_of(prints), Part(prints, np.flatnonzero(is_seed)), bits):
        found[first] = True
    return found


def placed(known: Part, new: Part, bits: int) -> tuple[np.ndarray, np.ndarray]:
    """The medoid of each of M new pictures, and the bits to it; `known` are the K medoids that are there.

    A medoid is a row of `known`, or K + a row of `new`: itself, where a picture is no copy of any. Each picture is a
    copy of its medoid, so there are no chains. A new picture goes to the nearest medoid that is there; the others are
    grouped among themselves. The order of rows settles what is equal.
    """
    count = len(known)
    leader, apart = count + np.arange(len(new)), np.zeros(len(new), np.int64)
    left = np.arange(len(new))

    def settle(rows: np.ndarray, medoid: np.ndarray, distance: np.ndarray) -> None:
        leader[rows], apart[rows] = medoid, distance

    rows, medoid, distance = _nearest(new, known, bits)
    settle(rows, medoid, distance)
    left = np.setdiff1d(left, rows)
    heads = []
    for head, members, distance in _crowds(new, left, bits):
        settle(members, np.full(len(members), count + head), distance)
        heads.append(head)
        left = np.setdiff1d(left, members)
    led = np.array(heads, np.int64)
    left = np.setdiff1d(left, led)
    rows, medoid, distance = _nearest(new.take(left), new.take(led), bits)
    settle(left[rows], count + led[medoid], distance)
    left = np.setdiff1d(left, left[rows])
    rest = new.take(left)
    medoid, distance = medoids(len(left), *_once(copies(rest, rest, bits)))
    settle(left, count + left[medoid], distance)
    return leader, apart


def _nearest(asked: Part, held: Part, bits: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The asked that are copies of any held, the nearest of these (the first of equal ones), and the bits to it."""
    first, second, apart = _once(copies(asked, held, bits)) if len(held) else _NONE
    order = np.lexsort((second, apart, first))
    first, second, apart = first[order], second[order], apart[order]
    begins = np.flatnonzero(np.diff(first, prepend=-1))
    return first[begins], second[begins], apart[begins]


_NONE = np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.uint8)


def _once(pairs: Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Each pair once, with the fewest bits."""
    first, second, apart = (np.concatenate(parts) for parts in zip(_NONE, *pairs, strict=True))
    order = np.lexsort((apart, second, first))
    first, second, apart = first[order], second[order], apart[order]
    is_new = np.ones(len(first), bool)
    is_new[1:] = (np.diff(first) != 0) | (np.diff(second) != 0)
    return first[is_new], second[is_new], apart[is_new]


def _crowds(new: Part, left: np.ndarray, bits: int) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """Pictures in the middle of crowds of alike ones, each with the rows that are copies of it and the bits to it."""
    hashes = new.hashes("phash")
    bands = [(hashes >> np.uint64(BAND_BITS * band)).astype(np.uint16) for band in range(BANDS)]
    for keys, least in ((hashes, CROWD), *((band, CROWD_OF_BAND) for band in bands)):
        values, counts = np.unique(keys[left], return_counts=True)
        for value in values[counts >= least][np.argsort(-counts[counts >= least], kind="stable")]:
            while len(crowd := left[keys[left] == value]) >= least:
                head = crowd[_middle(hashes[crowd])]
                near_by = left[(np.bitwise_count(hashes[left] ^ hashes[head]) <= bits) & (left != head)]
                members = near_by[agree(new, new, (near_by, np.full(len(near_by), head)), SAME[0])]
                if len(members) < least // 2:
                    break
                yield int(head), members, np.bitwise_count(hashes[members] ^ hashes[head])
                left = np.setdiff1d(left, np.append(members, head))


def _middle(hashes: np.ndarray) -> int:
    """The hash that is nearest to what most of them have in each bit; the first of equal ones."""
    bits = np.unpackbits(hashes.view(np.uint8).reshape(-1, 8), axis=1)
    most = np.packbits(2 * bits.sum(axis=0) > len(bits)).view(np.uint64)
    return int(np.bitwise_count(hashes ^ most).argmin())
