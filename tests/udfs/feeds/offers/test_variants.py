"""Sizes inside one offer, and products of one group."""

from decimal import Decimal
from typing import Any

import pytest

from tests.udfs.feeds.small_feeds import feed, offer, read

SHOPIFY = """<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom" xmlns:s="http://jadedpixel.com/-/spec/shopify">
<updated>2026-11-20T10:00:00Z</updated>
<entry><id>https://s.test/products/1</id><title>Coat</title><s:vendor>Acme</s:vendor><s:type>Coats</s:type>
<summary type="html"><![CDATA[<img src="https://s.test/1.jpg"><p>Warm</p>]]></summary>{}</entry></feed>"""
VARIANT = "<s:variant><title>{}</title><s:price currency='EUR'>{}</s:price></s:variant>"


def test_variants_merge_to_sizes_and_the_lowest_price() -> None:
    variants = (
        VARIANT.format("M / Black", "30.00") + VARIANT.format("L / Black", "28") + VARIANT.format("M / Red", "35")
    )
    (row,), summary = read(SHOPIFY.format(variants).encode())
    assert summary.dialect == "shopify-atom"
    assert (row["sizes"], row["price"], row["currency"]) == (["M", "L"], Decimal("28"), "EUR")
    assert (row["pictures"], row["description"]) == (["https://s.test/1.jpg"], "Warm")


def test_no_variant_leaves_no_trace_of_the_one_before() -> None:
    body = (
        SHOPIFY.format(VARIANT.format("M", "30")).replace("</feed>", "")
        + SHOPIFY.format("").partition("Z</updated>")[2]
    )
    first, second = read(body.encode())[0]
    assert first["sizes"] == ["M"]
    assert (second["sizes"], second["price"]) == (None, None)


@pytest.mark.parametrize(
    ("inside", "product"),
    [("", "1"), ("<param name='Цвет'>Красный</param>", "1:красный"), ("<group_id>g</group_id>", "g"),
     ("<group_id>0</group_id>", "1"), ("<group_id>g</group_id><param name='Colour'>Red</param>", "g:red")],
)  # fmt: skip
def test_a_product_is_a_group_and_a_colour(inside: str, product: str) -> None:
    (row,), _ = read(feed(offer(inside)))
    assert row["product_id"] == product


@pytest.mark.parametrize(
    ("inside", "expected"),
    [
        ("<param name='Размер (RU)'>44</param><param name='Size'>M</param>", {"sizes": ["44", "M"]}),
        ("<param name='Size'>-</param>", {"sizes": None}),
        (
            "<param name='Пол'>Женский</param><param name='Возраст'>Взрослые</param>",
            {"gender": "Женский", "age": "Взрослые"},
        ),
        ("<vendor>Default Title</vendor>", {"brand": None}),
        ("<available>out of stock</available>", {"available": False}),
    ],
)
def test_named_values_and_words(inside: str, expected: dict[str, Any]) -> None:
    (row,), _ = read(feed(offer(inside)))
    assert {name: row[name] for name in expected} == expected
