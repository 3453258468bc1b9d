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


@pytest.mark.parametrize(
    ("mime", "extension"),
    [
        ("image/jpeg", "jpg"), ("image/png", "png"), ("image/webp", "webp"), ("image/avif", "avif"),
        ("image/gif", "gif"), ("image/other", "bin"),
    ],
)  # fmt: skip
def test_a_picture_and_its_answer_are_named_by_its_digest(tmp_path: Path, mime: str, extension: str) -> None:
    store, body, answer = DiskStore(tmp_path), b"picture", {"url": "http://shop.test/ü", "a": 1}
    digest = hashlib.sha256(body)
    with ShardWriter(store, 1) as shards:
        place = shards.add(digest.digest(), body, mime, answer)
    assert (place.offset, place.length) == (3 * tarfile.BLOCKSIZE, 7)
    with tarfile.open(tmp_path / "shards" / place.shard) as tar:
        assert tar.getnames() == [f"{digest.hexdigest()}.json", f"{digest.hexdigest()}.{extension}"]
        members = [tar.extractfile(member) for member in tar]
        assert [member.read() for member in members if member] == [
            '{"a": 1, "url": "http://shop.test/ü"}'.encode(),
            body,
        ]
    assert (tmp_path / "shards" / place.shard).read_bytes()[-1024:] == bytes(1024)
    assert list(salvage(store, place.shard)) == [(digest.digest(), place, answer)]


@pytest.mark.parametrize(
    ("limit", "offsets"), [(2_047, [1_536, 1_536]), (2_048, [1_536, 1_536]), (2_049, [1_536, 3_584])]
)
def test_a_shard_is_full_once_it_has_its_bytes(tmp_path: Path, limit: int, offsets: list[int]) -> None:
    with ShardWriter(
        DiskStore(tmp_path), limit
    ) as shards:  # with its answer and both heads a picture takes 2,048 bytes
        places = [shards.add(bytes(32), bytes(512), "image/png", {}) for _ in range(2)]
    assert [place.offset for place in places] == offsets
    names = {place.shard for place in places}
    assert len(names) == 3 - len(set(offsets))
    assert {(tmp_path / "shards" / name).stat().st_size for name in names} == {2_048 * (3 - len(names)) + 1_024}


def test_nothing_stored_is_no_shard(tmp_path: Path) -> None:
    with ShardWriter(DiskStore(tmp_path), 1) as shards:
        assert shards is not None
    assert DiskStore(tmp_path).list("shards") == []


def test_a_shard_that_is_broken_off_never_appears(tmp_path: Path) -> None:
    store = DiskStore(tmp_path)
    with pytest.raises(RuntimeError), ShardWriter(store, 1 << 20) as shards:
        shards.add(bytes(32), b"picture", "image/png", {})
        raise RuntimeError
    assert store.list("") == []


def test_an_empty_picture_is_padded_to_nothing(tmp_path: Path) -> None:
    store = DiskStore(tmp_path)
    with ShardWriter(store, 1 << 20) as shards:
        places = [shards.add(hashlib.sha256(body).digest(), body, "image/png", {}) for body in (b"", b"x")]
    assert [read_picture(store, place) for place in places] == [b"", b"x"]
    assert [(digest, place) for digest, place, _ in salvage(store, places[0].shard)] == [
        (hashlib.sha256(body).digest(), place) for body, place in zip((b"", b"x"), places, strict=True)
    ]
