"""Text, picture and boxes as one probability."""

import math
from typing import Any

import pytest

from tests.udfs.rules.choosing import box
from tests.udfs.rules.mappings import TAXONOMY
from udfs.rules.joined import FEATURES, Case, Weights, around, best_boxes

LEAVES = [("sneakers", 0.78), ("boots", 0.1), ("cap", 0.02)]


def seen(depicts: str | None = None, score: float | None = None, *boxes: dict[str, Any]) -> dict[str, Any]:
    return {"depicts": depicts, "depicts_score": score, "boxes": list(boxes)}


def case(*pictures: dict[str, Any], leaves: list[tuple[str, float]] = LEAVES) -> Case:
    return Case(leaves, pictures, TAXONOMY)


def found(*pictures: dict[str, Any], leaves: list[tuple[str, float]] = LEAVES, least: float = 0.4) -> str:
    return case(*pictures, leaves=leaves).likeliest(least)


def test_a_title_that_is_nearly_sure_outweighs_a_picture_that_is_not() -> None:
    assert found(seen("hat", 0.6)) == "sneakers"


def test_a_sure_picture_outweighs_a_title_that_is_not() -> None:
    unsure = [("cap", 0.2), ("boots", 0.1)]
    assert found(seen("dress", 0.99, box("dress", 0.9)), leaves=unsure) == "dress"


def test_a_picture_chooses_among_what_the_text_names() -> None:
    torn = [("skirt", 0.4), ("dress", 0.35)]
    assert found(seen("dress", 0.9), leaves=torn) == "dress"
    assert found(seen("skirt", 0.9), leaves=torn) == "skirt"


def test_boxes_count_too() -> None:
    torn = [("skirt", 0.4), ("dress", 0.4)]
    assert found(seen("dress", 0.2, box("dress", 0.9)), leaves=torn) == "dress"
    assert found(seen("dress", 0.2, box("skirt", 0.9)), leaves=torn) == "skirt"


def test_a_text_may_be_missing_or_know_no_word() -> None:
    assert found(seen("shoes", 0.9), leaves=[]) == "shoes"
    assert found(seen(None, None, box("shoes", 0.9)), leaves=[]) == "shoes"
    assert found(seen("shoes", 0.9), leaves=[("out_of_scope", 0.7), ("lost_leaf", 0.2), ("umbrella", 0.04)]) == "shoes"


def test_what_lies_beneath_a_category_does_not_show_it() -> None:
    unknown = [("out_of_scope", 0.7), ("kimono", 0.04)]
    assert "shoes" in TAXONOMY.image_classes("kimono"), "its sandals are"
    assert found(seen("shoes", 0.9), leaves=unknown) == "shoes"


def test_a_leaf_that_is_not_likely_enough_gives_way_to_its_class() -> None:
    torn = [("sneakers", 0.3), ("boots", 0.3), ("loafers", 0.2)]
    assert found(seen("shoes", 0.95), leaves=torn, least=0.6) == "shoes"
    assert found(seen("shoes", 0.95), leaves=torn, least=0.0) == "boots", "the first by name of two that are equal"


def test_probabilities_add_up_and_broken_scores_are_no_evidence() -> None:
    broken = [box("hat", math.nan), box("hat") | {"score": None}, box("hat", math.inf)]
    assert best_boxes(seen(None, None, *broken)) == {}
    for pictures in ((), (seen("shoes", 1.0, *broken),), (seen("shoes", 0.0), seen("hat", None))):
        chances = case(*pictures).chances(Weights.released())
        assert sum(chances) == pytest.approx(1)
        assert all(0 <= chance <= 1 for chance in chances)


def test_several_pictures_of_a_product_are_no_evidence_apart() -> None:
    one, two = case(seen("hat", 0.9)), case(seen("hat", 0.9), seen("hat", 0.9))
    assert one.chances(Weights.released()) == pytest.approx(two.chances(Weights.released()))


def test_the_class_of_a_picture_lies_around_a_category() -> None:
    nodes = ("t_shirt", "top", "sunglasses", "pajamas", "one_piece_swimsuit", "biker_jacket")
    assert [around(node, TAXONOMY) for node in nodes] == [
        "top", "top", "eyewear", "nightwear", "swimwear", "outerwear",
    ]  # fmt: skip


def test_the_released_weights_name_every_number() -> None:
    assert set(Weights.released().coefficients) == set(FEATURES)
