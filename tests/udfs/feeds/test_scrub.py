"""What was erased is cut out of a feed, and every other offer reads as before, in its line."""

import gzip
import hashlib
from pathlib import Path

import pytest

from udfs.feeds.options import FeedOptions
from udfs.feeds.reader import read_feed
from udfs.feeds.scrub import scrub

URL = "http://shop.example/p.jpg?a=1&b=2"
ENTITY = URL.replace("&", "&amp;")
HEAD = '<?xml version="1.0" encoding="{encoding}"?><yml_catalog date="2026-01-14 22:00"><shop><name>Луг</name>'
OFFERS = [
    f'<offer id="{number}" available="true"><url>http://shop.example/{number}</url><price>10</price>'
    f"<currencyId>RUB</currencyId><categoryId>1</categoryId><name>Платье {number}</name>"
    f"<picture>{ENTITY if number == 2 else f'http://shop.example/{number}.jpg'}</picture></offer>"
    for number in range(1, 5)
]


def feed(joined: str, encoding: str = "utf-8") -> bytes:
    head = HEAD.format(encoding=encoding)
    categories = '<categories><category id="1">Одежда</category></categories>'
    return f"{head}{categories}<offers>{joined.join(OFFERS)}</offers></shop></yml_catalog>".encode(encoding)


def hashed(*texts: str) -> frozenset[bytes]:
    return frozenset(hashlib.sha256(text.encode()).digest() for text in texts)


def rows(path: Path) -> list[dict]:
    with path.open("rb") as source:
        reading = read_feed(source, FeedOptions())
        found = [row for batch in reading.batches() for row in batch.to_pylist()]
    assert reading.summary.code is None
    return found


def scrubbed(tmp_path: Path, body: bytes, *erased: str) -> tuple[list[dict], list[dict], bytes]:
    path = tmp_path / "feed"
    path.write_bytes(body)
    before = rows(path)
    assert scrub(path, "meadow", FeedOptions(), hashed(*erased)) is True
    return before, rows(path), path.read_bytes()


@pytest.mark.parametrize("joined", ["\n", ""], ids=["a line an offer", "one line"])
@pytest.mark.parametrize("encoding", ["utf-8", "windows-1251", "utf-16"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "packed"])
def test_an_address_goes_and_its_offer_stays(tmp_path: Path, joined: str, encoding: str, pack) -> None:
    before, after, body = scrubbed(tmp_path, pack(feed(joined, encoding)), URL)
    assert URL.encode() not in body
    assert ENTITY.encode() not in body
    assert [row["pictures"] for row in after][1] in (None, [])
    differs = [old["offer_id"] for old, new in zip(before, after, strict=True) if old["pictures"] != new["pictures"]]
    assert differs == ["2"]
    assert [(r["offer_id"], r["title"], r["line"]) for r in after] == [
        (r["offer_id"], r["title"], r["line"]) for r in before
    ]


@pytest.mark.parametrize("joined", ["\n", ""], ids=["a line an offer", "one line"])
def test_a_product_goes_whole(tmp_path: Path, joined: str) -> None:
    before, after, body = scrubbed(tmp_path, feed(joined), "meadow:3")
    assert [row["offer_id"] for row in after] == ["1", "2", "4"]
    assert 'id="3"' not in body.decode()
    assert "Платье 3" not in body.decode()
    lines = {row["offer_id"]: row["line"] for row in before}
    assert all(lines[row["offer_id"]] == row["line"] for row in after)


def test_an_address_that_the_feed_writes_in_another_way_takes_its_offer_along(tmp_path: Path) -> None:
    odd = feed("\n").replace(b"http://shop.example/4.jpg", b"http://shop.example/a b.jpg")
    path = tmp_path / "odd"
    path.write_bytes(odd)
    read = rows(path)[3]["pictures"][0]
    assert read.encode() not in odd, "the reader repairs it"
    _, after, body = scrubbed(tmp_path, odd, read)
    assert [row["offer_id"] for row in after] == ["1", "2", "3"]
    assert b"a b.jpg" not in body


def test_a_feed_that_names_nothing_erased_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "feed"
    path.write_bytes(gzip.compress(feed("\n")))
    before = path.read_bytes()
    assert scrub(path, "meadow", FeedOptions(), hashed("http://elsewhere.example/1.jpg", "harbour:3")) is False
    assert path.read_bytes() == before
