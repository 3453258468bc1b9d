"""What a file of prices changes of offers, and what it leaves."""

from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from schemas.tables import OFFERS
from udfs.rules.updates import UPDATE_COLUMNS, UPDATED, one_an_id, with_update

OFFER = {"offer_id": "a", "price": 20, "old_price": 50, "currency": "EUR", "available": True, "sizes": ["S", "M"]}
SALE = {"sale_price": Decimal(9), "sale_from": date(2026, 1, 1), "sale_until": None}


def table(*rows: dict[str, Any]) -> pa.Table:
    schema = pa.schema([OFFERS.schema.field(name) for name in dict.fromkeys(("offer_id", "position", *UPDATED))])
    found = [{"position": at} | row for at, row in enumerate(rows)]
    return pa.Table.from_pylist([dict.fromkeys(schema.names) | row for row in found], schema)


def updated(update: dict[str, Any], older: bool = True, **offer: Any) -> dict[str, Any]:
    """The offer after an update of it."""
    rows, _ = with_update(table(OFFER | offer), one_an_id(table({"offer_id": "a"} | update)), pa.array([older]))
    (row,) = rows.select(["price", "old_price", "currency", "available", "sizes", "sale_price"]).to_pylist()
    return row


BEFORE = {"price": 20, "old_price": 50, "currency": "EUR", "available": True, "sizes": ["S", "M"], "sale_price": None}


@pytest.mark.parametrize(
    ("update", "changed"),
    [
        ({}, {}),
        ({"price": 15, "currency": "EUR"}, {"price": 15}),
        ({"price": 15}, {"price": 15}),
        ({"price": 60, "currency": "EUR"}, {"price": 60, "old_price": None}),
        ({"price": 60, "currency": "EUR", "old_price": 70}, {"price": 60, "old_price": 70}),
        ({"old_price": 40}, {"old_price": 40}),
        ({"old_price": 20}, {"old_price": None}),
        ({"available": False}, {"available": False}),
        ({"sizes": ["L"]}, {"sizes": ["L"]}),
        ({"price": 15, "currency": "CZK", "old_price": 400, "available": False}, {"available": False}),
    ],
)
def test_each_field_that_is_stated_is_taken(update: dict[str, Any], changed: dict[str, Any]) -> None:
    assert updated(update) == BEFORE | changed
    assert updated(update, older=False) == BEFORE


def test_a_price_ends_the_sale_of_the_price_before() -> None:
    assert updated({"price": 15, "currency": "EUR"}, **SALE)["sale_price"] is None
    assert updated({"available": True}, **SALE)["sale_price"] == 9
    assert updated({"price": 15, "currency": "EUR"} | SALE)["sale_price"] == 9


def test_an_offer_without_a_price_gets_one_in_its_currency() -> None:
    got = updated({"price": 15, "currency": "CZK"}, price=None, old_price=None, currency=None)
    assert (got["price"], got["currency"]) == (15, "CZK")


def test_rows_of_one_id_are_its_sizes() -> None:
    rows = one_an_id(table(
        {"offer_id": "b", "price": 1},
        {"offer_id": "a", "price": 9, "sizes": ["S"], "available": False},
        {"offer_id": "a", "price": 8, "sizes": ["M"], "available": True},
        {"offer_id": "a", "price": 7, "sizes": ["M", "L"]},
    ))  # fmt: skip
    found = {row["offer_id"]: (row["price"], row["sizes"], row["available"]) for row in rows.to_pylist()}
    assert found == {"a": (8, ["S", "M", "L"], True), "b": (1, None, None)}


def test_every_offer_of_an_id_is_updated_and_ids_are_counted_once() -> None:
    offers = table(OFFER, OFFER | {"sizes": ["L"]}, OFFER | {"offer_id": "b"}, OFFER | {"offer_id": "c"})
    update = one_an_id(table(
        {"offer_id": "a", "price": 15, "currency": "CZK"}, {"offer_id": "b", "price": 3, "currency": "EUR"},
        {"offer_id": "x", "price": 1}, {"offer_id": "y", "price": 1},
    ))  # fmt: skip
    rows, used = with_update(offers, update, pa.array([True] * 4))
    assert rows["price"].to_pylist() == [20, 20, 3, 20]
    assert (used.ids, used.unknown, used.samples, used.currencies) == (4, 2, ("x", "y"), 1)


@pytest.mark.parametrize(("offers", "update"), [((), ()), ((OFFER,), ()), ((), ({"offer_id": "a", "price": 1},))])
def test_none_of_one_side(offers: tuple[dict[str, Any], ...], update: tuple[dict[str, Any], ...]) -> None:
    rows, used = with_update(table(*offers), one_an_id(table(*update)), pa.array([True] * len(offers), pa.bool_()))
    assert rows == table(*offers)
    assert (used.ids, used.unknown) == (len(update), len(update))


def test_the_columns_are_those_of_the_offers() -> None:
    assert set(UPDATE_COLUMNS) <= set(OFFERS.schema.names)
