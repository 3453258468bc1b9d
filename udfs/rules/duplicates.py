"""Groups of near-identical pictures: hashes propose pairs, descriptors confirm them, every member is near its medoid."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

BLOCK = 512
"""Rows compared at once with all others: 100,000 pictures take 50 MB."""

SAME_COLOUR = 14.0
"""Largest mean difference of two descriptors (8-bit Lab): copies stay below 8, a recoloured product is above 20."""


@dataclass(frozen=True)
class Group:
    """Near-identical pictures. `largest_distance` is in bits, of a member to the medoid."""

    group_id: bytes  # the smallest member
    medoid: bytes
    members: list[bytes]
    largest_distance: int


def groups(
    pictures: Sequence[bytes], phash: np.ndarray, trimmed_phash: np.ndarray, descriptor: np.ndarray, bits: int
) -> list[Group]:
    """Groups of two or more of N pictures, by their smallest member, whatever order they come in.

    phash, trimmed_phash: (N, 8) uint8; descriptor: (N, 192) uint8. Two pictures are copies where either hash differs by
    at most `bits` and the descriptors agree. There are no chains: each member is a copy of its group's medoid.
    """
    order = sorted(range(len(pictures)), key=lambda at: pictures[at])
    hashes = [np.ascontiguousarray(values[order]).view(np.uint64).ravel() for values in (phash, trimmed_phash)]
    near: dict[int, dict[int, int]] = {}
    for first, second, distance in _pairs(hashes, descriptor[order].astype(np.int16), bits):
        near.setdefault(first, {})[second] = distance
        near.setdefault(second, {})[first] = distance
    names = [pictures[at] for at in order]
    return sorted(_around_medoids(near, names), key=lambda group: group.group_id)


def _pairs(hashes: list[np.ndarray], descriptor: np.ndarray, bits: int) -> Iterator[tuple[int, int, int]]:
    """Confirmed pairs (first < second) with their distance in bits; every pair is compared, a block of rows at a time."""
    count = len(descriptor)
    for start in range(0, count, BLOCK):
        rows = slice(start, min(start + BLOCK, count))
        distance = np.minimum(*(np.bitwise_count(h[rows, None] ^ h[None, start:]) for h in hashes))
        first, second = np.nonzero(distance <= bits)
        later = second > first
        first, second = first[later], second[later]
        alike = np.abs(descriptor[first + start] - descriptor[second + start]).mean(axis=1) <= SAME_COLOUR
        first, second = first[alike], second[alike]
        yield from zip(
            (first + start).tolist(), (second + start).tolist(), distance[first, second].tolist(), strict=True
        )


def _around_medoids(near: dict[int, dict[int, int]], names: list[bytes]) -> Iterator[Group]:
    """Again and again the picture with the most copies left (then the nearest, then the smallest) takes them."""
    left = {at: dict(copies) for at, copies in near.items()}
    while left:
        medoid = min(left, key=lambda at: (-len(left[at]), sum(left[at].values()), names[at]))
        copies = left.pop(medoid)
        if not copies:
            continue
        members = sorted(names[at] for at in (medoid, *copies))
        yield Group(members[0], names[medoid], members, max(copies.values()))
        taken = {medoid, *copies}
        for at in copies:
            left.pop(at)
        for others in left.values():
            for at in taken & others.keys():
                del others[at]
