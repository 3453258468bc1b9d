"""The store, on disk and in an S3 of our own: the same answers from each."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from infra.s3 import s3_server
from lake.store import Store, open_store
from schemas.errors import LakeFull


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    with s3_server("lakes") as variables, pytest.MonkeyPatch.context() as environment:
        for name, value in variables.items():
            environment.setenv(name, value)
        environment.setattr("boto3.DEFAULT_SESSION", None)
        yield "s3://lakes"


@pytest.fixture(params=["disk", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "disk":
        return open_store(str(tmp_path))
    return open_store(f"{request.getfixturevalue('bucket')}/{uuid4().hex}")


def test_what_is_written_is_read(store: Store) -> None:
    store.write("a/b", b"hello")
    assert store.read("a/b") == b"hello"
    assert store.read_range("a/b", 1, 3) == b"ell"
    assert store.read_range("a/b", 3, 9) == b"lo"
    assert [(entry.path, entry.bytes) for entry in store.list("a")] == [("a/b", 5)]
    store.delete("a/b")
    assert not store.exists("a/b")
    assert store.list("nowhere") == []
    with pytest.raises(FileNotFoundError):
        store.read("a/b")


def test_a_file_that_fails_half_way_never_appears(store: Store) -> None:
    with pytest.raises(RuntimeError), store.open_output("a") as file:
        file.write(b"half")
        raise RuntimeError
    assert store.list("") == []
    with store.open_output("a") as file:
        file.write(b"whole")
    assert store.read("a") == b"whole"


@pytest.mark.parametrize(
    ("present", "expected", "won"),
    [
        (None, None, True), (b"old", b"old", True), (b"old", b"other", False), (b"old", None, False),
        (None, b"old", False),
    ],
)  # fmt: skip
def test_write_if_replaces_only_what_it_expects(
    store: Store, present: bytes | None, expected: bytes | None, won: bool
) -> None:
    if present is not None:
        store.write("pointer", present)
    assert store.write_if("pointer", b"new", expected) is won
    after = b"new" if won else present
    assert (store.read("pointer") if store.exists("pointer") else None) == after


def test_a_bucket_that_is_not_there_is_an_error_of_the_store(bucket: str) -> None:
    gone = open_store("s3://gone/lake")
    for ask in (lambda: gone.write("a", b"1"), lambda: gone.write_if("a", b"1", None), lambda: gone.read("a")):
        with pytest.raises(OSError, match="gone"):
            ask()


def test_a_full_disk_is_said_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_room(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    store = open_store(str(tmp_path))
    store.write("old", b"1")
    monkeypatch.setattr(os, "fsync", no_room)
    with pytest.raises(LakeFull, match="make room"):
        store.write("old", b"2")
    assert store.read("old") == b"1"
