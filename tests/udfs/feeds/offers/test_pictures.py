"""Picture addresses as shops write them."""

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
