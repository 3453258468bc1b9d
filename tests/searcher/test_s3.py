"""The same snapshot in S3, through a stand-in server on loopback."""

from collections.abc import Iterator

import boto3
import pytest
from moto.server import ThreadedMotoServer

import selvedge_searcher
from lake.snapshots import current, live, rollback, verify
from lake.store import DiskStore, Store, open_store
from selvedge_searcher import LakeUnreachable, SnapshotDamaged, changes
from tests.lake.published import catalog, publish_night

BUCKET = "published-test"


@pytest.fixture(scope="module")
def s3() -> Iterator[None]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        patch.setenv("AWS_REGION", "us-east-1")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        boto3.client("s3").create_bucket(Bucket=BUCKET)
        yield
    server.stop()


@pytest.fixture
def uri(s3, request) -> str:
    return f"s3://{BUCKET}/{request.node.name}"


def test_nights_on_s3_are_the_same_as_on_disk(uri, tmp_path):
    remote, local = open_store(uri), DiskStore(tmp_path / "lake")
    nights = (catalog({"aa": 5, "bb": 3}), catalog({"aa": 5, "bb": 3}, price="9.00"), catalog({"aa": 2}))
    for night in nights:
        ours, theirs = publish_night(remote, night), publish_night(local, night)
        assert ours.live
        assert ours.manifest.content == theirs.manifest.content
        assert ours.manifest.delta == theirs.manifest.delta
    assert publish_night(remote, nights[-1]) is None
    old, new = (selvedge_searcher.open(uri, version, tmp_path / "cache") for version in (1, 3))
    assert new.vectors.tolist() == selvedge_searcher.open(str(local.root)).vectors.tolist()
    assert set(changes(old, new)["change"].to_pylist()) == {"removed"}


def test_a_store_that_does_not_answer_is_named(s3, tmp_path, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")  # nobody listens at the port of `discard`
    with pytest.raises(LakeUnreachable, match=r"^s3://nosuch/x: .*connect"):
        selvedge_searcher.open("s3://nosuch/x", cache=tmp_path)


def test_a_lake_that_is_copied_to_s3_opens_there(uri, tmp_path):
    local = DiskStore(tmp_path / "lake")
    publish_night(local, catalog({"aa": 3}))
    copied = open_store(uri)
    for entry in local.list(""):
        copied.write(entry.path, local.read(entry.path))
    snapshot = selvedge_searcher.open(uri, cache=tmp_path / "cache")
    assert snapshot.products["product_id"].to_pylist() == ["aa:0000", "aa:0001", "aa:0002"]
    assert publish_night(copied, catalog({"aa": 3})) is None


def test_rollback_and_live(uri):
    store: Store = open_store(uri)
    for size in (2, 3):
        publish_night(store, catalog({"aa": size}))
    rollback(store, 1, "ann", "to try")
    assert not publish_night(store, catalog({"aa": 4})).live
    assert current(store) == 1
    live(store, 3)
    assert (current(store), verify(store, 3)) == (3, [])


def test_a_damaged_object_is_refused(uri, tmp_path):
    store = open_store(uri)
    version = publish_night(store, catalog({"aa": 2})).manifest
    path = version.of("vectors")[0].path
    store.write(path, store.read(path)[:-1] + b"?")
    with pytest.raises(SnapshotDamaged, match=path):
        selvedge_searcher.open(uri, cache=tmp_path / "cache")
