"""A file of prices and stock completes the parts of a catalog, and does nothing else."""

from pathlib import Path
from typing import Any

import pytest

from jobs.live.catalog import Catalog
from jobs.live.prices import prices_used
from schemas.tables import FEEDS, OFFERS
from tests.jobs.several_files import SeveralFiles, offered, part, priced, prices, state
from tests.udfs.feeds.small_feeds import feed


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SeveralFiles:
    return SeveralFiles(tmp_path, monkeypatch, women="part", men="part", stock="prices")


def test_prices_change_and_no_product_comes_or_goes(shop: SeveralFiles) -> None:
    night = shop.sends(women=part("a", "b"), men=part("c"), stock=prices(a=15, c=33, x=1, y=2))
    assert priced(night) == {"a": 15, "b": 20, "c": 33}
    assert state(night).status == "fresh"
    (found,) = prices_used(night)
    assert (found.used.ids, found.used.unknown, found.used.samples) == (4, 2, ("x", "y"))
    night = shop.sends(stock=prices(b=7, c=33, x=1))
    assert priced(night) == {"a": 20, "b": 7, "c": 33}, "what is left out costs what the part says"


def test_prices_alone_ask_for_nothing_else(shop: SeveralFiles) -> None:
    """Pictures, texts, categories and choices are keyed by what stays."""
    before = Catalog.of(shop.sends(women=part("a", "b"), men=part("c"), stock=prices(a=15)))
    asked = before.products["price"].to_pylist(), before.keys, before.pictures
    after = Catalog.of(shop.sends(stock=prices(a=16, b=17, c=18)))
    assert before.products.drop_columns(["price"]) == after.products.drop_columns(["price"])
    assert asked[1:] == (after.keys, after.pictures)
    assert [[*map(int, asked[0])], [*map(int, after.products["price"].to_pylist())]] == [[15, 20, 20], [16, 17, 18]]


def test_an_update_older_than_a_part_changes_nothing_of_it(shop: SeveralFiles) -> None:
    shop.sends(women=part("a"), men=part("c"), stock=prices(a=15, c=15))
    night = shop.sends(women=part("a", "b", price=30))
    assert priced(night) == {"a": 30, "b": 30, "c": 15}, "by when they came"
    assert [part.part for part in prices_used(night)[0].older_than] == ["women"]
    night = shop.sends(women=part("a", day="2026-01-12 06:00"), stock=prices("2026-01-12 05:00", a=15, c=15))
    assert priced(night) == {"a": 20, "c": 15}, "by the dates that they state"
    night = shop.sends(stock=prices("2026-01-12 06:00", a=16, c=15))
    assert priced(night) == {"a": 16, "c": 15}


def test_a_refused_file_of_prices_is_held_at_its_last_and_given_up_in_time(shop: SeveralFiles) -> None:
    files = [shop.file("women"), shop.file("men"), shop.file("stock", kind="prices", gates={"withdraw_after": 3})]
    shop.lists(*files)
    many = {f"w{at}": 9 for at in range(100)}
    shop.sends(women=part(*many), men=part("c"), stock=prices(**many))
    night = shop.sends(stock=prices(w1=5))
    assert set(priced(night).values()) == {9, 20}
    assert "shop/stock: size_drop" in str(state(night).reason)
    assert offered(night).keys() == {*many, "c"}
    shop.nights += 4
    assert set(priced(shop.night()).values()) == {20}


def test_a_drop_of_the_ids_in_prices_is_refused_and_not_withheld(shop: SeveralFiles) -> None:
    many = {f"w{at}": 9 for at in range(100)}
    shop.sends(women=part(*many), men=part("c"), stock=prices(**many))
    night = shop.sends(stock=prices(**dict([*many.items()][:60])))
    assert set(priced(night).values()) == {9, 20}
    rows = night.tables.sql("select code from feeds order by attempt desc limit 1", [FEEDS]).to_pylist()
    assert rows == [{"code": "feed_gate"}]


def test_a_file_of_prices_that_the_spec_does_not_list_counts_no_more(shop: SeveralFiles) -> None:
    shop.sends(women=part("a"), men=part("c"), stock=prices(a=15))
    shop.lists(shop.file("women"), shop.file("men"))
    assert priced(shop.night()) == {"a": 20, "c": 20}, "at once"
    night = shop.sends()
    assert priced(night) == {"a": 20, "c": 20}
    rows = night.tables.sql("select code, part from feeds order by attempt desc limit 1", [FEEDS]).to_pylist()
    assert rows == [{"code": "feed_removed", "part": "stock"}]


def test_prices_never_become_offers_of_a_part_that_is_awaited(shop: SeveralFiles) -> None:
    shop.sends(women=part("a"), men=part("c"), stock=prices(a=15, z=9))
    shop.lists(shop.file("women"), shop.file("men"), shop.file("kids"))
    assert offered(shop.sends()).keys() == {"a", "c"}


def test_what_an_update_cannot_say_is_a_reject(shop: SeveralFiles) -> None:
    said = {
        "duplicate_id": "<offer id='a'><price>5</price></offer><offer id='a'><price>6</price></offer>",
        "offer_no_update": "<offer id='b'><vendor>Acme</vendor></offer>",
        "offer_bad_price": "<offer id='c'><price>call us</price></offer>",
        "offer_no_id": "<offer><price>6</price></offer>",
    }
    night = shop.sends(women=part("a", "b"), men=part("c"), stock=feed(*said.values()))
    assert priced(night) == {"a": 5, "b": 20, "c": 20}
    query = "select code from offers where status = 'rejected' order by position"
    assert night.tables.sql(query, [OFFERS])["code"].to_pylist() == [*said]


def test_the_same_bytes_as_a_part_and_as_prices(shop: SeveralFiles) -> None:
    night = shop.sends(women=part("a", price=9), men=part("a", "c", price=30), stock=part("a", price=9))
    assert priced(night) == {"a": 9, "c": 30}


def row(night: Any, offer: str) -> dict[str, Any]:
    return next(row for row in Catalog.of(night).products.to_pylist() if row["offer_ids"] == [offer])


def test_a_field_that_an_update_leaves_out_stays(shop: SeveralFiles) -> None:
    whole = part("a").replace(b"<price>", b"<oldprice>50</oldprice><param name='Size'>M</param><price>")
    night = shop.sends(women=whole, men=part("c"), stock=feed("<offer id='a' available='false'></offer>"))
    found = row(night, "a")
    assert (int(found["price"]), int(found["old_price"]), found["sizes"]) == (20, 50, ["M"])
    assert found["available"] is False
    said = "<offer id='a'><price>60</price><param name='Size'>S</param><param name='Size'>L</param></offer>"
    found = row(shop.sends(stock=feed(said)), "a")
    assert (int(found["price"]), found["old_price"], found["sizes"]) == (60, None, ["L", "S"]), (
        "50 strikes nothing through"
    )
    assert found["available"] is True


def test_another_currency_changes_no_price(shop: SeveralFiles) -> None:
    night = shop.sends(women=part("a"), men=part("c"), stock=prices(a=15, c=16).replace(b"EUR", b"CZK", 1))
    assert priced(night) == {"a": 20, "c": 16}
    assert prices_used(night)[0].used.currencies == 1
