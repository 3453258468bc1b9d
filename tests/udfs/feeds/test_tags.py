"""Tags are taken out the same way by both modules."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from udfs.feeds import tags

CASES = [
    ("plain", "plain"),
    ("<p>one</p><p>two</p>", " one  two "),
    ("W<b>o</b>rd<span class='x'>s</span>", "Words"),
    ("<B>x</B><Em>y</Em>", "x y "),
    ("a < b > c <3 </ > <>", "a < b > c <3 </ > <>"),
    ("<br/><b/>x<!DOCTYPE y>", "  x "),
    ("a <b", "a <b"),
    ("<<b>p>", "<p>"),
    ("<b\tid=1>x<b\xa0>", "x "),
    ("é<p>ü</p>日本<i>語</i>", "é ü 日本語"),
    ("\ud800<p>", "\ud800 "),
    ("", ""),
]


@pytest.mark.parametrize(("text", "without"), CASES)
def test_tags_are_taken_out(text: str, without: str) -> None:
    assert tags.without_tags(text) == without


MARKUP = st.lists(st.sampled_from([*"<>/! \n\tab?éP", "b>", "<p", "</em ", "span", "</", "日", "\xa0"])).map("".join)


@given(MARKUP | st.text() | st.sampled_from([text for text, _ in CASES]))
def test_the_compiled_module_does_the_same(text: str) -> None:
    untag = pytest.importorskip("udfs.feeds.untag", reason="the project was set up without a C compiler")
    assert untag.without_tags(text) == tags.without_tags(text)
