"""The shared word lists are whole: no word means two things."""

from collections import defaultdict

import pytest

from udfs.feeds.forms.words import folded, is_nothing, lists, spoken
from udfs.feeds.repairs import MEANINGS, Repair


@pytest.mark.parametrize(("use", "form"), [("named", folded), ("availability", spoken), ("currencies", str.casefold)])
def test_no_word_means_two_things(use: str, form: object) -> None:
    assert callable(form)
    meanings = defaultdict(set)
    for meaning, words in lists()[use].items():
        for word in words:
            meanings[form(word)].add(meaning)
    assert {word: sorted(found) for word, found in meanings.items() if len(found) > 1} == {}


def test_folding() -> None:
    assert folded("Product_Name") == folded("productName") == folded("PRODUCT-NAME")
    assert folded("Größe") == folded("grosse") or folded("Größe") == "grosse"
    assert is_nothing(" N/A ")
    assert not is_nothing("Nike")


def test_every_repair_has_a_meaning() -> None:
    assert set(MEANINGS) == set(Repair)
