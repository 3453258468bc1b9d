"""What a feed's offers have under other names than its dialect's, by names that leave no doubt."""

from decimal import Decimal
from typing import Any

import pytest

from tests.udfs.feeds.small_feeds import feed, offer, read

GOOGLE = (
    "<rss xmlns:g='http://base.google.com/ns/1.0'><channel><item><g:id>1</g:id><g:title>Shirt</g:title>"
    "<g:image_link>http://s.test/1.jpg</g:image_link><g:price>30 EUR</g:price>{}</item></channel></rss>"
)
SHOP = (
    "<shop><created_at>2026-11-29</created_at><products><product{}><name>Shirt</name><price_with_vat>30</price_with_vat>"
    "{}</product></products></shop>"
)
HEUREKA = (
    "<SHOP><SHOPITEM><ITEM_ID>1</ITEM_ID><PRODUCTNAME>Shirt</PRODUCTNAME><IMGURL>http://s.test/1.jpg</IMGURL>{}"
    "</SHOPITEM></SHOP>"
)
BOTH = {"sizes": ["M"], "colour": "red"}


@pytest.mark.parametrize(
    ("inside", "expected"),
    [
        ("<attribute_1_name>Color</attribute_1_name><attribute_1_value>red</attribute_1_value>"
         "<attribute_2_name>Size</attribute_2_name><attribute_2_value>M</attribute_2_value>", BOTH),
        ("<specName1>Size</specName1><specValue1>M</specValue1><specName2>Colour</specName2>"
         "<specValue2>red</specValue2>", BOTH),
        ("<option1>Size</option1><option1_value>M</option1_value><option2>Colour</option2>"
         "<option2_value>red</option2_value>", BOTH),
        ("<param_name_1>Size</param_name_1><param_name_2/><param_value_2>no</param_value_2>"
         "<param_value_1>M</param_value_1>",
         {"sizes": ["M"]}),
        ("<attributes><name1>Taille</name1><value1>M</value1><name2>Couleur</name2><value2>red</value2></attributes>",
         BOTH),
        ("<attr_name>Size</attr_name><attr_value>M</attr_value><attr_name>Colour</attr_name><attr_value>red</attr_value>",
         BOTH),
        ("<attr1_name>Size</attr1_name><attr1_value>M</attr1_value><attr1_value>L</attr1_value>",
         {"sizes": ["M", "L"]}),
        ("<attr_0_name>Size</attr_0_name><attr_0_value>M</attr_0_value><attr_100_name>Size</attr_100_name>"
         "<attr_100_value>L</attr_100_value>", {"sizes": ["M"]}),
        ("<attribute name='Size'>M</attribute><attribute name='Colour'>red</attribute>", BOTH),
        ("<features><feature><label>Size</label><value>M</value></feature></features>", {"sizes": ["M"]}),
        ("<specs><spec key='Size' val='M'/><spec key='Colour' val='red'/></specs>", BOTH),
    ],
)  # fmt: skip
@pytest.mark.parametrize("form", ["yml", "google"])
def test_names_and_values_are_read_in_any_spelling(form: str, inside: str, expected: dict[str, Any]) -> None:
    body = feed(offer(inside)) if form == "yml" else GOOGLE.format(inside).encode()
    (row,), summary = read(body)
    assert summary.dialect == form
    assert {name: row[name] for name in expected} == expected


@pytest.mark.parametrize(
    "pair", ["<PARAM_NAME>{}</PARAM_NAME><VAL>{}</VAL>", "<PARAM_NAME>{}</PARAM_NAME><VALUE>{}</VALUE>",
             "<NAME>{}</NAME><VALUE>{}</VALUE>"],
)  # fmt: skip
def test_a_pair_has_its_parts_under_other_names(pair: str) -> None:
    inside = "".join(f"<PARAM>{pair.format(*told)}</PARAM>" for told in (("Barva", "red"), ("Velikost", "M")))
    (row,), summary = read(HEUREKA.format(inside).encode())
    assert summary.dialect == "heureka"
    assert {name: row[name] for name in BOTH} == BOTH


@pytest.mark.parametrize(
    ("own", "inside"),
    [
        (" id='44'", "<imageurl>http://s.test/1.jpg</imageurl>"
         "<additional_imageurl>http://s.test/2.jpg</additional_imageurl>"),
        (" uid='44'", "<image_link>http://s.test/1.jpg</image_link><image_2>http://s.test/2.jpg</image_2>"),
        ("", "<sku>44</sku><photo>http://s.test/1.jpg</photo><additional_image>http://s.test/2.jpg</additional_image>"),
        ("", "<sku>44</sku><images><image>http://s.test/1.jpg</image><image>http://s.test/2.jpg</image></images>"),
        ("", "<product_code>44</product_code><img>http://s.test/1.jpg</img><img>http://s.test/2.jpg</img>"),
    ],
)  # fmt: skip
def test_ids_and_pictures_are_found_under_other_names(own: str, inside: str) -> None:
    (row,), summary = read(SHOP.format(own, inside).encode())
    assert (summary.dialect, row["offer_id"]) == ("skroutz", "44")
    assert row["pictures"] == ["http://s.test/1.jpg", "http://s.test/2.jpg"]


