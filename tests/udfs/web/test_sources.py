"""Feeds from files and from S3, with the same answers as over HTTP."""

import io
import os
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from schemas.rejects import MEANINGS, Acts, Code
from tests.udfs.web.server import LOOPBACK, Server, answer
from udfs.web.download import Downloaded, FeedRequest
from udfs.web.sources import _s3_refusal, receive

FEED = b"<yml_catalog/>"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    feeds = tmp_path / "feeds"
    (feeds / "shop").mkdir(parents=True)
    (feeds / "shop" / "a b.xml").write_bytes(FEED)
    (tmp_path / "secret.xml").write_bytes(b"secret")
    return feeds


def get(url: str, request: FeedRequest) -> tuple[Downloaded, bytes]:
    target = io.BytesIO(b"before")
    return receive(url, request, target), target.getvalue()


def test_a_file_below_the_folder(folder: Path) -> None:
    for url in ("shop/a b.xml", (folder / "shop/a b.xml").as_uri(), str(folder / "shop/a b.xml")):
        found, body = get(url, FeedRequest(folder=folder))
        assert (found.status, body, found.sha256, found.bytes) == ("new", FEED, sha256(FEED).digest(), len(FEED))


def test_a_file_that_is_as_it_was(folder: Path) -> None:
    first, _ = get("shop/a b.xml", FeedRequest(folder=folder))
    again = FeedRequest(folder=folder, etag=first.etag)
    assert get("shop/a b.xml", again)[0].status == "unchanged"
    (folder / "shop" / "a b.xml").write_bytes(FEED + b" ")
    assert get("shop/a b.xml", again)[0].status == "new"


@pytest.mark.parametrize(
    "url",
    ["../secret.xml", "shop/../../secret.xml", "/etc/passwd", "link.xml", "file:///etc/passwd", "file:///%2e%2e/etc/passwd",
     "..", "shop", "pipe", "ftp://shop/feed", "javascript:1"],
)  # fmt: skip
def test_nothing_is_read_outside_the_folder_or_that_is_no_file(folder: Path, url: str) -> None:
    (folder / "link.xml").symlink_to(folder.parent / "secret.xml")
    os.mkfifo(folder / "pipe")
    found, body = get(url, FeedRequest(folder=folder))
    assert (found.status, found.code) == ("refused", Code.FEED_ADDRESS), found
    assert b"secret" not in body


def test_a_link_within_the_folder_is_followed(folder: Path) -> None:
    (folder / "today.xml").symlink_to("shop/a b.xml")
    assert get("today.xml", FeedRequest(folder=folder))[0].status == "new"


def test_a_file_that_is_not_there_too_large_or_not_allowed(folder: Path) -> None:
    missing = get("none.xml", FeedRequest(folder=folder))[0]
    assert missing.code is Code.FEED_MISSING
    assert missing.detail == f"none.xml: no such file in {folder} (setting feeds.folder)"
    assert get("a.xml", FeedRequest(folder=folder / "none"))[0].code is Code.FEED_MISSING
    assert get("a\0.xml", FeedRequest(folder=folder))[0].code is Code.FEED_UNREACHABLE
    assert get("shop/a b.xml", FeedRequest(folder=folder, max_bytes=3))[0].code is Code.FEED_TOO_LARGE
    assert get("shop/a b.xml", FeedRequest())[0].code is Code.FEED_ADDRESS


def test_http_goes_over_http() -> None:
    with Server({"/feed": answer(FEED)}) as server:
        assert get(server.url("/feed"), FeedRequest(allow_private_hosts=LOOPBACK))[1] == FEED


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    """An S3 of our own, with one object."""
    import boto3
    from botocore.config import Config
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        environment.setenv("AWS_ACCESS_KEY_ID", "test")
        environment.setenv("AWS_SECRET_ACCESS_KEY", "test")
        environment.setenv("AWS_REGION", "us-east-1")
        environment.setenv("AWS_DEFAULT_REGION", "us-east-1")
        environment.setenv("HTTP_PROXY", "http://127.0.0.1:1")
        client = boto3.client("s3", config=Config(proxies={}))
        client.create_bucket(Bucket="feeds")
        client.put_object(Bucket="feeds", Key="shop/feed.xml", Body=FEED)
        yield "s3://feeds"
    server.stop()


REQUEST = FeedRequest(connect_s=2, read_s=2, tries=1)


def test_an_object(bucket: str) -> None:
    found, body = get(f"{bucket}/shop/feed.xml", REQUEST)
    assert (found.status, body, found.sha256, found.http_status) == ("new", FEED, sha256(FEED).digest(), 200)
    assert found.etag
    again, _ = get(f"{bucket}/shop/feed.xml", replace(REQUEST, etag=found.etag))
    assert (again.status, again.http_status) == ("unchanged", 304)


def test_objects_that_do_not_come(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert get(f"{bucket}/none.xml", REQUEST)[0].code is Code.FEED_MISSING
    assert get("s3://no-such-bucket/a.xml", REQUEST)[0].code is Code.FEED_MISSING
    assert get(f"{bucket}/shop/feed.xml", replace(REQUEST, max_bytes=3))[0].code is Code.FEED_TOO_LARGE
    assert get("s3://", REQUEST)[0].code is Code.FEED_ADDRESS
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    assert get(f"{bucket}/shop/feed.xml", REQUEST)[0].code is Code.FEED_UNREACHABLE


def test_secrets_that_are_missing_or_wrong_are_ours_to_mend(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setattr("boto3.DEFAULT_SESSION", None)  # which remembers them
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    missing = get(f"{bucket}/shop/feed.xml", REQUEST)[0]
    assert missing.code is Code.FEED_CREDENTIALS
    assert MEANINGS[missing.code].acts is Acts.ENGINEER
    assert "AWS_ACCESS_KEY_ID" in str(missing.detail)
    refused = {"Error": {"Code": "SignatureDoesNotMatch"}, "ResponseMetadata": {"HTTPStatusCode": 403}}
    assert _s3_refusal("s3://feeds/a.xml", REQUEST, refused).code is Code.FEED_CREDENTIALS
