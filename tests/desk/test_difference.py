"""Products gained, lost and moved, and those that a category alone does not bring in."""

from dataclasses import replace

import pytest

from desk.difference import Change, difference
from desk.shop import Product
from jobs.answers.thresholds import moved
from schemas.errors import WrongInput
from schemas.settings import ChoiceSettings

PRODUCT = Product("shop:1", "Hat", ("Hats",))


def test_each_product_is_told_once() -> None:
    out = replace(PRODUCT, refused="no_category")
    bare = replace(PRODUCT, refused="no_picture_left")
    found = difference([
        Change(out, None, "hat"), Change(bare, None, "hat"), Change(PRODUCT, "cap", "hat"),
        Change(PRODUCT, "cap", None), Change(PRODUCT, "cap", "cap"), Change(out, None, None),
        Change(PRODUCT, "cap", "cap", recut=True), Change(out, None, None, recut=True),
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
