"""Picture addresses as shops write them."""

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.rejects import Code
from tests.udfs.feeds.small_feeds import feed, read
from udfs.feeds.offers.pictures import mended, split_joined
from udfs.feeds.repairs import Repair, Repairs

OFFER = "<offer id='1'><name>Coat</name>{}</offer>"


@pytest.mark.parametrize(
    ("written", "address", "repair"),
    [
        ("https://s.test/a.jpg?x=1", "https://s.test/a.jpg?x=1", None),
        (" //s.test/a.jpg ", "https://s.test/a.jpg", None),
        ("HTTP://s.test/a b.jpg", "http://s.test/a%20b.jpg", Repair.PICTURE_ADDRESS),
        ("http://s.test/a.jpg?x=1&amp;y=2", "http://s.test/a.jpg?x=1&y=2", Repair.PICTURE_ADDRESS),
        ("http://s.test/фото.jpg", "http://s.test/%D1%84%D0%BE%D1%82%D0%BE.jpg", Repair.PICTURE_ADDRESS),
        ("http:\\\\s.test\\a.jpg", "http://s.test/a.jpg", Repair.PICTURE_ADDRESS),
        ("/img/a.jpg", "https://shop.test/img/a.jpg", Repair.RELATIVE_PICTURE),
        ("www.s.test/a.jpg", "https://www.s.test/a.jpg", None),
        ("file:///etc/passwd", None, Repair.PICTURE_DROPPED),
        ("javascript:alert(1)", None, Repair.PICTURE_DROPPED),
        ("data:image/png;base64,AAAA", None, Repair.PICTURE_DROPPED),
        ("http://[::1/a.jpg", None, Repair.PICTURE_DROPPED),
        ("0\\[", "https://shop.test/0/[", Repair.RELATIVE_PICTURE),
        ("http:///a.jpg", None, Repair.PICTURE_DROPPED),
        ("https://s.test", None, Repair.PICTURE_DROPPED),
        ("https://s.test/", None, Repair.PICTURE_DROPPED),
        ("https://s.test/?id=1", "https://s.test/?id=1", None),
        ("http://s.test: 80/a.jpg", None, Repair.PICTURE_DROPPED),
        ("http://a b@s.test/a.jpg", None, Repair.PICTURE_DROPPED),
        ("https:\\/\\/s.test\\/a.jpg", "https://s.test/a.jpg", Repair.PICTURE_ADDRESS),
        ("http://s.test/" + "a" * 3_000, None, Repair.PICTURE_DROPPED),
    ],
)
def test_addresses(written: str, address: str | None, repair: Repair | None) -> None:
    repairs = Repairs()
    assert mended(written, "https://shop.test/feed.xml", repairs) == address
    assert set(repairs) == ({repair} if repair else set())


def test_a_relative_address_without_a_base_is_dropped() -> None:
    repairs = Repairs()
    assert mended("img/a.jpg", None, repairs) is None
    assert repairs[Repair.PICTURE_DROPPED] == 1


@pytest.mark.parametrize(
    "text",
    ["http://s.test/a.jpg,http://s.test/b.jpg", "http://s.test/a.jpg; http://s.test/b.jpg", "http://s.test/a.jpg\nhttp://s.test/b.jpg",
     "http://s.test/a.jpg | //s.test/b.jpg"],
)  # fmt: skip
def test_joined_addresses_are_parted(text: str) -> None:
    assert [part.removeprefix("http:") for part in split_joined(text, [";", ",", "|"])] == [
        "//s.test/a.jpg",
        "//s.test/b.jpg",
    ]


def test_a_comma_within_an_address_stays() -> None:
    address = "http://s.test/w_100,h_200/a.jpg"
    assert split_joined(address, [",", ";"]) == [address]


def test_each_picture_once_in_order_and_no_more_than_allowed() -> None:
    pictures = "".join(f"<picture>http://s.test/{name}.jpg</picture>" for name in "abacd")
    (row,), summary = read(feed(OFFER.format(pictures)), max_pictures=3)
    assert row["pictures"] == [f"http://s.test/{name}.jpg" for name in "abc"]
    assert summary.repairs[Repair.PICTURE_DROPPED] == 1


@given(st.text(max_size=80), st.sampled_from([None, "https://shop.test/"]))
def test_whatever_is_written_gives_an_http_address_or_none(text: str, base: str | None) -> None:
    for written in (text, "http://" + text, "//" + text, "http://s.test/" + text):
        address = mended(written, base, Repairs())
        assert address is None or (urlsplit(address).scheme in ("http", "https") and urlsplit(address).hostname)
        assert address is None or not any(char.isspace() for char in address)


@pytest.mark.parametrize(
    ("written", "address", "repair"),
    [
        ("https://s.test/1?a=1&amp;b=2", "https://s.test/1?a=1&b=2", None),
        ("https://s.test/1?a=1&amp;amp;b=2", "https://s.test/1?a=1&b=2", Repair.LINK_ADDRESS),
        (" //s.test/1 ", "https://s.test/1", Repair.LINK_ADDRESS),
        ("www.s.test/1", "https://www.s.test/1", Repair.LINK_ADDRESS),
        ("/p/1#size=38", "https://shop.test/p/1#size=38", Repair.LINK_ADDRESS),
        ("https://s.test/платье", "https://s.test/%D0%BF%D0%BB%D0%B0%D1%82%D1%8C%D0%B5", Repair.LINK_ADDRESS),
        ("https://s.test/1#size=38", "https://s.test/1#size=38", None),
        ("https://s.test", "https://s.test", None),
        ("https://s.test/" + "a" * 3_000, "https://s.test/" + "a" * 3_000, None),
        ("https://s.test/" + "a" * 9_000, None, Repair.LINK_DROPPED),
        ("javascript:alert(1)", None, Repair.LINK_DROPPED),
        ("http://[::1/1", None, Repair.LINK_DROPPED),
    ],
)
def test_an_offer_s_own_address_is_mended_as_its_pictures_are(
    written: str, address: str | None, repair: Repair | None
) -> None:
    inside = f"<url>{written}</url><picture>http://s.test/1.jpg</picture>"
    (row,), summary = read(feed(OFFER.format(inside)), base_url="https://shop.test/feed.xml")
    assert (row["url"], row["code"]) == (address, None)
    assert dict(summary.repairs) == ({repair: 1} if repair else {})


def test_an_address_that_is_the_id_stays_as_it_is() -> None:
    item = "<PRODUCT>Coat</PRODUCT><URL>https://s.cz/1?a=1&amp;amp;b=2</URL><IMGURL>http://s.test/1.jpg</IMGURL>"
    (row,), _ = read(f"<SHOP><SHOPITEM>{item}</SHOPITEM></SHOP>".encode())
    assert (row["offer_id"], row["url"]) == ("https://s.cz/1?a=1&amp;b=2", "https://s.cz/1?a=1&b=2")


def test_addresses_none_of_which_can_be_used_have_a_code_of_their_own() -> None:
    offers = [OFFER.format("<picture>htp:/1.jpg</picture>"), OFFER.format("<picture/>").replace("'1'", "'2'")]
    offers.append(
        OFFER.format("<picture>htp:/1.jpg</picture><picture>http://s.test/1.jpg</picture>").replace("'1'", "'3'")
    )
    rows, _ = read(feed(*offers))
    assert [row["code"] for row in rows] == [Code.OFFER_BAD_PICTURE, Code.OFFER_NO_PICTURE, None]
    assert "has the picture 'htp:/1.jpg', whose address cannot be used" in rows[0]["detail"]
