"""Products gained, lost and moved, and those that a category alone does not bring in."""

from dataclasses import replace

import pytest

from desk.difference import Change, Recut, difference, recut_of
from desk.shop import Product
from jobs.answers.thresholds import moved
from schemas.errors import WrongInput
from schemas.settings import ChoiceSettings

PRODUCT = Product("shop:1", "Hat", ("Hats",))
WHOLE, HALF = (0.0, 0.0, 1.0, 1.0), (0.0, 0.0, 0.5, 1.0)
RECUT = Recut(b"a", frozenset({WHOLE}), frozenset({HALF}))


def test_the_picture_that_is_cut_most_differently_is_shown() -> None:
    same, whole, half = {b"c": frozenset({WHOLE})}, frozenset({WHOLE}), frozenset({HALF})
    assert recut_of(same, same) is None
    assert recut_of({b"a": whole} | same, {b"a": half} | same) == RECUT
    assert RECUT.overlap == 0.5
    gone = recut_of({b"a": whole, b"b": whole}, {b"a": half})
    assert gone == Recut(b"b", whole, frozenset())
    assert gone.overlap == 0
    changes = [Change(PRODUCT, "cap", "cap", RECUT), Change(PRODUCT, "cap", "cap", gone)]
    assert [change.said for change in difference(changes).cut_anew] == [
        "cap, boxes overlap 0.00", "cap, boxes overlap 0.50",
    ]  # fmt: skip


def test_each_product_is_told_once() -> None:
    out = replace(PRODUCT, refused="no_category")
    bare = replace(PRODUCT, refused="no_picture_left")
    found = difference([
        Change(out, None, "hat"), Change(bare, None, "hat"), Change(PRODUCT, "cap", "hat"),
        Change(PRODUCT, "cap", None), Change(PRODUCT, "cap", "cap"), Change(out, None, None),
        Change(PRODUCT, "cap", "cap", RECUT), Change(out, None, None, RECUT),
    ])  # fmt: skip
    expected = {"gained": 1, "lost": 1, "moved": 1, "still out": 1, "cut anew": 1}
    assert {name: len(changes) for name, changes in found.parts} == expected
    assert not difference([Change(PRODUCT, "cap", "cap")]).any


@pytest.mark.parametrize("move", ["text", "text=", "text=2", "text=x", "colour=0.5", "=0.5"])
def test_a_wrong_threshold_is_one_line(move: str) -> None:
    with pytest.raises(WrongInput, match="must be NAME=VALUE"):
        moved(ChoiceSettings(), [move])
    both = moved(ChoiceSettings(), ["choice.text=0.7", "wanted=0.5"])
    assert (both.text, both.wanted) == (0.7, 0.5)
