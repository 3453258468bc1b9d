"""Readings of a sample in every encoding, and by how much the likeliest one leads."""

from pathlib import Path

import pytest

from udfs.feeds.source.guess import CANDIDATES, MOST_TOKENS, Sample, margin, readings
from udfs.feeds.source.letters import Text, languages, signs

DANISH = "Blå kjole til børn i økologisk bomuld, størrelse små. Rød trøje, grøn hætte og hvide ærmer. "
SPANISH = "Vestido de niña, pantalón pequeño, camisa de algodón para señor, otoño. "


@pytest.mark.parametrize(
    ("text", "encoding", "language"),
    [(DANISH, "cp1252", "da"), (DANISH, "mac_roman", "da"), (SPANISH, "cp1252", "es")],
)
def test_the_likeliest_reading_is_the_right_one(text: str, encoding: str, language: str) -> None:
    best = readings(Sample.of(text.encode(encoding)), {})[0]
    assert (best.encoding, best.language) == (encoding, language)


def test_a_sample_is_drawn_from_the_whole_window_and_is_the_same_each_time() -> None:
    window = b"".join(
        b"<t>\xe5%d%s</t>" % (n, bytes([65 + n % 26, 65 + n // 26 % 26, 65 + n // 676])) for n in range(9_000)
    )
    sample = Sample.of(window)
    assert len(sample.tokens) == MOST_TOKENS
    assert sample.tokens == Sample.of(window).tokens
    places = [window.index(token.rstrip(b"0")[:2]) for token in sample.tokens[:1]]
    assert places == [3] and sample.tokens[-1][-1:] >= b"M"


def test_a_long_text_without_a_space_costs_no_more() -> None:
    assert len(Sample.of(b"\xe5" * 1_000_000).tokens[0]) < 1_000


def test_no_single_word_decides_alone() -> None:
    sample = Sample.of("<t>Ærøskøbingændringsforslagsæblegrød</t>".encode("cp1252"))
    first, second = readings(sample, {})[:2]
    assert margin(first, second, sample) <= 12 + 4


def test_a_word_of_two_scripts_is_odd_but_not_beside_a_script_without_spaces() -> None:
    found = signs(Text.of(["Weiلe", "لبن", "Größe", "Tシャツ", "iPhoneа"]))
    assert [cost > 0 for cost in found] == [True, False, False, False, True]


def test_the_page_says_how_many_encodings_and_languages_are_known() -> None:
    page = (Path(__file__).resolve().parents[4] / "docs" / "encodings.md").read_text(encoding="utf-8")
    assert f"Each of {len(CANDIDATES)} encodings reads" in page
    assert f"counts for {len(languages())} languages" in page
