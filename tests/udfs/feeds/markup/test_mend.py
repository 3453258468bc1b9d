"""Broken markup mended, each repair counted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from udfs.feeds.markup.mend import mend, wrap_html
from udfs.feeds.repairs import Repair, Repairs


@pytest.mark.parametrize(
    ("broken", "whole", "repair"),
    [
        (b"Tom & Jerry", b"Tom &amp; Jerry", Repair.RAW_AMPERSAND),
        (b"?a=1&b=2", b"?a=1&amp;b=2", Repair.RAW_AMPERSAND),
        (b"&unheard;", b"&amp;unheard;", Repair.RAW_AMPERSAND),
        (b"a&nbsp;b", "a\u00a0b".encode(), Repair.HTML_ENTITY),
        (b"x\x0by", b"xy", Repair.CONTROL_CHARACTER),
        (b"&#0;&#x1F;a", b"a", Repair.BAD_REFERENCE),
        (b"&#99999999;a", b"a", Repair.BAD_REFERENCE),
        (b"1 < 2", b"1 &lt; 2", Repair.RAW_LESS_THAN),
        (b"<![CDATA[a<![CDATA[b]]>c]]>d", b"<![CDATA[a<![CDATA[b]]>cd", Repair.STRAY_SECTION_END),
        (b"\xff\xfea", "\ufffd\ufffda".encode(), Repair.BAD_BYTES),
    ],
)
def test_repairs(broken: bytes, whole: bytes, repair: Repair) -> None:
    repairs = Repairs()
    assert mend(broken, repairs) == whole
    assert {kind for kind, count in repairs.items() if count} == {repair}


@pytest.mark.parametrize(
    "data", [b"<a b='1'>x &amp; &#65; &#x41;</a>", b"<a><![CDATA[R&D < x]]></a>", "<a>Ж</a>".encode()]
)
def test_what_is_whole_is_left_alone(data: bytes) -> None:
    repairs = Repairs()
    assert mend(data, repairs) == data
    assert not +repairs


def test_a_section_that_never_ends_is_text() -> None:
    assert etree.fromstring(b"<a>" + mend(b"x<![CDATA[ & y", Repairs()) + b"</a>").text == "x<![CDATA[ & y"


def test_raw_html_in_a_text_field_is_wrapped() -> None:
    repairs = Repairs()
    data = wrap_html(b"<o><d>a<br>b]]></d><d><![CDATA[ok]]></d><e>c<br></e></o>", (b"d",), repairs)
    assert data == b"<o><d><![CDATA[a<br>b]] >]]></d><d><![CDATA[ok]]></d><e>c<br></e></o>"
    assert repairs[Repair.RAW_HTML] == 1


@given(st.text(alphabet="&;#x09<>[CDAT!amp\x00\x1f\ufffeЖ ", max_size=80))
def test_mended_text_without_tags_always_parses(text: str) -> None:
    data = mend(text.replace("<", "< ").encode(), Repairs())
    etree.fromstring(b"<a>" + data + b"</a>")


@given(st.binary(max_size=120))
def test_mending_keeps_lines_and_is_done_at_once(data: bytes) -> None:
    once = mend(data, Repairs())
    again = Repairs()
    assert once.count(b"\n") == data.count(b"\n")
    assert mend(once, again) == once
    assert not +again
