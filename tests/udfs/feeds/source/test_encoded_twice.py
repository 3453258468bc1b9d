"""Text that was decoded wrongly and encoded again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from udfs.feeds.source.encoded_twice import UNDOS, Undo, find_undo


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("Été très chaud, manteau brodé à la façon d'ailleurs, écru", "cp1252"),
        ("Платье женское белое, размер сорок", "cp1251"),
    ],
)
def test_what_came_about_so_is_turned_back(text: str, wrong: str) -> None:
    wrongly = "".join(char if char.isascii() else char.encode().decode(wrong) for char in text)
    undo = find_undo(wrongly)
    assert undo == Undo(wrong, "utf-8")
    assert undo(wrongly)[0] == text


@pytest.mark.parametrize(
    "text", ["Été très chaud, façon à l'écru", "Платье женское белое", "半袖ワンピース", "plain", ""]
)
def test_text_that_is_right_is_left_alone(text: str) -> None:
    assert find_undo(text * 10) is None


@given(st.text(max_size=200))
def test_no_text_raises(text: str) -> None:
    find_undo(text)
    for undo in UNDOS:
        undo(text)
