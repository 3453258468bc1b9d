"""Rows that stand for a group beside its variants."""

import pytest

from tests.udfs.feeds.small_feeds import TAIL, feed, offer, read

PARENT = "<price>0</price>"


def variant(identity: str, colour: str, size: str, group: str = "P") -> str:
    told = f"<group_id>{group}</group_id><param name='Colour'>{colour}</param><param name='Size'>{size}</param>"
    return offer(told, identity)


VARIANTS = [variant("P-S", "white", "S"), variant("P-M", "White", "M"), variant("P-B", "blue", "M")]


@pytest.mark.parametrize(
    "parent", [offer("", "P"), offer("<group_id>P</group_id>", "P"),
               offer("<group_id>P</group_id>", "other").replace("<price>10</price>", "<price>0</price>")],
)  # fmt: skip
@pytest.mark.parametrize("place", [0, 1, 3])
def test_a_parent_row_joins_the_first_product_of_its_group(parent: str, place: int) -> None:
    offers = [*VARIANTS[:place], parent, *VARIANTS[place:]]
    rows, summary = read(feed(*offers))
    assert summary.products == 2
    assert rows[place]["product_id"] == "P:white"
    assert summary.repairs["parent_row"] == 1
    assert [row["position"] for row in rows] == [0, 1, 2, 3]


@pytest.mark.parametrize(
    "other", [offer("", "Q"), offer("<group_id>Q</group_id>", "Q"),
              offer("<group_id>P</group_id><param name='Size'>L</param>", "P-L")],
)  # fmt: skip
def test_what_stands_for_no_group_of_others_stays(other: str) -> None:
    rows, summary = read(feed(*VARIANTS, other))
    assert summary.products == 3
    assert rows[-1]["product_id"] in ("P", "Q")


def test_a_parent_row_joins_over_the_end_of_a_batch_and_is_told_where_it_comes_too_early() -> None:
    near = [
        offer("", "P0"),
        *(variant(f"n{n}", "red", "M", "other") for n in range(2_050)),
        variant("v", "red", "M", "P0"),
    ]
    rows, summary = read(feed(*near))
    assert (rows[0]["product_id"], summary.products) == ("P0:red", 2)
    far = [near[0], *(variant(f"n{n}", "red", "M", "other") for n in range(6_200)), near[-1]]
    rows, summary = read(feed(*far))
    assert (rows[0]["product_id"], summary.repairs["parent_apart"]) == ("P0", 1)


def test_a_feed_that_breaks_off_keeps_what_is_held_back() -> None:
    rows, summary = read(feed(*VARIANTS).replace(TAIL.encode(), b""))
    assert (len(rows), summary.code) == (3, "feed_cut_off")


WOO = (
    "<post><ID>{0}</ID><Title>Shirt</Title><SKU>{1}</SKU><Parent>{2}</Parent><RegularPrice>{3}</RegularPrice>"
    "<ProductType>{4}</ProductType><Permalink>http://s.test/p</Permalink><ImageURL>http://s.test/1.jpg</ImageURL>"
    "<AttributeColor>{5}</AttributeColor><AttributeSize>{6}</AttributeSize></post>"
)


@pytest.mark.parametrize("colour", ["red", ""])
@pytest.mark.parametrize("parent", ["S", "100", "id:100"])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_variants_may_name_their_parent_by_its_article_number(parent: str, colour: str, place: int) -> None:
    offers = [WOO.format(101 + n, f"S-{n}", parent, 20, "variation", colour, size) for n, size in enumerate("ML")]
    offers.insert(place, WOO.format(100, "S", "", "", "variable", "", ""))
    rows, summary = read(f"<data>{''.join(offers)}</data>".encode())
    assert (summary.dialect, summary.products) == ("woocommerce", 1)
    assert {row["product_id"] for row in rows} == {rows[place]["product_id"]}
    assert all(row["category_path"] is None for row in rows)
