"""Pictures in tar files: places, limits, and what a kill leaves."""

import hashlib
import tarfile
from pathlib import Path

import pytest

from lake.shards import PictureLost, Place, ShardWriter, read_picture, salvage
from lake.store import DiskStore

PICTURES = [bytes([n]) * (1000 + n) for n in range(5)]


def fill(store: DiskStore, limit: int = 1 << 20) -> list[Place]:
    with ShardWriter(store, limit) as shards:
        return [
            shards.add(hashlib.sha256(body).digest(), body, "image/jpeg", {"url": f"http://shop.test/{n}"})
            for n, body in enumerate(PICTURES)
        ]


def test_every_place_gives_its_picture_back(tmp_path: Path) -> None:
    store = DiskStore(tmp_path)
    assert [read_picture(store, place) for place in fill(store)] == PICTURES


def test_a_picture_whose_shard_was_cut_or_deleted_is_lost(tmp_path: Path) -> None:
    store = DiskStore(tmp_path)
    first, *_, last = fill(store)
    path = tmp_path / "shards" / last.shard
    path.write_bytes(path.read_bytes()[: last.offset + last.length - 1])
    assert read_picture(store, first) == PICTURES[0]
    with pytest.raises(PictureLost, match="ends before byte"):
        read_picture(store, last)
    path.unlink()
    with pytest.raises(PictureLost, match=f"{last.shard}: is missing"):
        read_picture(store, first)


def test_a_shard_is_a_tar_in_webdataset_layout(tmp_path: Path) -> None:
    store = DiskStore(tmp_path)
    place = fill(store)[0]
    with tarfile.open(tmp_path / "shards" / place.shard) as tar:
        names = tar.getnames()
    digest = hashlib.sha256(PICTURES[0]).hexdigest()
    assert names[:2] == [f"{digest}.json", f"{digest}.jpg"]


def test_a_full_shard_is_followed_by_another(tmp_path: Path) -> None:
    assert len({place.shard for place in fill(DiskStore(tmp_path), limit=4000)}) > 1


def test_salvage_gives_whole_pictures_of_a_cut_shard(tmp_path: Path) -> None:
    store = DiskStore(tmp_path)
    places = fill(store)
    path = tmp_path / "shards" / places[0].shard
    path.write_bytes(path.read_bytes()[: places[3].offset + 10])
    found = list(salvage(store, places[0].shard))
    assert [(digest, place, answer["url"]) for digest, place, answer in found] == [
        (hashlib.sha256(PICTURES[n]).digest(), places[n], f"http://shop.test/{n}") for n in range(3)
    ]


def test_salvage_of_a_shard_killed_in_its_first_header_gives_nothing(tmp_path: Path) -> None:
    store = DiskStore(tmp_path)
    path = tmp_path / "shards" / fill(store)[0].shard
    head = path.read_bytes()[: tarfile.BLOCKSIZE - 1]
    for left in (head, head[:1], b""):
        path.write_bytes(left)
        assert list(salvage(store, path.name)) == []


def test_salvage_leaves_out_what_was_damaged(tmp_path: Path) -> None:
    store = DiskStore(tmp_path)
    places = fill(store)
    path = tmp_path / "shards" / places[0].shard
    body = bytearray(path.read_bytes())
    body[places[1].offset] ^= 0xFF
    path.write_bytes(body)
    assert len(list(salvage(store, places[0].shard))) == len(PICTURES) - 1
