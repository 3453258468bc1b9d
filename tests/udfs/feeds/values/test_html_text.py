"""HTML of shops as plain text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from udfs.feeds.values.html_text import image_addresses, plain_text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>Soft</p><p>warm</p>", "Soft warm"),
        ("so<b>f</b>t", "soft"),
        ("a<br/>b", "a b"),
        ("5 &lt; 6 &amp;amp; 7", "5 < 6 & 7"),
        ("&nbsp;Coat&nbsp; &eacute;t&eacute;", "Coat été"),
        ("<script>steal()</script>Coat<style>p{}</style>", "Coat"),
        ("Coat<!-- <b>hidden</b> --> here", "Coat here"),
        ("<![CDATA[<i>Coat</i>]]>", "Coat"),
        ("&lt;p&gt;twice&lt;/p&gt;", "twice"),
        ("size < 40 and > 30", "size < 40 and > 30"),
        ("<script>never ends", ""),
    ],
)
def test_words_stay_and_tags_go(html: str, text: str) -> None:
    assert plain_text(html) == text


def test_pictures_in_html() -> None:
    html = '<p><IMG alt="" src="http://s.test/a.jpg?x=1&amp;y=2"><img class=x src=http://s.test/b.jpg></p>'
    assert image_addresses(html) == ["http://s.test/a.jpg?x=1&y=2", "http://s.test/b.jpg"]


@given(st.text(alphabet="<>&;/ab! -[]CDATAscript\"'=", max_size=200))
def test_no_text_raises_and_white_space_is_single(text: str) -> None:
    plain = plain_text(text)
    assert plain == " ".join(plain.split())


def test_hostile_html_costs_little() -> None:
    for text in ("<" * 80_000, "<!--" * 20_000, "<script>" * 10_000, "&amp;" * 16_000, "<a " * 26_000):
        plain_text(text)
