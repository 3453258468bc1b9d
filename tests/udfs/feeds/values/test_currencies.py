"""Currencies that nobody states."""

import pytest

from schemas.table import PRICE
from tests.udfs.feeds.small_feeds import read
from udfs.feeds.forms.words import lists
from udfs.feeds.repairs import Repair
from udfs.feeds.values.currencies import OF_COUNTRIES, OF_COUNTRY, of_address, of_language, of_market

ITEM = """<SHOPITEM><ITEM_ID>1</ITEM_ID><PRODUCTNAME>{title}</PRODUCTNAME><URL>{url}</URL><PRICE_VAT>{price}</PRICE_VAT>
<IMGURL>http://s.test/1.jpg</IMGURL><CATEGORYTEXT>{category}</CATEGORYTEXT></SHOPITEM>"""
LITHUANIAN = "Mėlyna suknelė moterims, žaliųjų gėlių raštų medvilnė, ilgų rankovių"


def test_every_currency_is_one() -> None:
    assert set(OF_COUNTRIES) <= set(lists()["currencies"]) and PRICE.scale == 2
    assert len(OF_COUNTRY) == sum(len(countries.split()) for countries in OF_COUNTRIES.values())


@pytest.mark.parametrize(
    ("url", "currency"),
    [("https://shop.gr/1", "EUR"), ("http://SHOP.LT:80?x", "EUR"), ("https://a.gr@shop.hu/x.ro", "HUF"),
     ("https://shop.com/ro/1", None), ("https://shop.co/1", None), ("", None)],
)  # fmt: skip
def test_the_domain_of_an_address(url: str, currency: str | None) -> None:
    assert of_address(url) == currency


def test_the_market_of_a_category() -> None:
    assert of_market(["Glami.ro", "Rochii"]) == "RON"
    assert of_market(["GLAMI.GR"]) == "EUR"
    assert of_market(["Ladies", "Glami.gr"]) is None
    assert of_market([]) is None


@pytest.mark.parametrize(
    ("text", "currency"),
    [("Γυναικεία ρούχα, φόρεμα κόκκινο", "EUR"), (LITHUANIAN, "EUR"),
     ("Žluťoučký kůň příšerně úpěl, růžový svetřík", "CZK"),
     ("Sukienka na świąteczną kolację, żółta, długa, łódka", "PLN"),
     ("Ezüst gyűrű, bőr öv, zöld kabát, hősies, tűzpiros", "HUF"),
     ("Rochie lungă și albă, cămașă și fustă, geantă", None), ("Платье красное длинное", None), ("Red dress", None),
     ("Façade, naïve, Łódź", None)],
)  # fmt: skip
def test_the_language_of_a_text(text: str, currency: str | None) -> None:
    assert of_language(text) == currency


@pytest.mark.parametrize(
    ("item", "currency", "guessed"),
    [
        ({"url": "https://shop.lt/1"}, "EUR", 0),
        ({"url": "https://shop.lt/1", "price": "10 Ft"}, "HUF", 0),
        ({"category": "Glami.ro | Rochii"}, "RON", 0),
        ({"category": "Glami.ro | Rochii", "url": "https://shop.hu/1"}, "RON", 0),
        ({"title": LITHUANIAN}, "EUR", 1),
        ({}, "CZK", 1),
    ],
)
def test_the_dialect_s_default_is_the_last_and_counted(item: dict[str, str], currency: str, guessed: int) -> None:
    whole = {"title": "Coat", "url": "https://shop.com/1", "price": "10", "category": "Coats"} | item
    (row,), summary = read(f"<SHOP>{ITEM.format(**whole)}</SHOP>".encode())
    assert (row["currency"], summary.repairs[Repair.CURRENCY_GUESSED]) == (currency, guessed)


def test_a_currency_in_the_name_of_the_prices_is_stated() -> None:
    feed = "".join(
        f"<p><sku>A{n}</sku><name>Coat {n}</name><PriceUSD>1{n}</PriceUSD><img>http://s.test/{n}.jpg</img>"
        f"<link>https://shop.gr/{n}</link></p>"
        for n in range(4)
    )
    rows, summary = read(f"<list>{feed}</list>".encode())
    assert {row["currency"] for row in rows} == {"USD"} and not summary.repairs
