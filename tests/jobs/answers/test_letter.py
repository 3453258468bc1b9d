"""What a letter is gathered from: the shop's own rows alone, of every night that still counts."""

import csv
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from jobs.answers.letter import QUOTING, gather, write_letter
from jobs.live.feeds import live_feeds
from reports.letter import ShopError
from schemas.errors import WrongInput
from schemas.rejects import Code
from schemas.tables import FETCHES, OFFERS
from tests.jobs.lake_of_offers import FEED, FIRST, Shops
from tests.udfs.feeds.small_feeds import OFFER, feed, read
from udfs.pictures.inspect import PictureRefused, inspect

START = datetime(2026, 1, 10, 2, tzinfo=UTC)
ROBOTS = "https://one.test/robots.txt forbids it to selvedge: Disallow: /3"


@pytest.fixture
def shops(tmp_path: Path) -> Shops:
    """Shop one has a bad offer and pictures that failed in two nights; shop two failed altogether."""
    shops = Shops(tmp_path, one=[f"https://one.test/{n}" for n in range(5)], two=["https://two.test/0"])
    function = live_feeds(shops.night())[0].function
    shops.write(OFFERS, [
        {"retailer": name, "feed": FEED, "function": function, "position": 9, "status": "rejected", "line": line,
         "code": "offer_bad_price", "offer_id": f"={name}", "detail": f"price of {name}"}
        for name, line in (("one", 31), ("two", 41))
    ])  # fmt: skip
    shops.write(FETCHES, [
        fetch("https://one.test/0", 1, 0, code="fetch_404", detail="answered 404", http_status=404),
        fetch("https://one.test/1", 1, 0, bytes=700),
        fetch("https://one.test/1", 2, 7, at=1, http_status=304),
        fetch("https://one.test/2", 1, 7, at=2, bytes=500),
        fetch("https://one.test/3", 1, 7, at=4, code="fetch_robots", detail=ROBOTS),
        fetch("https://one.test/4", 1, 7, at=5, code="fetch_429", detail="ours to mend"),
        fetch("https://two.test/0", 1, 7, code="fetch_tls", detail="self-signed"),
    ])  # fmt: skip
    return shops


def fetch(url: str, attempt: int, night: int, at: float = 0, **more: Any) -> dict[str, Any]:
    return {"url": url, "attempt": attempt, "function": bytes(32), "status": "rejected" if "code" in more else "done",
            "night": FIRST + timedelta(days=night), "fetched_at": START + timedelta(seconds=at), **more}  # fmt: skip


def test_every_error_that_stands_with_its_offer_and_no_error_of_ours(shops: Shops) -> None:
    assert gather(shops.night(7), "one").errors == (
        ShopError("offer_bad_price", 31, "=one", None, "price of one"),
        ShopError("fetch_404", None, "0", "https://one.test/0", "answered 404", "HTTP 404"),
        ShopError("fetch_robots", None, "3", "https://one.test/3", ROBOTS, "Disallow: /3"),
    )


def test_what_was_fetched_in_the_last_night_and_how_fast(shops: Shops) -> None:
    found = gather(shops.night(8), "one").fetched
    assert found is not None
    assert (found.night, found.asked, found.arrived, found.unchanged) == ("2026-01-17", 4, 2, 1)
    assert (found.bytes, found.per_second, found.barred) == (500, 1.0, 1)


def test_nothing_of_another_shop_and_no_formula(shops: Shops, tmp_path: Path) -> None:
    page, table = write_letter(shops.night(7), "one", tmp_path / "letters")
    said = page.read_text() + table.read_text()
    assert "Disallow: /3" in said
    assert "two" not in said
    with table.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert len(rows) == 4
    assert rows[1][2] == "'=one"


def test_what_a_shop_wrote_is_taken_from_what_the_reader_says() -> None:
    rows, _ = read(feed(OFFER.format(1).replace("<price>10", "<price>по запросу")))
    assert re.findall(QUOTING[Code.OFFER_BAD_PRICE], rows[0]["detail"]) == ["по запросу"]
    with pytest.raises(PictureRefused) as page:
        inspect(b"<!DOCTYPE html><html>")
    assert re.findall(QUOTING[Code.FETCH_TYPE], page.value.detail) == ["<!DOCTYPE html><"]


def test_a_shop_that_nobody_knows(shops: Shops) -> None:
    with pytest.raises(WrongInput, match="three: not an enabled retailer; enabled retailers: one, two"):
        gather(shops.night(), "three")