VARIANTS = {
    "repeated": "<g:variants><g:variant_id>{n}</g:variant_id><g:variant_title>{size} / {colour}</g:variant_title>"
    "<g:variant_price>{price}</g:variant_price><g:variant_inventory_quantity>{stock}</g:variant_inventory_quantity>"
    "</g:variants>",
    "nested": "<variants><variant id='{n}'><size>{size}</size><color>{colour}</color><price>{price}</price>"
    "<stock>{stock}</stock></variant></variants>",
    "attributes": "<skus><sku size='{size}' color='{colour}' price='{price}' quantity='{stock}'/></skus>",
    "pairs": "<variations><variation><price>{price}</price><stock>{stock}</stock>"
    "<attribute name='Size'>{size}</attribute>"
    "<attribute name='Colour'>{colour}</attribute></variation></variations>",
    "options": "<variants><variant><title>{colour} / {size}</title><price>{price}</price><available>{stock}</available>"
    "</variant></variants>",
}


@pytest.mark.parametrize("form", VARIANTS)
def test_variants_become_sizes_and_colours_of_their_offer(form: str) -> None:
    told = [("36", "white", "31", 2), ("38", "black", "29", 0), ("40", "White", "33", 1)]
    inside = "".join(
        VARIANTS[form].format(n=n, size=size, colour=colour, price=price, stock=stock)
        for n, (size, colour, price, stock) in enumerate(told)
    )
    (row,), summary = read(GOOGLE.format(inside).encode())
    assert (summary.dialect, row["offer_id"], row["product_id"]) == ("google", "1", "1")
    assert (row["sizes"], row["colour"]) == (["36", "38", "40"], "white/black")
    assert (row["price"], row["available"]) == (Decimal(31), True)


KNOWN = {
    "google": GOOGLE,
    "heureka": HEUREKA,
    "skroutz": SHOP.replace("{}", "", 1).replace("<name>", "<id>1</id><image>http://s.test/1.jpg</image><name>"),
}


@pytest.mark.parametrize(
    ("inside", "available"),
    [
        ("<sizes><size>M</size><size>L</size></sizes>", None),
        ("<sizes><size stock='0'>M</size><size stock='3'>L</size></sizes>", True),
        ("<sizes><size stock='0'>M</size><size stock='0'>L</size></sizes>", False),
        ("<sizes><size name='M' qty='1'/><size name='L' qty='0'/></sizes>", True),
        ("<sizes><size><value>M</value><stock>1</stock></size><size><value>L</value></size></sizes>", True),
        (
            "<variant_1_size>M</variant_1_size><variant_1_stock>0</variant_1_stock><variant_2_size>L</variant_2_size>"
            "<variant_2_stock>2</variant_2_stock>",
            True,
        ),
        ("<size stock='0'>M</size><size stock='2'>L</size>", True),
        (
            "<available_sizes><available_size>M</available_size><available_size>L</available_size></available_sizes>",
            None,
        ),
    ],
)
@pytest.mark.parametrize("form", KNOWN)
def test_sizes_are_read_where_a_known_form_has_none(form: str, inside: str, available: bool | None) -> None:
    (row,), summary = read(KNOWN[form].format(inside).encode(), lists_unread=True)
    assert (summary.dialect, row["sizes"], row["available"]) == (form, ["M", "L"], available)
    assert summary.unread == []


@pytest.mark.parametrize(("stock", "available"), [("0", False), ("3", True)])
def test_a_stock_in_a_form_that_counts_days_is_no_number_of_days(stock: str, available: bool) -> None:
    (row,), summary = read(HEUREKA.format(f"<QUANTITY>{stock}</QUANTITY>").encode())
    assert (summary.dialect, row["available"]) == ("heureka", available)


def test_a_part_without_a_name_of_its_own_is_not_taken_for_the_list_around_it() -> None:
    inside = "<sizes><fit>M</fit><size_chart>http://s.test/c.jpg</size_chart></sizes>"
    (row,), summary = read(GOOGLE.format(inside).encode(), lists_unread=True)
    assert (row["sizes"], [part.source for part in summary.unread]) == (None, ["sizes/fit", "sizes/size_chart"])


def test_prices_of_a_known_form_are_told_apart_by_an_attribute() -> None:
    told = "<price type='regular'>30 EUR</price><price type='sale'>20 EUR</price>"
    (row,), summary = read(GOOGLE.format("").replace("<g:price>30 EUR</g:price>", told).encode())
    assert (summary.dialect, row["price"], row["old_price"]) == ("google", Decimal(20), Decimal(30))
    (row,), _ = read(GOOGLE.format("").replace("<g:price>", "<g:price unit='piece' type='EUR'>").encode())
    assert (row["price"], row["old_price"]) == (Decimal(30), None)


def test_a_dialect_file_is_read_as_it_stands(tmp_path: Any) -> None:
    kept = tmp_path / "kept.yaml"
    kept.write_text("{name: kept, offer: item, fields: {id: ['g:id'], title: ['g:title']}}", encoding="utf-8")
    (row,), _ = read(
        GOOGLE.format("<attr1_name>Size</attr1_name><attr1_value>M</attr1_value>").encode(), dialect=str(kept)
    )
    assert (row["sizes"], row["pictures"]) == (None, None)
