"""Price, sale price and old price of one offer, as the table holds them."""

from datetime import date
from decimal import Decimal

import pytest

from schemas.rejects import Code
from tests.udfs.feeds.small_feeds import feed, read
from udfs.feeds.repairs import Repair

OFFER = "<offer id='1'><name>Coat</name><picture>http://s.test/1.jpg</picture>{}</offer>"


@pytest.mark.parametrize(
    ("inside", "price", "old_price", "currency"),
    [
        ("<price>10</price>", "10", None, None),
        ("<price>10 USD</price><currencyId>EUR</currencyId>", "10", None, "USD"),
        ("<price>10</price><price_promo>8</price_promo>", "8", "10", None),
        ("<price>10</price><oldprice>12.50</oldprice>", "10", "12.50", None),
        ("<price>10</price><oldprice>9</oldprice>", "10", None, None),
        ("<price>10</price><price_promo>0</price_promo><oldprice>10</oldprice>", "10", None, None),
        ("<price>10</price><price_promo>12</price_promo>", "10", None, None),
        ("<price>10</price><price_promo>12</price_promo><oldprice>11</oldprice>", "10", "11", None),
        ("<price_promo>8</price_promo>", "8", None, None),
        ("<price>10</price><oldprice>12 EUR</oldprice>", "10", "12", "EUR"),
        ("<price>0</price>", None, None, None),
        ("", None, None, None),
    ],
)
def test_the_lower_one_is_asked_and_the_highest_struck_through(
    inside: str, price: str | None, old_price: str | None, currency: str | None
) -> None:
    (row,), _ = read(feed(OFFER.format(inside)))
    assert row["price"] == (price and Decimal(price))
    assert row["old_price"] == (old_price and Decimal(old_price))
    assert row["currency"] == currency


def test_zero_is_counted_and_words_are_rejected() -> None:
    _, summary = read(feed(OFFER.format("<price>0</price>")))
    assert summary.repairs[Repair.PRICE_OF_ZERO] == 1
    (row,), _ = read(feed(OFFER.format("<price>on request</price>")))
    assert row["code"] == Code.OFFER_BAD_PRICE
    said = "line 1: offer '1' has the price 'on request', which is not a number; the shop has to fix it"
    assert row["detail"] == said


@pytest.mark.parametrize(
    ("inside", "price", "rounded"),
    [
        ("<price>12.345 KWD</price>", "12.35", 1),
        ("<price>12.340 KWD</price>", "12.34", 0),
        ("<price>12.3456</price><oldprice>13.4567</oldprice>", "12.35", 2),
        ("<price>12.34</price>", "12.34", 0),
    ],
)
def test_an_amount_of_more_than_two_decimals_is_rounded_and_counted(inside: str, price: str, rounded: int) -> None:
    (row,), summary = read(feed(OFFER.format(inside)))
    assert (row["price"], summary.repairs[Repair.PRICE_ROUNDED]) == (Decimal(price), rounded)


def test_the_largest_amounts_fit_the_column() -> None:
    (row,), _ = read(feed(OFFER.format("<price>999999999999999</price><oldprice>999999999999999.99</oldprice>")))
    assert row["price"] == Decimal("999999999999999")
    assert row["old_price"] == Decimal("999999999999999.99")


ITEM = """<item><g:id>1</g:id><title>Coat</title><g:image_link>http://s.test/1.jpg</g:image_link>
<g:price>200 EUR</g:price><g:sale_price>{}</g:sale_price>
<g:sale_price_effective_date>{}</g:sale_price_effective_date></item>"""


@pytest.mark.parametrize(
    ("sale", "dates", "price", "old_price", "apart"),
    [
        ("120 EUR", "2026-11-01T00:00+0100/2026-11-30T23:59+0100", "200", None, "120"),
        ("120 EUR", "", "120", "200", None),
        ("120 EUR", "soon", "120", "200", None),
        ("220 EUR", "2026-11-01/2026-11-30", "200", None, None),
        ("0 EUR", "2026-11-01/2026-11-30", "200", None, None),
    ],
)
def test_a_sale_price_with_dates_stands_apart(
    sale: str, dates: str, price: str, old_price: str | None, apart: str | None
) -> None:
    space = "xmlns:g='http://base.google.com/ns/1.0'"
    (row,), summary = read(f"<rss {space}><channel>{ITEM.format(sale, dates)}</channel></rss>".encode())
    assert (row["price"], row["old_price"]) == (Decimal(price), old_price and Decimal(old_price))
    nights = (date(2026, 11, 1), date(2026, 11, 30)) if apart else (None, None)
    assert (row["sale_price"], row["sale_from"], row["sale_until"]) == (apart and Decimal(apart), *nights)
    assert summary.repairs[Repair.SALE_DATES_UNREAD] == (dates == "soon")
