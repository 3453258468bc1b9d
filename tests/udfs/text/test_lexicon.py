"""Garment names in plain text."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from udfs.text.lexicon import Lexicon, _trie, script

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
    }
)


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
    ],
)
def test_names_found(text: str, leaves: list[str]) -> None:
    assert [leaf for _, leaf in NAMES.named(text)] == leaves


def test_evidence_of_an_english_title_ends_before_with() -> None:
    evidence = NAMES.evidence("dress with shirt collar")
    assert "latin head dress" in evidence
    assert "latin last shirt" in evidence
    assert not any(feature.startswith("only") for feature in evidence)


def test_evidence_of_one_kind_alone() -> None:
    assert "only dress" in NAMES.evidence("платье летнее, платье синее")


def test_no_name_no_evidence() -> None:
    assert NAMES.evidence("model 5420") == []


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
