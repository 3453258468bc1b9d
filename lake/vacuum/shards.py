"""Shards whose pictures are mostly dead: the live pictures move to new shards."""

import tarfile
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa

from lake.shards import FOLDER, Place, ShardWriter, read_picture, salvage
from lake.store import Store

DEAD_RATIO = 0.5
"""A shard of which more than this share is dead is emptied."""

SMALL_PART = 8
"""A shard smaller than this part of a full one is small."""

MANY = 30
"""More small shards than this are joined."""


HEADERS = 4 * tarfile.BLOCKSIZE
"""What a picture takes in a shard beside its own bytes: two headers, and its response with the URL."""


@dataclass(frozen=True)
class ShardPlan:
    """The shards that go; the live pictures of some move first."""

    dead: tuple[str, ...]  # no live picture
    emptied: dict[str, frozenset[bytes]]  # the live pictures of each, which move
    freed: dict[str, int]  # the bytes that each of them frees

    def freed_bytes(self, shards: Iterable[str]) -> int:
        return sum(self.freed[shard] for shard in shards)


@dataclass(frozen=True)
class Moved:
    """What became of a plan."""

    places: dict[bytes, Place]  # where the pictures that moved are now
    free: list[str]  # the shards that are free to go
    damaged: dict[str, frozenset[bytes]]  # shards that stay as they are, and their pictures that cannot be read


def plan_shards(store: Store, named: Iterable[str], live: pa.Table, shard_bytes: int) -> ShardPlan:
    """`named`: shards that any row names; `live`: picture, shard and length of the rows that stay."""
    sizes = {entry.path.removeprefix(f"{FOLDER}/"): entry.bytes for entry in store.list(FOLDER)}
    pictures: dict[str, set[bytes]] = defaultdict(set)
    used: Counter[str] = Counter()
    for picture, shard, length in zip(*(live[n].to_pylist() for n in ("picture", "shard", "length")), strict=True):
        pictures[shard].add(picture)
        used[shard] += length + HEADERS
    present = sorted(set(named) & sizes.keys())
    dead = [shard for shard in present if shard not in pictures]
    in_use = [shard for shard in present if shard in pictures]
    emptied = {shard for shard in in_use if used[shard] < (1 - DEAD_RATIO) * sizes[shard]}
    small = {shard for shard in in_use if sizes[shard] < shard_bytes // SMALL_PART}
    if len(small) > MANY:
        emptied |= small
    freed = {shard: max(sizes[shard] - used[shard], 0) for shard in (*dead, *sorted(emptied))}
    moving = {shard: frozenset(pictures[shard]) for shard in sorted(emptied)}
    return ShardPlan(tuple(dead), moving, freed)


def move_pictures(store: Store, plan: ShardPlan, shard_bytes: int) -> Moved:
    """Copy the moving pictures, checked by their sha256. A shard in which one of them is damaged stays as it is."""
    moved = Moved({}, list(plan.dead), {})
    with ShardWriter(store, shard_bytes) as writer:
        for shard, pictures in plan.emptied.items():
            found = {digest: (place, answer) for digest, place, answer in salvage(store, shard) if digest in pictures}
            if lost := pictures - found.keys():
                moved.damaged[shard] = lost
                continue
            for digest, (place, answer) in found.items():
                moved.places[digest] = writer.add(digest, read_picture(store, place), answer["mime"], answer)
            moved.free.append(shard)
    return moved
