"""Stock in many languages and forms."""

import pytest

from udfs.feeds.forms.dialect import Dialect
from udfs.feeds.values.availability import Availability

PLAIN = Availability(Dialect(name="plain"))


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("true", True),
        ("In_Stock", True),
        ("out of stock", False),
        ("В наличии", True),
        ("немає в наявності", False),
        ("在庫あり", True),
        ("売り切れ", False),
        ("12", True),
        ("0", False),
        ("-3", False),
        (">10 шт.", True),
        ("0,000", False),
        ("in stock, ships in 3 days", True),
        ("perhaps", None),
        ("", None),
        (None, None),
    ],
)
def test_words_and_quantities(text: str | None, meaning: bool | None) -> None:
    assert PLAIN(text) is meaning


def test_a_dialects_own_words_go_first() -> None:
    days = Availability(Dialect(name="days", words={"available": ["0"], "unknown": ["no"]}))
    assert days("0") is True
    assert days("no") is None
