"""One feed over HTTP."""

import gzip
import io
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from schemas.rejects import Code
from tests.udfs.web.server import (
    LOOPBACK,
    Endless,
    NameServer,
    Server,
    answer,
    conditional,
    drip,
    in_turn,
    redirect,
    reset,
    reset_after,
    self_signed,
    silence,
)  # fmt: skip
from udfs.web.download import Downloaded, FeedRequest, NotWritten, download_feed
from udfs.web.guard import networks

FEED = b"<?xml version='1.0'?><yml_catalog/>" * 200
REQUEST = FeedRequest(
    allow_private_hosts=LOOPBACK, max_bytes=1 << 20, connect_s=1, read_s=0.3, total_s=0.8, tries=1, backoff_s=0.01,
    patience_s=2,
)  # fmt: skip
SECRET = "Bearer only-for-the-shop"


def download(url: str, request: FeedRequest = REQUEST, names: NameServer | None = None) -> tuple[Downloaded, bytes]:
    target = io.BytesIO(b"what was there before")
    return download_feed(url, request, target, names), target.getvalue()


def test_a_feed_and_what_is_known_of_it() -> None:
    with Server({"/feed": answer(FEED, ETag='"7"', Last_Modified="Mon")}) as server:
        found, body = download(server.url("/feed"))
    assert body == FEED
    assert found == Downloaded(
        "new", None, None, 200, len(FEED), sha256(FEED).digest(), '"7"', "Mon", server.url("/feed")
    )  # fmt: skip


@pytest.mark.parametrize(
    ("said", "charset"),
    [
        ("text/xml; charset=windows-1251", "windows-1251"),
        ('text/xml; version=1; Charset = "ISO-8859-2"', "iso-8859-2"),
        ("text/xml; charset=UTF-8", None),
        ("text/xml", None),
        ("text/xml; charset=" + "x" * 1000, "x" * 40),
    ],
)
def test_the_encoding_that_the_server_names_is_kept(said: str, charset: str | None) -> None:
    with Server({"/feed": answer(FEED, Content_Type=said)}) as server:
        assert download(server.url("/feed"))[0].charset == charset


def test_unchanged() -> None:
    with Server({"/feed": conditional(FEED, '"7"')}) as server:
        found, body = download(server.url("/feed"), replace(REQUEST, etag='"7"', last_modified="Mon"))
    assert (found.status, found.http_status, body) == ("unchanged", 304, b"")
    assert server.seen[0].headers["if-modified-since"] == "Mon"


def test_the_transports_packing_is_undone_and_an_archive_is_left_as_it_is() -> None:
    packed = gzip.compress(FEED)
    with Server({"/a": answer(packed, Content_Encoding="gzip"), "/feed.xml.gz": answer(packed)}) as server:
        assert download(server.url("/a"))[1] == FEED
        assert download(server.url("/feed.xml.gz"))[1] == packed


@pytest.mark.parametrize(
    ("behaviour", "code", "said"),
    [
        (answer(status=404), Code.FEED_MISSING, "404"),
        (answer(status=403), Code.FEED_UNREACHABLE, "403"),
        (answer(status=500), Code.FEED_UNREACHABLE, "500"),
        (answer(status=204), Code.FEED_UNREACHABLE, "204"),
        (silence, Code.FEED_UNREACHABLE, "0.8 s"),
        (drip(FEED), Code.FEED_UNREACHABLE, "0.8 s"),
        (reset, Code.FEED_UNREACHABLE, "connection"),
        (reset_after(FEED[:100], len(FEED)), Code.FEED_UNREACHABLE, "the response was cut off"),
        (Endless(FEED), Code.FEED_TOO_LARGE, "1048576"),
        (answer(b"x", Content_Length=9 << 20), Code.FEED_TOO_LARGE, "announced"),
        (answer(gzip.compress(bytes(64 << 20)), Content_Encoding="gzip"), Code.FEED_TOO_LARGE, "1048576"),
        (redirect("/feed"), Code.FEED_UNREACHABLE, "redirected"),
        (redirect("http://127.0.0.2/"), Code.FEED_ADDRESS, "which we may not access"),
    ],
)
def test_misbehaviour(behaviour: object, code: Code, said: str) -> None:
    with Server({"/feed": behaviour}) as server:  # type: ignore[dict-item]
        found, _ = download(server.url("/feed"))
    assert (found.status, found.code, found.sha256) == ("refused", code, None)
    assert said in str(found.detail)


