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
    freed_bytes: int


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
    freed = sum(sizes[shard] for shard in (*dead, *emptied)) - sum(used[shard] for shard in emptied)
    return ShardPlan(tuple(dead), {shard: frozenset(pictures[shard]) for shard in sorted(emptied)}, max(freed, 0))


def move_pictures(store: Store, plan: ShardPlan, shard_bytes: int) -> tuple[dict[bytes, Place], list[str]]:
    """Copy the moving pictures, checked by their sha256 -> their new places, and the shards that are free to go.

    A shard in which one of them is damaged stays as it is.
    """
    places: dict[bytes, Place] = {}
    free = list(plan.dead)
    with ShardWriter(store, shard_bytes) as writer:
        for shard, pictures in plan.emptied.items():
            found = {digest: (place, answer) for digest, place, answer in salvage(store, shard) if digest in pictures}
            if found.keys() != pictures:
                continue
            for digest, (place, answer) in found.items():
                places[digest] = writer.add(digest, read_picture(store, place), answer["mime"], answer)
            free.append(shard)
    return places, free
