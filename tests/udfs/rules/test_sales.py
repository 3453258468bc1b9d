"""Prices of a night."""

from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from schemas.tables import OFFERS
from udfs.rules.sales import SALE_COLUMNS, priced_on

SCHEMA = pa.schema([OFFERS.schema.field(name) for name in ("offer_id", *SALE_COLUMNS)])
NIGHT = date(2026, 11, 30)
BEFORE, AFTER = date(2026, 11, 29), date(2026, 12, 1)


def priced(**offer: Any) -> tuple[Decimal | None, Decimal | None]:
    row = {"offer_id": "1", "price": Decimal(200), "sale_price": Decimal(120)} | offer
    plain = {"offer_id": "2", "price": Decimal(10), "old_price": Decimal(15)}
    found = priced_on(pa.Table.from_pylist([row, plain], SCHEMA), NIGHT)
    assert found.schema == SCHEMA
    first, other = found.to_pylist()
    assert (other["price"], other["old_price"]) == (Decimal(10), Decimal(15))
    return first["price"], first["old_price"]


@pytest.mark.parametrize(
    ("begins", "ends", "is_on"),
    [
        (BEFORE, AFTER, True), (NIGHT, NIGHT, True), (NIGHT, None, True), (None, NIGHT, True), (AFTER, None, False),
        (None, BEFORE, False), (AFTER, BEFORE, False),
    ],
)  # fmt: skip
def test_a_sale_holds_from_its_first_night_to_its_last(begins: date | None, ends: date | None, is_on: bool) -> None:
    expected = (Decimal(120), Decimal(200)) if is_on else (Decimal(200), None)
    assert priced(sale_from=begins, sale_until=ends) == expected


def test_the_highest_price_is_struck_through() -> None:
    assert priced(sale_from=BEFORE, old_price=Decimal(250)) == (Decimal(120), Decimal(250))
    assert priced(sale_from=AFTER, old_price=Decimal(250)) == (Decimal(200), Decimal(250))


def test_offers_without_sales_are_left_as_they_are() -> None:
    offers = pa.Table.from_pylist([{"offer_id": "2", "price": Decimal(10)}], SCHEMA)
    assert priced_on(offers, NIGHT) is offers
