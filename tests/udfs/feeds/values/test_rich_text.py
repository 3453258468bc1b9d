"""RTF in a field."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.udfs.feeds.small_feeds import feed, offer, read
from udfs.feeds.repairs import Repair
from udfs.feeds.values.rich_text import plain_of

HEAD = (
    r"{\rtf1\ansi\ansicpg1252\uc1\deff2{\fonttbl{\f0\fcharset0 Times New Roman;}}{\colortbl\red0\green0\blue0;}\plain"
)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (r"\ql{\f2 {\ltrch Kleid aus Leinen}\li0\par}}", "Kleid aus Leinen"),
        (r" Gr\'fc\'dfe\line zwei}", "Grüße\nzwei"),
        (r" \u346?wietne \u8364 ?\{5\}}", "Świetne €{5}"),
        (r" \uc0\u380 yd}", "żyd"),
        (r"{\*\generator Acme;} a\b  b}", "a b"),
        (r" broken off {", "broken off"),
        (r"\ansicpg1251 \'ea\'ee\'f2}", "кот"),
        (r"\ansicpg0 \'e9 \u55357?}", "é \ufffd"),
    ],
)
def test_rich_text_is_turned_to_words(body: str, said: str) -> None:
    assert plain_of(HEAD + body) == said


@given(st.lists(st.sampled_from(["{", "}", "\\", "u", "'", "9", "-", " ", "par", "*", "a", "uc", "\n"])))
def test_nothing_stops_it(pieces: list[str]) -> None:
    plain_of("{\\rtf1" + "".join(pieces))


def test_descriptions_in_rich_text_are_read_and_counted() -> None:
    rich = f"<description>{HEAD} Leinen \\b fein}}</description>"
    rows, summary = read(feed(offer(f"<name>Kleid</name><price>9</price><picture>http://s.test/1.jpg</picture>{rich}")))
    assert (rows[0]["description"], summary.repairs[Repair.RICH_TEXT]) == ("Leinen fein", 1)
