"""The store, on disk and in an S3 of our own: the same answers from each."""

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from infra.s3 import s3_server
from lake.store import DiskStore, ObjectStore, Store, open_store
from schemas.errors import LakeFull, WrongInput


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
    with pytest.raises(LakeFull, match="free space"):
        store.write("old", b"2")
    assert store.read("old") == b"1"


def test_folders_are_made_as_deep_as_a_path_goes(store: Store) -> None:
    store.write("a/b/c/d", b"1")
    assert store.write_if("e/f/g", b"2", None)
    assert [entry.path for entry in store.list("")][:2] == ["a/b/c/d", "e/f/g"]
    assert [entry.bytes for entry in store.list("a")] == [1]
    assert store.delta_uri("tables/offers") == f"{store.uri}/tables/offers"


def test_files_are_listed_by_path_whatever_the_place_says(store: Store) -> None:
    for path in ("b", "a/z", "a.txt", "a/b"):
        store.write(path, b"")
    assert [entry.path for entry in store.list("")] == sorted(["b", "a/z", "a.txt", "a/b"])


def test_a_file_of_a_folder_is_written_beside_its_place_and_by_no_other_name_left(tmp_path: Path) -> None:
    store = DiskStore(tmp_path / "deep" / "lake")
    with store.open_output("a/b") as file:
        assert Path(file.name).parent == tmp_path / "deep" / "lake" / "a", "so that it can be renamed at once"
        assert Path(file.name).name.startswith(".tmp-")
    assert [path.name for path in (tmp_path / "deep" / "lake" / "a").iterdir()] == ["b"]
    assert stat.S_ISREG((tmp_path / "deep" / "lake" / "a" / "b").stat().st_mode)


def test_a_lake_of_an_address() -> None:
    lake = open_store("s3://bucket/deep/lake/")
    assert isinstance(lake, ObjectStore)
    assert (lake.uri, lake.bucket, lake.prefix) == ("s3://bucket/deep/lake", "bucket", "deep/lake")
    assert lake.delta_uri("a") == "s3://bucket/deep/lake/a"
    assert (lake._key("a"), ObjectStore("s3://bucket")._key("a")) == ("deep/lake/a", "a")


def test_a_folder_may_be_named_as_a_file_address(tmp_path: Path) -> None:
    assert open_store(f"file://{tmp_path}/lake").uri == str(tmp_path / "lake")


@pytest.mark.parametrize(
    ("status", "code", "lost"),
    [
        (412, "PreconditionFailed", True), (409, "ConditionalRequestConflict", True), (404, "NoSuchKey", True),
        (404, "NoSuchBucket", False), (403, "AccessDenied", False), (410, "Gone", False), (500, "Internal", False),
    ],
)  # fmt: skip
def test_only_a_lost_race_is_no_error(monkeypatch: pytest.MonkeyPatch, status: int, code: str, lost: bool) -> None:
    class Client:
        def put_object(self, **asked: Any) -> None:
            assert asked == {"Bucket": "bucket", "Key": "lake/pointer", "Body": b"new", "IfNoneMatch": "*"}
            answer = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
            raise ClientError(answer, "PutObject")  # type: ignore[arg-type]

    store = ObjectStore("s3://bucket/lake")
    monkeypatch.setattr(store, "_client", Client)
    if lost:
        assert store.write_if("pointer", b"new", None) is False
        return
    with pytest.raises(OSError, match=r"^s3://bucket/lake/pointer: "):
        store.write_if("pointer", b"new", None)


def test_a_store_that_does_not_answer_is_an_error_of_the_store(monkeypatch: pytest.MonkeyPatch) -> None:
    class Client:
        def get_object(self, **asked: Any) -> None:
            raise EndpointConnectionError(endpoint_url="http://s3.test")

    store = ObjectStore("s3://bucket/lake")
    monkeypatch.setattr(store, "_client", Client)
    with pytest.raises(OSError, match=r"^s3://bucket/lake/pointer: "):
        store.write_if("pointer", b"new", b"old")


def test_another_fault_of_the_disk_is_said_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(descriptor: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", broken)
    with pytest.raises(OSError, match="Input/output error"):
        open_store(str(tmp_path)).write("a", b"1")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_the_tables_engine_would_look_for_elsewhere_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("per%41cent", "100%"):
        with pytest.raises(WrongInput, match=rf"{name}/lake: no folder of a lake may have a %"):
            open_store(str(tmp_path / name / "lake"))
    (tmp_path / "50%").mkdir()
    monkeypatch.chdir(tmp_path / "50%")
    with pytest.raises(WrongInput, match="50%/var/lake: "):
        open_store("var/lake")
    open_store(str(tmp_path / "Läke mit 空白 #1?"))
