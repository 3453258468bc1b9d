"""Failures by host and class against the last night, nights until a shop is whole, and suspected placeholders."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from jobs.answers.fetch_health import host_rows, jumps, pictures_asked
from jobs.answers.notes import notes
from jobs.engine.night import Night
from jobs.live.placeholders import suspects
from reports.facts import PicturesAsked
from schemas.tables import FETCHES
from tests.jobs.lake_of_offers import FIRST, Shops

NONE, MISSING, FORBIDDEN = None, "fetch_404", "fetch_403"


def addresses(host: str, count: int) -> list[str]:
    return [f"https://{host}/{number}" for number in range(count)]


def fetched(shops: Shops, urls: Sequence[str], code: str | None, night: int, picture: bytes | None = None) -> None:
    """The URLs were asked for in a night, with one outcome for all."""
    rows = [
        {"url": url, "attempt": night + 1, "function": bytes(32), "status": "rejected" if code else "done",
         "code": code, "night": FIRST + timedelta(days=night), "fetched_at": datetime.now(UTC), "picture": picture}
        for url in urls
    ]  # fmt: skip
    shops.write(FETCHES, rows)


def counts(night: Night) -> dict[str, dict[str, tuple[int, int]]]:
    return {row.host: {one.code: (one.now, one.before) for one in row.failures} for row in host_rows(night)}


@pytest.fixture
def shop(tmp_path: Path) -> Shops:
    """80 addresses on two numbered hosts and one other."""
    urls = [*addresses("img1.shop.test", 30), *addresses("img2.shop.test", 30), *addresses("cdn.test", 20)]
    return Shops(tmp_path, shop=urls)


def test_failures_are_counted_over_live_addresses_by_host_and_class(shop: Shops) -> None:
    fetched(shop, addresses("img1.shop.test", 12), MISSING, 0)
    fetched(shop, addresses("img2.shop.test", 3), MISSING, 0)
    fetched(shop, addresses("cdn.test", 5), FORBIDDEN, 0)
    fetched(shop, addresses("gone.test", 50), MISSING, 0)  # no live offer names it
    rows = host_rows(shop.night())
    assert [(row.host, row.addresses, row.failing) for row in rows] == [
        ("all hosts", 80, 20), ("img*.shop.test", 60, 15), ("cdn.test", 20, 5)
    ]  # fmt: skip
    assert counts(shop.night()) == {
        "all hosts": {MISSING: (15, 0), FORBIDDEN: (5, 0)},
        "img*.shop.test": {MISSING: (15, 0)},
        "cdn.test": {FORBIDDEN: (5, 0)},
    }


def test_a_class_that_jumps_against_the_last_night_is_said(shop: Shops) -> None:
    fetched(shop, addresses("img1.shop.test", 30), NONE, 0)
    fetched(shop, addresses("cdn.test", 20), MISSING, 0)
    assert jumps(host_rows(shop.night())) == [], "a first night has nothing to be compared with"
    fetched(shop, addresses("img1.shop.test", 25), FORBIDDEN, 1)
    fetched(shop, addresses("cdn.test", 20), MISSING, 1)
    tonight = shop.night(1)
    assert counts(tonight)["img*.shop.test"] == {FORBIDDEN: (25, 0)}
    assert counts(tonight)["cdn.test"] == {MISSING: (20, 20)}
    said = "fetch_403 jumped at img*.shop.test: 25 of 60 picture URLs now, 0 before"
    assert jumps(host_rows(tonight)) == [said]
    assert notes(tonight)[0] == said
    assert jumps(host_rows(shop.night(2))) == [], "the night after it is no news"


@pytest.mark.parametrize(("grown", "jumped"), [(30, False), (31, True)])
def test_a_jump_is_beyond_both_bounds(tmp_path: Path, grown: int, jumped: bool) -> None:
    shop = Shops(tmp_path, shop=addresses("cdn.test", 60))
    fetched(shop, addresses("cdn.test", 20), MISSING, 0)
    fetched(shop, addresses("cdn.test", grown)[20:], MISSING, 1)  # by 50% or a little more, and by more than 10
    assert bool(jumps(host_rows(shop.night(1)))) is jumped


def test_trouble_of_many_hosts_that_jumps_at_none_is_said_over_all(tmp_path: Path) -> None:
    hosts = [f"{name}.test" for name in "abcdef"]
    shop = Shops(tmp_path, shop=[url for host in hosts for url in addresses(host, 5)])
    fetched(shop, addresses("a.test", 1), NONE, 0)
    for host in hosts:
        fetched(shop, addresses(host, 5), "fetch_dns", 1)
    assert jumps(host_rows(shop.night(1))) == ["fetch_dns jumped at all hosts: 30 of 30 picture URLs now, 0 before"]


def test_in_how_many_nights_a_shop_is_whole(shop: Shops) -> None:
    assert pictures_asked(shop.night()) == {"shop": PicturesAsked(80, 80, None)}
    fetched(shop, addresses("img1.shop.test", 30), NONE, 0)
    assert pictures_asked(shop.night()) == {"shop": PicturesAsked(80, 50, 2)}
    assert "shop: 50 of 80 picture URLs were never tried; complete in about 2 nights" in notes(shop.night())
    fetched(shop, addresses("img2.shop.test", 30), MISSING, 1)
    fetched(shop, addresses("cdn.test", 20), NONE, 1)
    assert pictures_asked(shop.night(1)) == {"shop": PicturesAsked(80, 0, 0)}, "a failure was asked for too"


def test_a_picture_on_more_products_than_the_spec_says_is_a_suspected_placeholder(tmp_path: Path) -> None:
    shop = Shops(tmp_path)
    for name, bound in (("strict", 4), ("lenient", 5)):
        shop.add(name, addresses(f"{name}.test", 8), placeholder_products=bound)
        fetched(shop, addresses(f"{name}.test", 5), NONE, 0, b"p" * 32)
        fetched(shop, addresses(f"{name}.test", 8)[5:], NONE, 0, b"q" * 32)
    found = [(one.retailer, one.picture, one.products, one.turned_away) for one in suspects(shop.night())]
    assert found == [("strict", b"p" * 32, 5, False)]
    said = [note for note in notes(shop.night()) if "placeholders?" in note]
    assert said == ["strict: 1 pictures are on very many products: placeholders? See Fetching in the report"]
