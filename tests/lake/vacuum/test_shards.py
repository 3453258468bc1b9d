"""Which shards are emptied, and that a damaged one is left alone and told."""

import hashlib
from pathlib import Path

import pyarrow as pa
import pytest

import lake.vacuum.shards
from lake.shards import Place, ShardWriter, read_picture
from lake.store import DiskStore
from lake.vacuum.shards import HEADERS, ShardPlan, move_pictures, plan_shards

LIMIT = 1 << 20
BODIES = [bytes([n]) * 4_000 for n in range(4)]
DIGESTS = [hashlib.sha256(body).digest() for body in BODIES]


@pytest.fixture
def store(tmp_path: Path) -> DiskStore:
    return DiskStore(tmp_path)


def shard_of(store: DiskStore, *pictures: int) -> list[Place]:
    with ShardWriter(store, LIMIT) as writer:
        return [writer.add(DIGESTS[at], BODIES[at], "image/png", {"mime": "image/png"}) for at in pictures]


def live(*places: tuple[int, Place]) -> pa.Table:
    rows = [{"picture": DIGESTS[at], "shard": place.shard, "length": place.length} for at, place in places]
    return pa.Table.from_pylist(rows, pa.schema({"picture": pa.binary(), "shard": pa.string(), "length": pa.int64()}))


def emptying(store: DiskStore, place: Place, *pictures: int) -> ShardPlan:
    return ShardPlan((), {place.shard: frozenset(DIGESTS[at] for at in pictures)}, {place.shard: 1})


def hurt(store: DiskStore, place: Place, offset: int) -> bytes:
    path = store.root / "shards" / place.shard
    body = bytearray(path.read_bytes())
    body[offset] ^= 0xFF
    path.write_bytes(body)
    return bytes(body)


def test_a_shard_is_emptied_once_most_of_it_is_dead(store: DiskStore) -> None:
    places = shard_of(store, 0, 1, 2, 3)
    other = shard_of(store, 0)[0]
    name, size = places[0].shard, (store.root / "shards" / places[0].shard).stat().st_size
    half = plan_shards(store, [name], live((0, places[0]), (1, places[1])), LIMIT)
    assert (half.dead, half.emptied, half.freed) == ((), {}, {})
    plan = plan_shards(store, [name, other.shard], live((1, places[1])), LIMIT)
    assert plan.emptied == {name: frozenset(DIGESTS[1:2])}
    assert plan.dead == (other.shard,)
    assert plan.freed[name] == size - 4_000 - HEADERS
    assert plan.freed_bytes([name]) == plan.freed[name]
    assert plan_shards(store, [], live(), LIMIT).freed == {}, "a shard that no row ever named belongs to a fetch"


def test_many_small_shards_are_joined(store: DiskStore, monkeypatch: pytest.MonkeyPatch) -> None:
    placed = [(at, shard_of(store, at)[0]) for at in range(3)]
    names = {place.shard for _, place in placed}
    monkeypatch.setattr(lake.vacuum.shards, "MANY", 3)
    assert plan_shards(store, names, live(*placed), LIMIT).emptied == {}
    monkeypatch.setattr(lake.vacuum.shards, "MANY", 2)
    assert plan_shards(store, names, live(*placed), LIMIT).emptied.keys() == names
    assert plan_shards(store, names, live(*placed), 8 * 4_000).emptied == {}, "none of them is small"


def test_a_shard_that_is_gone_is_not_emptied(store: DiskStore) -> None:
    place = shard_of(store, 0, 1)[0]
    (store.root / "shards" / place.shard).unlink()
    plan = plan_shards(store, [place.shard], live((0, place), (1, place)), LIMIT)
    assert (plan.dead, plan.emptied) == ((), {})


def test_live_pictures_move_and_the_shard_is_free(store: DiskStore) -> None:
    place = shard_of(store, 0, 1, 2)[0]
    moved = move_pictures(store, emptying(store, place, 0, 2), LIMIT)
    assert moved.places.keys() == {DIGESTS[0], DIGESTS[2]}
    assert [read_picture(store, moved.places[DIGESTS[at]]) for at in (0, 2)] == [BODIES[0], BODIES[2]]
    assert (moved.free, moved.damaged) == ([place.shard], {})


@pytest.mark.parametrize("what", ["picture", "answer", "head"])
def test_a_shard_with_a_damaged_picture_is_told_and_left_alone(store: DiskStore, what: str) -> None:
    whole, places = shard_of(store, 3)[0], shard_of(store, 0, 1, 2)
    of_second = places[1].offset
    offset = {"picture": of_second + 9, "answer": places[0].offset + 4_096 + 512, "head": of_second - 512 + 148}[what]
    before = hurt(store, places[0], offset)
    plan = emptying(store, places[0], 0, 1)
    plan.emptied[whole.shard] = frozenset(DIGESTS[3:])
    moved = move_pictures(store, plan, LIMIT)
    assert moved.damaged == {places[0].shard: frozenset(DIGESTS[1:2])}
    assert moved.free == [whole.shard], "the others go on"
    assert moved.places.keys() == {DIGESTS[3]}, "not even its whole picture moves"
    assert (store.root / "shards" / places[0].shard).read_bytes() == before


def test_damage_to_a_dead_picture_stops_nothing(store: DiskStore) -> None:
    places = shard_of(store, 0, 1)
    hurt(store, places[0], places[0].offset)
    assert move_pictures(store, emptying(store, places[0], 1), LIMIT).free == [places[0].shard]
