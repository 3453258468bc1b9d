"""Addresses as feeds write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.rejects import Code
from udfs.web.addresses import MAX_URL, read_url, same_owner
from udfs.web.failures import Failure


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("http://shop.com/a b.jpg", "http://shop.com/a%20b.jpg"),
        ("  https://shop.com/a.jpg#x ", "https://shop.com/a.jpg"),
        ("http://shop.com/фото.jpg", "http://shop.com/%D1%84%D0%BE%D1%82%D0%BE.jpg"),
        ("http://магазин.рф/1.jpg", "http://xn--80aairftm.xn--p1ai/1.jpg"),
        ("http://shop.com/a%2Cb?sig=x%2By%3D", "http://shop.com/a%2Cb?sig=x%2By%3D"),
        ("http://shop.com/[1].jpg?a={b}", "http://shop.com/%5B1%5D.jpg?a=%7Bb%7D"),
    ],
)
def test_quoted_where_it_must_be_and_else_as_it_stands(text: str, sent: str) -> None:
    assert read_url(text).text == sent


@pytest.mark.parametrize(
    "text",
    ["", "shop.com/a.jpg", "ftp://shop.com/a", "file:///etc/passwd", "javascript:alert(1)", "http://", "http:///a",
     "http://user:word@shop.com/a", "http://shop.com/a\r\nHost: other", "http://shop.com:99999/", "http://[::1/",
     "http://[::1]@",
     "http://shop.com/" + "a" * MAX_URL, "data:image/png;base64,AAAA"],
)  # fmt: skip
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(Failure) as caught:
        read_url(text)
    assert caught.value.code is Code.FETCH_BAD_URL


@given(st.text(max_size=80) | st.text(max_size=60).map(lambda rest: f"http://{rest}"))
def test_any_text_is_an_address_or_a_reason(text: str) -> None:
    try:
        target = read_url(text)
    except Failure as failure:
        assert failure.code is Code.FETCH_BAD_URL
        assert "\n" not in failure.detail
    else:
        assert target.origin.scheme in ("http", "https")
        assert target.origin.host
        assert target.text.isascii()


@pytest.mark.parametrize(
    ("first", "hop", "same"),
    [
        ("https://shop.com/feed", "https://shop.com/other", True),
        ("http://shop.com/feed", "https://shop.com/feed", True),
        ("https://shop.com/feed", "http://shop.com/feed", False),
        ("https://shop.com/feed", "https://cdn.shop.com/feed", False),
        ("https://shop.com/feed", "https://shop.com:8443/feed", False),
        ("http://shop.com:8080/feed", "https://shop.com/feed", False),
        ("https://shop.com/feed", "https://shop.com.evil.net/feed", False),
    ],
)
def test_where_a_secret_may_follow(first: str, hop: str, same: bool) -> None:
    assert same_owner(read_url(first), read_url(hop)) is same
