"""Prices in the styles of many countries; what is no amount gives none."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from udfs.feeds.values.prices import iso_currency, parse_price


@pytest.mark.parametrize(
    ("text", "amount", "currency"),
    [
        ("1 234,50 ₽", "1234.50", "RUB"),
        ("¥1,980", "1980", "JPY"),
        ("１，９８０円（税込）", "1980", "JPY"),
        ("EUR 49.00", "49", "EUR"),
        ("1.234,50 TL", "1234.50", "TRY"),
        ("1'234.50 CHF", "1234.50", "CHF"),
        ("₹1,23,456", "123456", "INR"),
        ("Rs.500", "500", "INR"),
        ("500.Rs", "500", "INR"),
        ("1\u202f234.50 EUR", "1234.50", "EUR"),
        ("1 234,- Kč", "1234", "CZK"),
        ("R$ 1.234,56", "1234.56", "BRL"),
        ("від 100 грн", "100", "UAH"),
        ("12.345 KWD", "12.35", "KWD"),
        ("12.345", "12345", None),
        ("0.999", "1.00", None),
        ("9.99E2", "999", None),
        (".5", "0.50", None),
        ("$.99", "0.99", "USD"),
        ("€ ,75", "0.75", "EUR"),
        ("100–200 €", "100", "EUR"),
    ],
)  # fmt: skip
def test_styles(text: str, amount: str, currency: str | None) -> None:
    assert parse_price(text)[:2] == (Decimal(amount), currency)


@pytest.mark.parametrize(
    "text", ["", "free", "-5", "−5", "-1e2", "1E400", "1e99", "9999999999999999", "N/A", "USD", "ab12cd"]
)
def test_what_is_no_amount_gives_none(text: str) -> None:
    assert parse_price(text).amount is None


def test_a_feed_that_is_known_to_use_one_mark_is_read_by_it() -> None:
    assert parse_price("1.234", ".").amount == Decimal("1.23")
    assert parse_price("1.234", ",").amount == Decimal("1234.00")
    assert parse_price("1,234", ",").amount == Decimal("1.23")


AMOUNTS = st.decimals(min_value=0, max_value=10**9, places=2)
STYLES = st.sampled_from(
    [(",", "."), (".", ","), (" ", ","), (" ", "."), ("\u00a0", ","), ("'", "."), ("", "."), ("", ",")]
)


@given(AMOUNTS, STYLES, st.sampled_from(["{} EUR", "EUR {}", "€{}", "{}€", "{} eur."]))
def test_every_style_of_an_amount_means_the_amount(amount: Decimal, style: tuple[str, str], around: str) -> None:
    thousands, mark = style
    written = f"{amount:,.2f}".replace(",", "\0").replace(".", mark).replace("\0", thousands)
    assert parse_price(around.format(written))[:2] == (amount, "EUR")


@given(st.text(max_size=60))
def test_no_text_raises_and_no_amount_is_negative_or_too_large(text: str) -> None:
    for mark in ("auto", ".", ","):
        amount = parse_price(text, mark).amount
        assert amount is None or (0 <= amount < 10**15 and amount == round(amount, 2))


@pytest.mark.parametrize(
    ("text", "code"), [("usd", "USD"), ("RUR", "RUB"), ("грн.", "UAH"), ("zł", "PLN"), ("XXX", None), ("EUR/USD", None)]
)
def test_currencies(text: str, code: str | None) -> None:
    assert iso_currency(text) == code
