"""Feeds of forms that nobody wrote down."""

from decimal import Decimal
from pathlib import Path

import pytest

from tests.udfs.feeds.small_feeds import read

HOME_MADE = {
    "turkish": """<urunler>{}</urunler>|<urun><UrunKodu>K{n}</UrunKodu><UrunAdi>Kadın Elbise {n}</UrunAdi>
<SatisFiyati>1.{n}99,90 TL</SatisFiyati>
<ResimUrl1>http://s.test/{n}.jpg</ResimUrl1><ResimUrl2>http://s.test/{n}b.jpg</ResimUrl2><Stok>5</Stok></urun>""",
    "japanese": """<商品一覧>{}</商品一覧>|<商品><商品番号>K{n}</商品番号><商品名>ワンピース {n}</商品名>
<価格>1{n}99円</価格>
<画像>http://s.test/{n}.jpg</画像><在庫>あり</在庫></商品>""",
    "attributes": """<catalog>{}</catalog>|<row sku="K{n}" productName="Linen dress {n}" price="1{n}99" image="http://s.test/{n}.jpg"/>""",
    "nested": """<data><meta><title>Shop</title></meta><list>{}</list></data>|<entry>
<ident><id>K{n}</id></ident><name>Linen dress {n}</name>
<pricing><price>1{n}99</price></pricing><images><image><url>http://s.test/{n}.jpg</url></image></images></entry>""",
}


def body(name: str, count: int = 6) -> bytes:
    whole, one = HOME_MADE[name].split("|")
    return whole.replace("{}", "".join(one.replace("{n}", str(n)) for n in range(1, count + 1))).encode()


@pytest.mark.parametrize("name", HOME_MADE)
def test_id_title_price_and_pictures_are_found(name: str) -> None:
    rows, summary = read(body(name))
    assert summary.dialect == "guessed", summary.dialect_reason
    assert [row["offer_id"] for row in rows] == [f"K{n}" for n in range(1, 7)]
    assert all(
        str(n) in row["title"] and row["pictures"][0] == f"http://s.test/{n}.jpg" for n, row in enumerate(rows, 1)
    )
    assert all(int(row["price"]) == 1099 + 100 * n for n, row in enumerate(rows, 1))


@pytest.mark.parametrize(
    "pair", ["<field name='{}'>{}</field>", "<column><name>{}</name><value>{}</value></column>",
             "<attribute key='{}' value='{}'/>"],
)  # fmt: skip
def test_an_offer_that_is_names_and_values_alone(pair: str, tmp_path: Path) -> None:
    told = {
        "id": "K{n}", "title": "Linen dress {n}", "price": "3{n},90 EUR", "sale price": "2{n},90 EUR", "colour": "red",
        "image1": "http://s.test/{n}.jpg", "image2": "http://s.test/{n}b.jpg", "sizes": "S, M", "note": "{n}",
    }  # fmt: skip
    body = listed("".join(pair.format(*one) for one in told.items()))
    rows, summary = read(body, lists_unread=True)
    assert [row["offer_id"] for row in rows] == [f"K{n}" for n in range(1, 5)]
    assert (rows[0]["title"], rows[0]["price"], rows[0]["old_price"]) == (
        "Linen dress 1", Decimal("21.90"), Decimal("31.90")
    )  # fmt: skip
    assert (rows[0]["sizes"], rows[0]["colour"]) == (["S", "M"], "red")
    assert rows[0]["pictures"] == ["http://s.test/1.jpg", "http://s.test/1b.jpg"]
    assert [part.source for part in summary.unread] == ["param=note"]
    kept = tmp_path / "kept.yaml"
    kept.write_text(summary.dialect_file or "", encoding="utf-8")
    assert read(body, dialect=str(kept))[0] == rows


def test_several_pictures_stand_in_order() -> None:
    rows, _ = read(body("turkish"))
    assert rows[0]["pictures"] == ["http://s.test/1.jpg", "http://s.test/1b.jpg"]
    assert (rows[0]["price"], rows[0]["currency"], rows[0]["available"]) == (Decimal("1199.90"), "TRY", True)


@pytest.mark.parametrize("name", HOME_MADE)
def test_the_dialect_that_was_used_can_be_kept_and_reads_the_same(name: str, tmp_path: Path) -> None:
    rows, summary = read(body(name))
    kept = tmp_path / "kept.yaml"
    kept.write_text(summary.dialect_file or "", encoding="utf-8")
    again, second = read(body(name), dialect=str(kept))
    assert again == rows
    assert second.status == "accepted"


@pytest.mark.parametrize(
    "other",
    [b"<html><body><p>Not found</p></body></html>", b"<rss><channel><title>News</title></channel></rss>",
     b"<a><b>1</b><b>2</b><b>3</b></a>", b'{"id": 1}'],
)  # fmt: skip
def test_what_is_no_catalog_is_not_taken_for_one(other: bytes) -> None:
    rows, summary = read(other)
    assert rows == []
    assert summary.status == "refused"


