"""Tags are taken out the same way by both modules."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from udfs.feeds.values import html_tags

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
    assert html_tags.without_tags(text) == without


MARKUP = st.lists(st.sampled_from([*"<>/! \n\tab?éP", "b>", "<p", "</em ", "span", "</", "日", "\xa0"])).map("".join)


@given(MARKUP | st.text() | st.sampled_from([text for text, _ in CASES]))
def test_the_compiled_module_does_the_same(text: str) -> None:
    untag = pytest.importorskip("udfs.feeds.values.untag", reason="the project was set up without a C compiler")
    assert untag.without_tags(text) == html_tags.without_tags(text)


PLAIN = [
    ("two words", True), (" before", False), ("behind ", False), ("", True), (" ", False), ("two  spaces", False),
    ("a\tb", False), ("a\nb", False), ("a\x1cb", False), ("a\xa0b", False), ("a\x85b", False), ("два слова", True),
    ("два  слова", False), ("два\u2003слова", False), ("два\u3000слова", False), ("a – b “c”", True), ("слова ", False),
    ("👗 платье", True), ("👗  x", False), ("👗\u202fx", False), ("\x00\x01", True), ("a<b", False), ("ü&b", False),
    ("слово<", False), ("👗&amp;", False), ("a > b", True),
]  # fmt: skip


@pytest.mark.parametrize(("text", "is_so"), PLAIN)
def test_a_text_is_plain_or_not(text: str, is_so: bool) -> None:
    assert html_tags.is_plain(text) is is_so


WHITE = "".join(chr(code) for code in range(0x110000) if chr(code).isspace())
SOME_WHITE = st.text(st.sampled_from([*WHITE, *"  <&abcйü日👗"]) | st.characters(), max_size=80)


@given(SOME_WHITE | st.sampled_from([text for text, _ in PLAIN]))
def test_the_compiled_module_finds_the_same_plain(text: str) -> None:
    untag = pytest.importorskip("udfs.feeds.values.untag", reason="the project was set up without a C compiler")
    assert untag.is_plain(text) is html_tags.is_plain(text)


@pytest.mark.parametrize("white", [sign for sign in WHITE if sign != " "])
def test_no_white_space_is_plain_but_the_space(white: str) -> None:
    untag = pytest.importorskip("udfs.feeds.values.untag", reason="the project was set up without a C compiler")
    for before in ("a", "й", "👗"):
        assert not untag.is_plain(f"{before}{white}b")


SECTIONS = [
    ("<![CDATA[x]]>", True), ("a <!-- b -->", True), ("<!DOCTYPE x>", True), ("<script>", True), ("<STYLE>", True),
    ("й <ScR", True), ("👗<stY", True), ("<strong>", False), ("<span>", False), ("<sc", False), ("a<", False),
    ("<", False), ("<p>plain</p>", False), ("scr sty !", False), ("", False),
]  # fmt: skip


@pytest.mark.parametrize(("text", "has"), SECTIONS)
def test_sections_are_seen(text: str, has: bool) -> None:
    assert html_tags.has_sections(text) is has


@given(MARKUP | SOME_WHITE | st.sampled_from([text for text, _ in SECTIONS]))
def test_the_compiled_module_sees_the_same_sections_and_spaces(text: str) -> None:
    untag = pytest.importorskip("udfs.feeds.values.untag", reason="the project was set up without a C compiler")
    assert untag.has_sections(text) is html_tags.has_sections(text)
    assert untag.single_spaced(text) == html_tags.single_spaced(text)


def test_no_name_inside_a_line_is_longer_than_the_compiled_module_reads() -> None:
    assert max(map(len, html_tags.INLINE)) <= 8
