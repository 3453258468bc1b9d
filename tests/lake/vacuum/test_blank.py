"""Erased pictures are overwritten in place; all others stay where they are."""

import hashlib
import tarfile
from pathlib import Path

from lake.shards import ShardWriter, read_picture, salvage
from lake.store import DiskStore
from lake.vacuum.blank import blank_pictures

BODIES = [bytes([65 + n]) * 700 for n in range(3)]
DIGESTS = [hashlib.sha256(body).digest() for body in BODIES]
URL = "http://shop.test/secret.png"


def test_a_picture_and_its_url_are_gone_and_the_others_are_where_they_were(tmp_path: Path) -> None:
    store = DiskStore(tmp_path)
    with ShardWriter(store, 1 << 20) as writer:
        answers = ({"url": f"http://shop.test/{n}" if n != 1 else URL} for n in range(3))
        places = [writer.add(*row, "image/png", answer) for *row, answer in zip(DIGESTS, BODIES, answers, strict=True)]
    path = tmp_path / "shards" / places[0].shard
    size = path.stat().st_size
    assert blank_pictures(store, DIGESTS[1:2]) == 1
    body = path.read_bytes()
    assert (len(body), b"BBBB" in body, URL.encode() in body) == (size, False, False)
    assert [read_picture(store, place) for place in places] == [BODIES[0], bytes(700), BODIES[2]]
    assert [digest for digest, _, _ in salvage(store, places[0].shard)] == [DIGESTS[0], DIGESTS[2]]
    assert blank_pictures(store, DIGESTS[1:2]) == 0, "a second time there is nothing to do"
    assert path.read_bytes() == body


def test_what_stands_before_a_cut_is_overwritten_too(tmp_path: Path) -> None:
    store = DiskStore(tmp_path)
    with ShardWriter(store, 1 << 20) as writer:
        places = [writer.add(digest, body, "image/png", {}) for digest, body in zip(DIGESTS, BODIES, strict=True)]
    path = tmp_path / "shards" / places[0].shard
    path.write_bytes(path.read_bytes()[: places[2].offset - tarfile.BLOCKSIZE + 10])
    assert blank_pictures(store, DIGESTS) == 2
    assert b"AAAA" not in path.read_bytes()
    assert b"BBBB" not in path.read_bytes()