def test_a_place_that_is_empty_in_the_first_offers_is_seen() -> None:
    rows, _ = read(
        b"<list>%b</list>"
        % b"".join(
            b"<row><code>K%d</code><name>Dress %d</name><price>10%d</price><brand>%b</brand><img>http://s.test/%d.jpg</img></row>"
            % (n, n, n, b"Acme" if n > 100 else b"", n)
            for n in range(150)
        )
    )
    assert [row["brand"] for row in rows] == [None] * 101 + ["Acme"] * 49


def test_an_xml_tag_that_ends_stays_the_root_element() -> None:
    rows, summary = read(b'<xml version="1.0">' + body("turkish") + b"</xml>")
    assert len(rows) == 6
    assert summary.repairs == {}


def listed(inside: str, count: int = 4) -> bytes:
    """Offers of a form of their own; `{n}` is a number of each."""
    things = "".join(f"<thing>{inside}</thing>".replace("{n}", str(n)) for n in range(1, count + 1))
    return f"<list>{things}</list>".encode()


NAMED = "<code>K{n}</code><name>Linen dress {n}</name><price>1{n}</price>"
SHOWN = "<link>https://s.test/{n}</link><photo>https://s.test/{n}.jpg</photo>"


@pytest.mark.parametrize(
    "number",
    ["<discount_amount>3{n}.01</discount_amount>", "<cut>3{n}.01</cut>", "<bought>12{n}</bought>", "<sku>1{n}</sku>",
     "<rebate>{n}</rebate>"],
)  # fmt: skip
def test_the_address_is_the_id_where_the_only_number_is_an_amount(number: str) -> None:
    rows, summary = read(listed(f"<name>Linen dress {{n}}</name><price>1{{n}}</price>{number}{SHOWN}"))
    assert [row["offer_id"] for row in rows] == [f"https://s.test/{n}" for n in range(1, 5)], summary.dialect_file


@pytest.mark.parametrize(
    ("inside", "price", "old_price"),
    [
        ("<previousPrice>30</previousPrice>", "11", "30"),
        ("<regular-price>30</regular-price>", "11", "30"),
        ("<productPreviousPrice>30</productPreviousPrice>", "11", "30"),
        ("<discount><price>5</price></discount>", "11", None),
        ("<shipping><price>5</price></shipping>", "11", None),
        ("<discount><amount>5</amount></discount>", "11", None),
        ("<discount_price>9</discount_price>", "9", "11"),
        ("<clearance_price>9</clearance_price>", "9", "11"),
        ("<value>30</value>", "11", "30"),
        ("<value>3</value>", "11", None),
        ("<gold-price>30</gold-price>", "11", None),
        ("<price_cents>1100</price_cents>", "11", None),
    ],
)
def test_which_price_a_name_means(inside: str, price: str, old_price: str | None) -> None:
    rows, summary = read(listed(f"{inside}{NAMED}{SHOWN}"))
    found = (rows[0]["price"], rows[0]["old_price"])
    assert found == (Decimal(price), old_price and Decimal(old_price)), summary.dialect_file


@pytest.mark.parametrize(
    ("inside", "price", "old_price"),
    [
        ("<price type='regular'>30</price><price type='sale'>20</price>", "20", "30"),
        ("<price type='sale'>20</price><price type='regular'>30</price>", "20", "30"),
        ("<price kind='list' currency='EUR'>30</price><price kind='special' currency='EUR'>20</price>", "20", "30"),
        ("<prices><price type='old'><amount>30</amount></price>"
         "<price type='current'><amount>20</amount></price></prices>", "20", "30"),
        ("<price><name>Regular price</name><value>30</value></price>"
         "<price><name>Sale price</name><value>20</value></price>", "20", "30"),
        ("<price type='wholesale'>9</price><price type='retail'>30</price>", "30", None),
        ("<price type='EUR'>30</price><price type='USD'>33</price>", "30", None),
    ],
)  # fmt: skip
def test_an_attribute_tells_which_price_one_is(inside: str, price: str, old_price: str | None) -> None:
    rows, summary = read(listed(f"<code>K{{n}}</code><name>Linen dress {{n}}</name>{inside}{SHOWN}"))
    found = (rows[0]["price"], rows[0]["old_price"])
    assert found == (Decimal(price), old_price and Decimal(old_price)), summary.dialect_file
    assert ("currency" in inside) == (rows[0]["currency"] == "EUR")


def test_a_kept_dialect_tells_prices_and_values_in_lists_apart_too(tmp_path: Path) -> None:
    prices = "<price type='regular'>30</price><price type='sale'>20</price>"
    sizes = "<options><option><name>Size</name><values><value>M</value></values></option></options>"
    body = listed(f"<code>K{{n}}</code><name>Linen dress {{n}}</name>{prices}{sizes}{SHOWN}")
    rows, summary = read(body)
    kept = tmp_path / "kept.yaml"
    kept.write_text(summary.dialect_file or "", encoding="utf-8")
    assert (rows[0]["price"], rows[0]["sizes"]) == (Decimal(20), ["M"])
    assert read(body, dialect=str(kept))[0] == rows


