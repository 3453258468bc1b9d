"""The store on disk; the same tests over S3 are in test_store_s3."""

import errno
import os
from pathlib import Path

import pytest

from lake.store import DiskStore, open_store
from schemas.errors import LakeFull


def test_what_is_written_is_read(tmp_path: Path) -> None:
    store = open_store(str(tmp_path))
    store.write("a/b", b"hello")
    assert store.read("a/b") == b"hello"
    assert store.read_range("a/b", 1, 3) == b"ell"
    assert [(entry.path, entry.bytes) for entry in store.list("a")] == [("a/b", 5)]
    store.delete("a/b")
    assert not store.exists("a/b")
    assert store.list("nowhere") == []


def test_a_file_that_fails_half_way_never_appears(tmp_path: Path) -> None:
    store = DiskStore(tmp_path)
    with pytest.raises(RuntimeError), store.open_output("a") as file:
        file.write(b"half")
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("present", "expected", "won"),
    [
        (None, None, True), (b"old", b"old", True), (b"old", b"other", False), (b"old", None, False),
        (None, b"old", False),
    ],
)  # fmt: skip
def test_write_if_replaces_only_what_it_expects(
    tmp_path: Path, present: bytes | None, expected: bytes | None, won: bool
) -> None:
    store = open_store(str(tmp_path))
    if present is not None:
        store.write("pointer", present)
    assert store.write_if("pointer", b"new", expected) is won
    after = b"new" if won else present
    assert (store.read("pointer") if store.exists("pointer") else None) == after


def test_a_full_disk_is_said_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_room(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    store = open_store(str(tmp_path))
    store.write("old", b"1")
    monkeypatch.setattr(os, "fsync", no_room)
    with pytest.raises(LakeFull, match="make room"):
        store.write("old", b"2")
    assert store.read("old") == b"1"
