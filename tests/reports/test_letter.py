"""The letter to a shop: in its language, escaped, and no cell of its table a formula."""

import csv
import io
import re
from dataclasses import replace

import pytest

from reports.letter import (
    FeedOfShop,
    Fetched,
    LetterFacts,
    ShopError,
    _languages,
    how_to_mend,
    plain_cell,
    render_letter,
    render_table,
    what_is_wrong,
)
from schemas.rejects import MEANINGS, Acts

ERRORS = (
    ShopError("duplicate_id", 7, "=HYPERLINK(1)"),
    ShopError("offer_bad_price", 9, "+1<script>alert(1)</script>"),
    ShopError("fetch_404", 11, "o11", "https://s.test/a.jpg", "answered 404", "HTTP 404"),
    ShopError("fetch_robots", 12, "o12", "https://s.test/b.jpg", "=robots forbid it: Disallow: /b", "Disallow: /b"),
    *(ShopError("offer_no_title", line, f"o{line}") for line in range(10, 30)),
)
FACTS = LetterFacts(
    retailer="atelier", language="ja", date="2026-11-21",
    feeds=(FeedOfShop("https://s.test/feed.xml", True, 40, 18, None),),
    errors=ERRORS, fetched=Fetched("2026-11-21", 30, 29, 7, 12345, 3.5, 1), rate=4.0, connections=2,
    agent="selvedge/0.1 (+mailto:catalog@example.org)", contract=None,
)  # fmt: skip


@pytest.mark.parametrize(
    ("language", "title"),
    [
        ("en", "How we read your feed"),
        ("ja", "貴店フィード"),
        ("ru", "Как мы прочитали"),
        ("pl", "How we read your feed"),
    ],
)
def test_it_is_in_the_shops_language(language: str, title: str) -> None:
    page = render_letter(replace(FACTS, language=language))
    assert title in page
    assert how_to_mend("fetch_404", language) in page
    assert "30" in page
    assert FACTS.agent in page
    assert "<code>User-agent: selvedge</code>" in page


def test_what_the_shop_wrote_is_escaped_and_few_places_are_shown() -> None:
    page = render_letter(FACTS)
    assert "<script" not in page
    assert len(re.findall("商品 o", page)) == 5 + 2
    assert "ほか15件" in page


def test_a_picture_that_failed_stands_with_its_offer_and_what_came_of_it() -> None:
    page = re.sub(r"<[^>]+>|\s+", " ", render_letter(replace(FACTS, language="en")))
    assert re.search(r"https://s\.test/a\.jpg +line 11, offer o11 · answered 404", page)
    assert "Disallow: /b" in page
    rows = list(csv.reader(io.StringIO(render_table(FACTS))))
    wrong, mend = what_is_wrong("fetch_404", "ja"), how_to_mend("fetch_404", "ja")
    assert ["fetch_404", "11", "o11", "https://s.test/a.jpg", wrong, mend, "HTTP 404"] in rows


@pytest.mark.parametrize("language", ["ja", "ru"])
def test_nothing_is_said_in_english_to_who_reads_another_language(language: str) -> None:
    refused = replace(FACTS.feeds[0], said="the feed ends early", accepted=False)
    facts = replace(FACTS, language=language, feeds=(refused,))
    for text in (render_letter(facts), render_table(facts)):
        assert what_is_wrong("offer_bad_price", language) in text
        assert "HTTP 404" in text
        for english in ("answered", "forbids", "ends early"):
            assert english not in text
    assert "ends early" in render_letter(replace(facts, language="en"))
    assert "ends early" in render_letter(replace(facts, language="pl"))


def test_the_table_holds_every_error_and_no_formula() -> None:
    rows = list(csv.reader(io.StringIO(render_table(FACTS))))
    assert len(rows) == 1 + len(ERRORS)
    assert rows[1][2] == "'=HYPERLINK(1)"
    assert not any(cell.startswith(("=", "+", "-", "@", "\t")) for row in rows for cell in row)


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@a", " =1", "＝1", "\t=1", "\r=1"])
def test_a_formula_becomes_text(text: str) -> None:
    assert plain_cell(text) == f"'{text}"


@pytest.mark.parametrize("language", _languages())
def test_every_language_says_the_same_and_every_code_of_a_shop_can_be_mended(language: str) -> None:
    other = _languages()["en"]
    codes = [code for code, meaning in MEANINGS.items() if meaning.acts is Acts.SHOP]
    assert _languages()[language].keys() == other.keys()
    assert _languages()[language]["mend"].keys() == other["mend"].keys()
    assert all(language == "en" or code in _languages()[language]["wrong"] for code in codes)
    assert [code for code in codes if not how_to_mend(code, language)] == []


def test_a_clean_shop_is_thanked_and_a_contract_is_named() -> None:
    page = render_letter(replace(FACTS, language="en", errors=(), fetched=None, contract="mail of 3 May"))
    assert "We found no error" in page
    assert "is not applied, as agreed: mail of 3 May" in page
