from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shops.feeds import DIALECTS, Category, Dialect, Offer, Shop, writing
from tests.shops.reading import feed_of

NAMES = {"colour": "Colour", "size": "Size", "gender": "Gender"}
ROOT = Category(1, None, ("Women & girls",))
LEAF = Category(2, 1, ("Women & girls", "Dresses <new>"))


def offer(**stated: object) -> Offer:
    values = {
        "offer_id": "1", "group": "g", "title": "A dress", "description": "", "brand": "", "price": "10.00",
        "old_price": "", "currency": "EUR", "available": True, "gender": "", "colour": "", "size": "",
        "category": LEAF, "pictures": ("http://a/1.jpg",), "url": "http://a/1",
    }  # fmt: skip
    return Offer(**(values | stated))  # type: ignore[arg-type]


def written(path: Path, dialect: Dialect, *offers: Offer) -> Path:
    shop = Shop("Shop & co", "http://a", ("EUR",), datetime(2026, 1, 2), (ROOT, LEAF))
    with writing(path, dialect, shop, NAMES) as feed:
        for one in offers:
            feed.write(one)
    return path


@pytest.mark.parametrize("dialect", DIALECTS)
def test_what_is_written_is_read(tmp_path: Path, dialect: Dialect) -> None:
    sent = offer(
        title="Kleid <& 'rot'> ワンピース", colour="red", pictures=("http://a/1.jpg?x=1&y=2", "http://a/2.jpg")
    )
    (read,) = feed_of(written(tmp_path / "feed.xml", dialect, sent))

    assert (read.title, read.colour, read.price) == (sent.title, "red", "10.00")
    assert read.category == LEAF.path
    assert tuple(read.pictures) == sent.pictures


@pytest.mark.parametrize("dialect", DIALECTS)
def test_an_empty_shop_is_a_feed(tmp_path: Path, dialect: Dialect) -> None:
    assert feed_of(written(tmp_path / "feed.xml", dialect)) == []


@given(title=st.text(min_size=1, max_size=60), dialect=st.sampled_from(DIALECTS))
def test_any_title_makes_well_formed_xml(
    tmp_path_factory: pytest.TempPathFactory, title: str, dialect: Dialect
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.xml"
    (read,) = feed_of(written(path, dialect, offer(title=title)))

    assert read.title is not None and len(read.title) <= len(title)


def test_a_reduced_price_stands_beside_the_old_one(tmp_path: Path) -> None:
    google = written(tmp_path / "g.xml", "google", offer(price="8.00", old_price="10.00")).read_text()
    yml = written(tmp_path / "y.xml", "yml", offer(price="8.00", old_price="10.00")).read_text()

    assert "<g:price>10.00 EUR</g:price>" in google and "<g:sale_price>8.00 EUR</g:sale_price>" in google
    assert "<price>8.00</price>" in yml and "<oldprice>10.00</oldprice>" in yml
