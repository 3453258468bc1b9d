"""Garment names in plain text."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from udfs.text.lexicon import NOTHING, Lexicon, _trie, in_its_place, script

NAMES = Lexicon(
    {
        "shirt": "shirt",
        "dress": "dress",
        "shirt dress": "dress",
        "slip": "underpants",
        "плать*": "dress",
        "рубашк*": "shirt",
        "ワンピース": "dress",
        "シャツ": "shirt",
        "シャツワンピース": "dress",
        "ブラ$": "bra",
        "ドレス$": "dress",
        "シューズ$": "shoes",
        "帯$": "kimono",
        "携帯$": NOTHING,
        "shirt collar": NOTHING,
    },
    {"shoes": {"dress"}},
)


def evidence(text: str) -> list[str]:
    return NAMES.read(text)[0].evidence()


@pytest.mark.parametrize(
    ("text", "leaves"),
    [
        ("denim shirt dress", ["dress"]),
        ("shirt and dress", ["shirt", "dress"]),
        ("shirts", []),
        ("undershirt", []),
        ("slip-ons", []),
        ("платьями и рубашкой", ["dress", "shirt"]),
        ("платье-рубашка", ["dress", "shirt"]),
        ("長袖シャツワンピース黒", ["dress"]),
        ("", []),
        ("ブラ/黒", ["bra"]),
        ("ナイトブラ", ["bra"]),
        ("ブラシ ブラック", []),
        ("ブラレディース", ["bra"]),
        ("ドレスシューズ", ["dress", "shoes"]),
        ("ドレスシューズケース", ["dress"]),
        ("ドレス用バッグ", []),
        ("ドレス付き", []),
        ("正絹 帯 袋付き", ["kimono"]),
        ("帯電防止 携帯", []),
        ("top with shirt collar", []),
    ],
)
def test_names_found(text: str, leaves: list[str]) -> None:
    assert [leaf for _, leaf in NAMES.named(text)] == leaves


def test_evidence_of_an_english_title_ends_before_with() -> None:
    found = evidence("dress with a shirt")
    assert "latin head dress" in found
    assert "latin last shirt" in found
    assert not any(feature.startswith("only") for feature in found)


def test_japanese_names_lead_up_to_the_next_segment_and_all_of_them_vie() -> None:
    (named,) = NAMES.read("ドレス(シャツ)/帯")
    assert (named.leading, named.all_vie) == (["dress", "shirt"], True)
    assert not NAMES.read("dress (shirt)")[0].all_vie


def test_evidence_of_one_kind_alone() -> None:
    assert "only dress" in evidence("платье летнее, платье синее")


def test_a_name_that_yields_to_another_field_is_no_evidence() -> None:
    title, opening = NAMES.read("シューズ", "dress in cotton")
    assert title.evidence() == []
    assert "only dress" in opening.evidence()


def test_japanese_names_are_marked_to_end_their_run() -> None:
    assert [in_its_place(name) for name in ("ブラ", "帯", "かばん", "dress", "плать*")] == [
        "ブラ$",
        "帯$",
        "かばん",
        "dress",
        "плать*",
    ]


def test_no_name_no_evidence() -> None:
    assert evidence("model 5420") == []


def test_an_empty_list_of_names() -> None:
    assert Lexicon({}).named("dress") == []


def test_scripts() -> None:
    assert [script(text) for text in ("nike ワンピース", "nike кеды", "nike", "")] == [
        "japanese",
        "cyrillic",
        "latin",
        "latin",
    ]


@given(st.lists(st.text("ab(-*", min_size=1, max_size=5), max_size=8), st.text("ab(-*", max_size=6))
def test_a_trie_matches_its_names_alone(names: list[str], text: str) -> None:
    assert (re.fullmatch(_trie(names), text) is not None) == (text in names)


def test_a_long_text_takes_linear_time() -> None:
    begun = time.process_time()
    NAMES.named("shirt dres " * 20_000)
    assert time.process_time() - begun < 2
