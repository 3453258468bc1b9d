import http.client
from collections import Counter
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from schemas.errors import WrongInput
from shops.layout import SampleShop
from shops.serve import loopback, serving
from tests.shops.reading import pictures_of


@pytest.fixture(scope="module")
def host(google_shop: SampleShop) -> Iterator[str]:
    with serving(google_shop.folder.parent) as base_url:
        yield urlsplit(base_url).netloc


def ask(host: str, path: str, headers: dict[str, str] | None = None) -> tuple[int, dict[str, str], bytes]:
    """One request, the path sent as it is."""
    connection = http.client.HTTPConnection(host, timeout=10)
    connection.request("GET", path, headers=headers or {})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, {name.lower(): value for name, value in answer.getheaders()}, body


def test_feed_and_pictures_are_served_as_they_lie(host: str, google_shop: SampleShop) -> None:
    picture = next(one for one in pictures_of(google_shop) if not one["fault"])["file"]
    for name, mime in (("feed.xml", "application/xml"), (picture, "image/jpeg")):
        status, headers, body = ask(host, f"/google-shop/{name}")
        assert (status, headers["content-type"]) == (200, mime)
        assert body == (google_shop.folder / name).read_bytes()


def test_large_files_are_streamed_and_known_too(
    host: str, google_shop: SampleShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shops.serve.SMALL_BYTES", 0)
    status, headers, body = ask(host, "/google-shop/feed.xml")
    again, _, _ = ask(host, "/google-shop/feed.xml", {"If-None-Match": headers["etag"]})

    assert (status, again, headers["content-type"]) == (200, 304, "application/xml")
    assert body == google_shop.feed.read_bytes()


@pytest.mark.parametrize(("sent", "kept"), [("If-None-Match", "etag"), ("If-Modified-Since", "last-modified")])
def test_what_is_known_is_not_sent_again(host: str, sent: str, kept: str) -> None:
    _, headers, _ = ask(host, "/google-shop/feed.xml")
    status, _, body = ask(host, "/google-shop/feed.xml", {sent: headers[kept]})

    assert (status, body) == (304, b"")


@pytest.mark.parametrize(
    "path",
    [
        "/google-shop/truth/offers.parquet",
        "/google-shop/retailer.yaml",
        "/google-shop/../google-shop/truth/offers.parquet",
        "/google-shop/images/../../../etc/passwd",
        "/google-shop/images/%2e%2e/%2e%2e/truth/drawn.json",
        "/google-shop/images/ab/..%2f..%2ffeed.xml",
        "//etc/passwd",
        "/google-shop/",
        "/",
    ],
)
def test_nothing_but_feeds_and_pictures(host: str, path: str) -> None:
    status, _, body = ask(host, path)

    assert status == 404
    assert b"PAR1" not in body and b"root:" not in body


def test_missing_pictures_are_missing(host: str, google_shop: SampleShop) -> None:
    missing = next(one for one in pictures_of(google_shop) if one["fault"] == "fetch_404")

    assert ask(host, f"/google-shop/{missing['file']}")[0] == 404


def test_robots_allow_all(host: str) -> None:
    status, headers, body = ask(host, "/robots.txt")

    assert status == 200 and headers["content-type"].startswith("text/plain")
    assert b"Allow: /" in body


def test_answers_are_counted(google_shop: SampleShop) -> None:
    seen: Counter[str] = Counter()
    with serving(google_shop.folder.parent, seen=seen) as base_url:
        host = urlsplit(base_url).netloc
        ask(host, "/google-shop/feed.xml")
        ask(host, "/google-shop/feed.xml")

    assert seen == {"/google-shop/feed.xml": 2}


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.org", ""])
def test_only_this_machine_is_served(host: str) -> None:
    with pytest.raises(WrongInput, match="is not a loopback address"):
        loopback(host)


def test_loopback_addresses_are_accepted() -> None:
    assert [loopback(host) for host in ("127.0.0.1", "127.9.9.9", "::1", "localhost")] == [
        "127.0.0.1",
        "127.9.9.9",
        "::1",
        "127.0.0.1",
    ]