@pytest.mark.parametrize(
    "url", ["http://10.0.0.1/feed", "http://user:word@shop.com/", "http:///x", "http://2130706434/"]
)
def test_addresses_that_cannot_be_asked(url: str) -> None:
    assert download(url)[0].code is Code.FEED_ADDRESS


def test_a_name_without_an_address() -> None:
    assert download("http://gone.example/feed", names=NameServer({}))[0].code is Code.FEED_UNREACHABLE


def test_a_certificate_that_nobody_trusts(tmp_path: Path) -> None:
    with Server({"*": answer(FEED)}, tls=self_signed(tmp_path)) as server:
        found, _ = download(server.url("/feed"), replace(REQUEST, authorization=SECRET))
    assert found.code is Code.FEED_UNREACHABLE
    assert server.seen == []


def test_passing_trouble_is_tried_again_and_leaves_nothing_in_the_file() -> None:
    trouble = in_turn(reset_after(FEED[:500], len(FEED)), answer(status=503, Retry_After="1"), answer(FEED))
    with Server({"/feed": trouble}) as server:
        found, body = download(server.url("/feed"), replace(REQUEST, tries=3))
    assert (found.status, body) == ("new", FEED)
    assert server.seen[2].at - server.seen[1].at >= 0.95


def test_a_host_that_wants_a_long_pause_is_not_waited_for() -> None:
    with Server({"/feed": answer(status=503, Retry_After="3600")}) as server:
        found, _ = download(server.url("/feed"), replace(REQUEST, tries=3))
    assert found.code is Code.FEED_UNREACHABLE
    assert len(server.seen) == 1


def test_a_secret_goes_to_the_feeds_own_host_alone() -> None:
    request = replace(REQUEST, authorization=SECRET, allow_private_hosts=networks(["127.0.0.0/29"]))
    with Server({"*": answer(FEED)}, address="127.0.0.2") as other, Server({"/there": answer(FEED)}) as server:
        server.routes["/same"] = redirect("/there")
        server.routes["/other"] = redirect(other.url("/feed"))
        assert download(server.url("/same"), request)[0].status == "new"
        assert download(server.url("/other"), request)[0].status == "new"
    assert [seen.headers.get("authorization") for seen in server.seen] == [SECRET] * 3
    assert [seen.headers.get("authorization") for seen in other.seen] == [None]


def test_a_secret_goes_to_no_other_port_and_back_to_no_host_that_a_stranger_names() -> None:
    request = replace(REQUEST, authorization=SECRET)
    with Server({"*": answer(FEED)}) as neighbour, Server({"/feed": redirect(neighbour.url("/x"))}) as server:
        assert download(server.url("/feed"), request)[0].status == "new"
    assert neighbour.seen[0].headers.get("authorization") is None


def test_a_secret_is_never_printed() -> None:
    assert SECRET not in repr(replace(REQUEST, authorization=SECRET))


def test_a_full_disk_is_no_matter_of_the_shop() -> None:
    class Full(io.BytesIO):
        def write(self, piece: object) -> int:
            raise OSError(28, "No space left on device")

    with Server({"/feed": answer(FEED)}) as server, pytest.raises(NotWritten, match="No space left"):
        download_feed(server.url("/feed"), replace(REQUEST, tries=3), Full())
    assert len(server.seen) == 1
