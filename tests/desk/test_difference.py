"""Products gained, lost and moved, and those that a category alone does not bring in."""

from dataclasses import replace

import pytest

from desk.difference import Change, difference
from desk.shop import Product
from desk.what_if import parsed
from schemas.errors import WrongInput
from schemas.settings import ChoiceSettings

PRODUCT = Product("shop:1", "Hat", ("Hats",))


def test_each_product_is_told_once() -> None:
    out = replace(PRODUCT, refused="no_category")
    bare = replace(PRODUCT, refused="no_picture_left")
    found = difference([
        Change(out, None, "hat"), Change(bare, None, "hat"), Change(PRODUCT, "cap", "hat"),
        Change(PRODUCT, "cap", None), Change(PRODUCT, "cap", "cap"), Change(out, None, None),
    ])  # fmt: skip
    assert {name: len(changes) for name, changes in found.parts} == {"gained": 1, "lost": 1, "moved": 1, "still out": 1}
    assert not difference([Change(PRODUCT, "cap", "cap")]).any


@pytest.mark.parametrize("move", ["text", "text=", "text=2", "text=x", "colour=0.5", "=0.5"])
def test_a_wrong_threshold_is_one_line(move: str) -> None:
    with pytest.raises(WrongInput, match="must be NAME=VALUE"):
        parsed(ChoiceSettings(), move)
    assert parsed(ChoiceSettings(), "choice.text=0.7").text == 0.7
