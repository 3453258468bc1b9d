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


def test_colours_in_a_list_are_those_of_all_variants() -> None:
    one = (
        "<model code='m{0}'><name>Coat {0}</name><price>20</price><colours><colour name='red'><image>http://s.test/{0}.jpg"
        "</image></colour><colour name='blue'><image>http://s.test/{0}b.jpg</image></colour></colours></model>"
    )
    rows, _ = read(f"<list>{''.join(map(one.format, range(3)))}</list>".encode())
    assert [(row["product_id"], row["colour"]) for row in rows] == [(f"m{n}", "red/blue") for n in range(3)]


NESTED = "<shop>{}</shop>"
PRODUCT = (
    "<product><title>Dress {0}</title><slug>dress-{0}</slug><image>http://s.test/{0}.jpg</image><category>A/B</category>"
    "<variants>{1}</variants></product>"
)
ONE = (
    "<variant><sku>{0}-{1}</sku><price>{2}</price><typical-price>60</typical-price>"
    "<size>{1}</size><stock>{3}</stock></variant>"
)


def nested(*products: tuple[str, str]) -> bytes:
    made = [PRODUCT.format(name, "".join(ONE.format(name, size, 40, 1) for size in sizes)) for name, sizes in products]
    return NESTED.format("".join(made)).encode()


def test_variants_with_ids_in_a_product_without_are_offers() -> None:
    rows, summary = read(nested(("teal", "SML"), ("rust", "M"), ("none", "")))
    assert (summary.offers, summary.products) == (4 + 1, 3)
    assert [(row["offer_id"], row["sizes"], row["product_id"]) for row in rows[:2]] == [
        ("teal-S", ["S"], "dress-teal"), ("teal-M", ["M"], "dress-teal")
    ]  # fmt: skip
    assert {row["old_price"] for row in rows[:4]} == {Decimal(60)}
    assert rows[3]["pictures"] == ["http://s.test/rust.jpg"]


def test_more_variants_than_are_read_are_counted() -> None:
    body = nested(("a", "S"), ("b", "M")).replace(
        b"</variants>", ONE.format("c", "S", 1, 1).encode() * 600 + b"</variants>", 1
    )
    rows, summary = read(body)
    assert summary.repairs["variant_dropped"] == 101
    assert rows[-1]["offer_id"] == "b-M"


def test_variants_of_one_offer_read_the_same_over_the_end_of_a_batch() -> None:
    products = [(f"p{n}", "SML") for n in range(700)]
    rows, summary = read(nested(*products))
    assert summary.products == 700
    assert [row["title"] for row in rows] == [f"Dress {name}" for name, sizes in products for _ in sizes]
    assert all(row["pictures"] == [f"http://s.test/{row['title'][6:]}.jpg"] for row in rows)
