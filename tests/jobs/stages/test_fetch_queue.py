"""Which addresses are due in a night: those that failed by their class's rule, known ones in their turn."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from jobs.live.functions import fetch_function
from jobs.live.views import urls
from jobs.stages.fetch_queue import _due, _unsettled, due_urls, owed
from schemas.rejects import Code
from schemas.tables import FETCHES, PICTURES
from tests.jobs.lake_of_offers import FIRST, Shops
from tests.jobs.live.lake_of_nights import Nights

URL = "https://shop.test/a.jpg"


@pytest.fixture
def shops(tmp_path: Path) -> Shops:
    return Shops(tmp_path, shop=[URL])


def asked(shops: Shops, night: int, attempt: int, code: Code | None, url: str = URL) -> None:
    """The URL was asked for in a night; `code`: how it failed."""
    shops.write(FETCHES, [{
        "url": url, "attempt": attempt, "function": fetch_function(), "status": "rejected" if code else "done",
        "code": code, "night": FIRST + timedelta(days=night), "fetched_at": datetime.now(UTC),
    }])  # fmt: skip


def nights_asked(shops: Shops, code: Code, first: int, nights: int, attempt: int = 1) -> list[int]:
    """In which of the nights after the first a URL is due that fails with the same code each time."""
    asked(shops, first, attempt, code)
    found = []
    for night in range(first, first + nights):
        if due := due_urls(shops.night(night, recheck_nights=0)).to_pylist():
            assert due[0]["attempt"] == attempt + len(found) + 1
            found.append(night - first)
            asked(shops, night, due[0]["attempt"], code)
    return found


@pytest.mark.parametrize(
    ("code", "nights", "given_up"),
    [
        (Code.FETCH_CONNECT, [1, 2, 3, 4, 5, 6], 7),  # a host that is down: every night for a week
        (Code.FETCH_404, [3, 6, 9, 12], 15),  # a picture may come a few days after its offer, or never
        (Code.FETCH_403, [7, 14, 21], 28),
        (Code.FETCH_BAD_URL, [], 1),  # nothing mends it
    ],
)
def test_a_failure_is_asked_for_again_by_its_class_and_given_up(
    code: Code, nights: list[int], given_up: int, shops: Shops
) -> None:
    assert nights_asked(shops, code, 0, given_up + 1) == nights


def test_attempts_that_brought_the_picture_are_no_failures(shops: Shops) -> None:
    asked(shops, 0, 8, None)
    assert nights_asked(shops, Code.FETCH_404, 30, 16, attempt=9) == [3, 6, 9, 12]


def test_every_known_address_has_its_turn_once_in_so_many_nights(tmp_path: Path) -> None:
    urls = [f"https://shop.test/{number}" for number in range(40)]
    shops = Shops(tmp_path, shop=urls)
    for url in urls:
        asked(shops, -1, 1, None, url)
    turns = [url for night in range(7) for url in due_urls(shops.night(night, recheck_nights=7))["url"].to_pylist()]
    assert sorted(turns) == sorted(urls)


def test_a_shop_whose_spec_says_nothing_of_pictures_is_owed_the_polite_default(tmp_path: Path) -> None:
    shops = Shops(tmp_path, shop=["https://pictures.test/0"])
    spec = tmp_path / "mappings" / "shop" / "retailer.yaml"
    spec.write_text("language: en\nfeed: {url: 'http://shop.test/feed.xml'}\n", encoding="utf-8")
    assert owed(shops.night()) == {"pictures.test": (4, 2)}


@pytest.mark.parametrize("recheck_nights", [0, 3])
def test_what_is_settled_is_left_out_before_the_rule_is_asked(tmp_path: Path, recheck_nights: int) -> None:
    lake, left_out, found_due = Nights(tmp_path, 1), 0, 0
    for _ in range(5):
        night = lake.night(lake.on, recheck_nights=recheck_nights)
        live = urls(night)
        whole = night.tables.sql(_due(night, live.sql, "true"), {*live.tables, FETCHES, PICTURES})
        unsettled = set(_unsettled(night, live))
        assert due_urls(night) == whole
        left_out += len(set(night.tables.sql(live.sql, live.tables)["url"].to_pylist()) - unsettled)
        found_due += whole.num_rows
        lake.draw.choice((Nights.late_answers, Nights.asked_again, Nights.new_feed, Nights.blocks, lose_picture))(lake)
        lake.another_night()
    assert left_out > found_due > 0


def lose_picture(lake: Nights) -> None:
    lake._lose(PICTURES, {"picture": lake.draw.choice(lake.rows("select picture from pictures"))["picture"]})
