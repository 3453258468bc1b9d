"""Offers into products: the same row whatever the order of the offers."""

from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.tables import OFFERS
from udfs.rules import products as rules
from udfs.rules.products import OFFER_COLUMNS, PRODUCTS, products_of

SCHEMA = pa.schema([OFFERS.schema.field(name) for name in dict.fromkeys(OFFER_COLUMNS)])


def offer(offer_id: str, product_id: str = "shop:1", **named: Any) -> dict[str, Any]:
    plain = {"title": f"title {offer_id}", "url": f"https://shop/{offer_id}", "retailer": "shop", "available": True}
    return {"offer_id": offer_id, "product_id": product_id, **plain, **named}


def products(*offers: dict[str, Any], cap: int = 8) -> list[dict[str, Any]]:
    found = products_of(pa.Table.from_pylist(list(offers), SCHEMA), cap)
    assert found.schema == PRODUCTS
    return found.to_pylist()


def test_sizes_merge_and_products_do_not() -> None:
    found = products(
        offer("3", sizes=["M", "S"]),
        offer("9", "shop:2", sizes=["44"]),
        offer("1", sizes=["S"]),
        offer("2", sizes=None),
    )
    assert [(row["product_id"], row["offer_ids"], row["sizes"]) for row in found] == [
        ("shop:1", ["1", "2", "3"], ["M", "S"]),
        ("shop:2", ["9"], ["44"]),
    ]


def test_the_front_is_the_smallest_available_offer_and_the_rest_does_not_depend_on_stock() -> None:
    (row,) = products(
        offer("1", available=False, brand="A", text_key=b"1" * 32),
        offer("3", brand="C", text_key=b"3" * 32),
        offer("2", brand="B", text_key=b"2" * 32),
    )
    assert (row["title"], row["url"], row["available"]) == ("title 2", "https://shop/2", True)
    assert (row["brand"], row["text_key"]) == ("A", b"1" * 32)
    (sold_out,) = products(offer("2", available=False), offer("1", available=False))
    assert (sold_out["title"], sold_out["available"]) == ("title 1", False)


def test_the_material_is_the_first_one_stated_whatever_is_in_stock() -> None:
    offers = [
        offer("3", material="linen"), offer("2", material="cotton", available=False), offer("1", material=None),
        offer("9", "shop:2", material=None),
    ]  # fmt: skip
    assert [row["material"] for row in products(*offers)] == ["cotton", None]


def test_the_price_is_the_lowest_available_one_with_its_old_price_and_currency() -> None:
    (row,) = products(
        offer("1", price=Decimal("9.99"), currency="EUR", available=False),
        offer("2", price=Decimal("100.00"), old_price=Decimal("150.00"), currency="RUB"),
        offer("3", price=Decimal("99.50"), old_price=Decimal("120.00"), currency="RUB"),
        offer("4", price=None),
    )
    assert (row["price"], row["old_price"], row["currency"]) == (Decimal("99.50"), Decimal("120.00"), "RUB")
    (unpriced,) = products(offer("1", price=None), offer("2", price=Decimal("5.00"), available=False))
    assert unpriced["price"] == Decimal("5.00")
    (largest,) = products(offer("1", price=Decimal("9999999999999999.99")))
    assert largest["price"] == Decimal("9999999999999999.99")


def test_pictures_keep_the_order_in_which_they_first_come() -> None:
    (row,) = products(offer("2", pictures=["c", "a", "d"]), offer("1", pictures=["b", "a", "", "b"]), cap=3)
    assert row["pictures"] == ["b", "a", "c"]


def test_each_retailer_has_its_own_cap() -> None:
    offers = [offer("1", "a:1", pictures=["1", "2"]), offer("1", "b:1", pictures=["1", "2"])]
    table = pa.Table.from_pylist(offers, SCHEMA)
    found = products_of(table, pa.chunked_array([[2, 1]]))
    assert found["pictures"].to_pylist() == [["1", "2"], ["1"]]


def test_many_small_parts_give_the_products_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """What outgrows one array's offsets is merged in parts; a product is never cut."""
    offers = [offer(str(n), f"shop:{n % 7}", pictures=[f"u{n}", "same"], sizes=[str(n)]) for n in range(40)]
    table = pa.concat_tables([pa.Table.from_pylist(offers[at : at + 9], SCHEMA) for at in range(0, 40, 9)])
    whole = products_of(table, 8)
    monkeypatch.setattr(rules, "PART_BYTES", 1)
    parts = products_of(table, 8)
    assert parts.equals(whole)
    assert parts["pictures"].num_chunks == 7
    assert whole["pictures"].num_chunks == 1


def test_no_offer_is_no_product() -> None:
    assert products() == []


OFFERS_DRAWN = st.lists(
    st.builds(
        offer,
        st.sampled_from([str(number) for number in range(30)]),
        st.sampled_from(["shop:1", "shop:2", "shop:3"]),
        price=st.one_of(st.none(), st.decimals(0, 99, places=2)),
        available=st.sampled_from([True, False, None]),
        sizes=st.one_of(st.none(), st.lists(st.sampled_from(["S", "M", "", None]), max_size=3)),
        pictures=st.one_of(st.none(), st.lists(st.sampled_from("abcde"), max_size=4)),
        currency=st.sampled_from(["RUB", None]),
        material=st.sampled_from(["linen", "cotton", None]),
    ),
    max_size=8,
    unique_by=lambda row: (row["product_id"], row["offer_id"]),
)


@settings(max_examples=40)
@given(OFFERS_DRAWN, st.randoms(use_true_random=False))
def test_order_does_not_matter_and_nothing_is_lost(offers: list[dict[str, Any]], dice: Any) -> None:
    found = products(*offers)
    shuffled = list(offers)
    dice.shuffle(shuffled)
    assert products(*shuffled) == found
    assert sorted((row["product_id"], one) for row in found for one in row["offer_ids"]) == sorted(
        (row["product_id"], row["offer_id"]) for row in offers
    )
    for row in found:
        mine = [other for other in offers if other["product_id"] == row["product_id"]]
        assert row["sizes"] == sorted({size for other in mine for size in other["sizes"] or () if size})
        assert set(row["pictures"]) == {url for other in mine for url in other["pictures"] or ()}
        prices = [other["price"] for other in mine if other["price"] is not None and other["available"] is not False]
        if prices:
            assert row["price"] == min(prices)


def test_the_input_is_not_changed() -> None:
    table = pa.Table.from_pylist([offer("2"), offer("1")], SCHEMA)
    before = table.to_pylist()
    products_of(table, 8)
    assert table.to_pylist() == before
    with pytest.raises(KeyError):
        products_of(table.drop_columns(["sizes"]), 8)
