"""Feeds are kept as they came, once, under their digest."""

import hashlib
from pathlib import Path

import pytest

from lake.feeds import keep, open_feed, path_of
from lake.store import Store, open_store

DIGEST = hashlib.sha256(b"<feed/>").digest()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(str(tmp_path / "lake"))


def test_a_feed_lies_under_its_digest_beside_those_that_begin_alike() -> None:
    assert path_of(DIGEST) == f"feeds/{DIGEST.hex()[:2]}/{DIGEST.hex()}"


def test_a_kept_feed_is_read_back_and_never_written_again(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "received"
    file.write_bytes(b"<feed/>")
    keep(store, DIGEST, file)
    with open_feed(store, DIGEST) as kept:
        assert kept.read() == b"<feed/>"
    file.write_bytes(b"other bytes, which cannot have the digest")
    keep(store, DIGEST, file)
    with open_feed(store, DIGEST) as kept:
        assert kept.read() == b"<feed/>"
