"""Tags and superfluous white space are taken out, and texts that have neither are known."""

import pytest

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


@pytest.mark.parametrize("white", [sign for sign in WHITE if sign != " "])
def test_no_white_space_is_plain_but_the_space(white: str) -> None:
    for before in ("a", "й", "👗"):
        assert not html_tags.is_plain(f"{before}{white}b")


SECTIONS = [
    ("<![CDATA[x]]>", True), ("a <!-- b -->", True), ("<!DOCTYPE x>", True), ("<script>", True), ("<STYLE>", True),
    ("й <ScR", True), ("👗<stY", True), ("<strong>", False), ("<span>", False), ("<sc", False), ("a<", False),
    ("<", False), ("<p>plain</p>", False), ("scr sty !", False), ("", False),
]  # fmt: skip


@pytest.mark.parametrize(("text", "has"), SECTIONS)
def test_sections_are_seen(text: str, has: bool) -> None:
    assert html_tags.has_sections(text) is has