@pytest.mark.parametrize(
    "other",
    ["<related><product><image>https://s.test/r{n}.jpg</image></product></related>",
     "<brand_logo>https://s.test/l{n}.png</brand_logo>", "<banner>https://s.test/b{n}.jpg</banner>",
     "<brand><image>https://s.test/l{n}.png</image></brand>", "<category><image>https://s.test/c{n}.jpg</image></category>",
     "<manufacturer_image>https://s.test/m{n}.jpg</manufacturer_image>", "<size_chart>https://s.test/s{n}.jpg</size_chart>"],
)  # fmt: skip
def test_a_picture_of_something_else_is_none_of_the_offer_s(other: str) -> None:
    rows, summary = read(listed(f"{other}{NAMED}{SHOWN}"))
    assert rows[0]["pictures"] == ["https://s.test/1.jpg"], summary.dialect_file


@pytest.mark.parametrize(
    "images",
    ["<images><image><size>medium</size><url>https://s.test/{n}.jpg</url></image></images>",
     "<image size='medium'>https://s.test/{n}.jpg</image>"],
)  # fmt: skip
def test_the_size_of_a_picture_is_no_garment_s(images: str) -> None:
    rows, summary = read(listed(NAMED + images))
    assert (rows[0]["sizes"], rows[0]["pictures"]) == (None, ["https://s.test/1.jpg"]), summary.dialect_file


def test_the_price_with_tax_stands_before_the_one_without() -> None:
    prices = "<prices><net>10</net><gross>1{n}</gross><rrp>30</rrp></prices>"
    rows, summary = read(listed(f"<code>K{{n}}</code><name>Linen dress {{n}}</name>{prices}{SHOWN}"))
    assert (rows[0]["price"], rows[0]["old_price"]) == (Decimal(11), Decimal(30)), summary.dialect_file


def test_a_price_in_cents_is_listed_as_unread() -> None:
    inside = f"<code>K{{n}}</code><name>Linen dress {{n}}</name><price_cents>11{{n}}0</price_cents>{SHOWN}"
    rows, summary = read(listed(inside), lists_unread=True)
    assert rows[0]["price"] is None
    assert [(part.source, part.looks_like) for part in summary.unread] == [("price_cents", "prices")]


@pytest.mark.parametrize(
    "pairs",
    ["<merkmal1bez>Größe</merkmal1bez><merkmal1wert>M</merkmal1wert>"
     "<merkmal2bez>Farbe</merkmal2bez><merkmal2wert>rot</merkmal2wert>",
     "<options><option><name>Size</name><values><value>M</value></values></option>"
     "<option><name>Color</name><values><value>rot</value></values></option></options>"],
)  # fmt: skip
def test_names_and_values_of_other_spellings(pairs: str) -> None:
    rows, summary = read(listed(NAMED + SHOWN + pairs), lists_unread=True)
    assert (rows[0]["sizes"], rows[0]["colour"], summary.unread) == (["M"], "rot", []), summary.dialect_file


@pytest.mark.parametrize(
    ("inside", "field", "expected"),
    [
        ("<props><size><label>Size</label><value>M</value></size></props>", "sizes", ["M"]),
        ("<props><color><name>Colour</name><value>red</value></color></props>", "colour", "red"),
        ("<attributes>Size:M|Color:red</attributes>", "category_path", None),
        ("<combination><attribute_group>Size</attribute_group><attribute>M</attribute></combination>",
         "category_path", None),
        ("<sizes S='1' M='0'/>", "sizes", None),
        ("<size><width>10</width><height>20</height></size>", "sizes", None),
        ("<size1>S</size1><size2>M</size2><stock1>0</stock1><stock2>2</stock2>", "available", True),
    ],
)  # fmt: skip
def test_what_only_looks_like_a_field(inside: str, field: str, expected: object) -> None:
    rows, summary = read(listed(NAMED + SHOWN + inside))
    assert rows[0][field] == expected, summary.dialect_file


def test_columns_with_numbers_are_pictures_only_where_they_hold_some() -> None:
    rows, summary = read(
        listed("<c1>K{n}</c1><c2>Coat {n}</c2><c3>2{n}.90</c3><c4>http://s.test/{n}.jpg</c4>"), lists_unread=True
    )
    assert (rows[0]["pictures"], summary.repairs) == (["http://s.test/1.jpg"], {})
    assert [part.source for part in summary.unread] == ["c3"]


def test_a_shop_s_first_page_is_no_offer_s_address() -> None:
    rows, _ = read(listed(f"<siteurl>https://s.test</siteurl>{NAMED}{SHOWN}"))
    assert rows[0]["url"] == "https://s.test/1"


def test_a_guess_without_an_id_gives_way_to_the_next_and_says_so() -> None:
    show = "<show><title>Linen dress {n}</title><image>https://s.test/{n}.jpg</image><price>1{n}</price></show>"
    inside = f"<address>https://s.test/{{n}}</address><data>{show}</data>"
    rows, summary = read(listed(inside))
    assert [row["offer_id"] for row in rows] == [f"https://s.test/{n}" for n in range(1, 5)]
    assert "passed over <show>, which has no id" in str(summary.dialect_reason)
