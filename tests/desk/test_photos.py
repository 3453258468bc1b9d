"""A photo that is dropped on the page is looked at in memory, and only for the page that the command opened."""

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest

from desk import photos
from desk.photos import PhotoSearch
from selvedge_searcher.errors import PhotoRefused, SnapshotDamaged
from tests.desk.served import TOKEN, served_app

POLICY = "default-src 'none'; script-src 'sha256-x'"


def find(name: str, body: bytes) -> str:
    if body == b"text":
        raise PhotoRefused("the photo is not a picture")
    if body == b"damaged":
        raise SnapshotDamaged("encoders/ab: is missing")
    return f"page of {name}, {len(body)} bytes"


@contextmanager
def pages(found=find) -> Iterator["Client"]:
    with served_app(PhotoSearch(found, "drop a photo", POLICY).asgi) as address:
        yield Client(address)


class Client:
    def __init__(self, address: str) -> None:
        self.at = urlsplit(address)

    def ask(self, path: str, method: str = "GET", body: bytes | None = None, **headers: str) -> tuple[int, str, str]:
        """Status, body and content security policy."""
        connection = http.client.HTTPConnection(str(self.at.hostname), self.at.port, timeout=20)
        named = {"Host": self.at.netloc} | {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, named)
        answer = connection.getresponse()
        return answer.status, answer.read().decode(), answer.getheader("content-security-policy") or ""

    def look(self, body: bytes, **headers: str) -> tuple[int, str, str]:
        return self.ask(f"/{TOKEN}/look", "POST", body, **({"Origin": f"http://{self.at.netloc}"} | headers))


def test_a_photo_is_answered_with_the_place_of_its_page() -> None:
    with pages() as client:
        assert client.ask(f"/{TOKEN}/") == (200, "drop a photo", POLICY)
        status, place, _ = client.look(b"photo", x_name="%D0%BA.jpg")
        assert (status, place[:6]) == (200, "found/")
        assert client.ask(f"/{TOKEN}/{place}") == (200, "page of к.jpg, 5 bytes", POLICY)
        assert client.ask(f"/{TOKEN}/found/other")[:2] == (404, "drop a photo")


@pytest.mark.parametrize("path", ["/", "/look", "/t0ken2/look", "/found/x"])
def test_only_below_the_token(path: str) -> None:
    with pages() as client:
        origin = f"http://{client.at.netloc}"
        assert client.ask(path)[0] == 403
        assert client.ask(path, "POST", b"photo", Origin=origin)[0] == 403


def test_no_other_page_and_no_other_name_of_this_machine() -> None:
    with pages() as client:
        for headers in ({"Origin": "http://evil.example"}, {"Origin": "null"}, {"Host": "evil.example"}):
            assert client.look(b"photo", **headers)[0] == 403
        assert client.ask(f"/{TOKEN}/look", "POST", b"photo")[0] == 403


def test_what_is_refused_is_said_and_kept_nowhere(monkeypatch) -> None:
    monkeypatch.setattr(photos, "MAX_BYTES", 1000)
    with pages() as client:
        assert client.look(b"text")[:2] == (400, "the photo is not a picture")
        assert client.look(b"damaged")[:2] == (500, "encoders/ab: is missing")
        assert client.look(b"x" * 1001)[:2] == (403, "selvedge: the request is too large")
        assert client.look(b"x" * 1000)[0] == 200


def test_a_photo_that_never_arrives_is_given_up(monkeypatch) -> None:
    monkeypatch.setattr(photos, "UPLOAD_S", 0.05)
    with pages() as client:
        origin = f"http://{client.at.netloc}"
        assert client.ask(f"/{TOKEN}/look", "POST", None, Origin=origin, Content_Length="9")[0] == 408
        assert client.look(b"photo")[0] == 200


def test_few_photos_at_once_and_few_answers_kept(monkeypatch) -> None:
    monkeypatch.setattr(photos, "MOST_WAITING", 1)
    monkeypatch.setattr(photos, "MOST_ANSWERS", 2)
    begun, go_on = threading.Event(), threading.Event()

    def slow(name: str, body: bytes) -> str:
        if body == b"slow":
            begun.set()
            assert go_on.wait(20)
        return body.decode()

    with pages(slow) as client:
        first = threading.Thread(target=client.look, args=(b"slow",))
        first.start()
        assert begun.wait(20)
        assert client.look(b"second")[0] == 503
        go_on.set()
        first.join(20)
        places = [client.look(body)[1] for body in (b"1", b"2", b"3")]
        assert [client.ask(f"/{TOKEN}/{place}")[0] for place in places] == [404, 200, 200]
