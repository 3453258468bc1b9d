"""What speaks for a category raises its proposal, and what speaks against it lowers it."""

from dataclasses import replace

import pytest

from tests.udfs.rules.mappings import TAXONOMY
from udfs.rules.proposal import OUT_OF_SCOPE, Evidence, Names, Rules, propose, surest, text_evidence

BASE = Evidence(products=20, text={"skirt": 0.8, "dress": 0.1}, best={"skirt": 0.9, "dress": 0.1})


def chance(evidence: Evidence, leaf: str = "skirt") -> float:
    return next((p.probability for p in propose(evidence, TAXONOMY) if p.leaf == leaf), 0.0)


@pytest.mark.parametrize(
    ("more", "rises"),
    [
        ({"name": {"skirt": 0.97}}, True),
        ({"named": frozenset({"skirt"})}, True),
        ({"rules": {"skirt": 3}}, True),
        ({"shown": {"skirt": 1.0}}, True),
        ({"shown": {"shoes": 1.0}}, False),
        ({"rules": {"dress": 3}}, False),
        ({"text": {"skirt": 0.3, "dress": 0.6}, "best": {"skirt": 0.3, "dress": 0.7}}, False),
    ],
)
def test_evidence_moves_the_probability(more: dict[str, object], rises: bool) -> None:
    with_it, without = chance(replace(BASE, **more)), chance(BASE)  # type: ignore[arg-type]
    assert with_it > without if rises else with_it < without


def test_goods_that_are_no_garment_are_proposed_to_ignore() -> None:
    first = propose(Evidence(9, {OUT_OF_SCOPE: 0.99}, {OUT_OF_SCOPE: 1.0}, {OUT_OF_SCOPE: 0.99}), TAXONOMY)[0]
    assert (first.leaf, first.probability > 0.9) == (OUT_OF_SCOPE, True)


def test_nothing_is_proposed_of_nothing_and_no_node_that_the_taxonomy_lost() -> None:
    assert propose(Evidence(3), TAXONOMY) == []
    assert [p.leaf for p in propose(Evidence(3, rules={"lost_node": 5, "hat": 1}), TAXONOMY)] == ["hat"]


def test_names_of_every_language_and_misspelt_ones_of_rules() -> None:
    names = Names(TAXONOMY)
    assert names.named("ЮБКИ") == names.named("Skirts") == {"skirt"}
    assert "t_shirt" in names.named("カットソー")
    rules = Rules([])
    rules.add("Кроссовки", "sneakers")
    assert rules.like("кросовки") == {"sneakers": 1}
    assert rules.like("сумки") == {}


def test_texts_are_averaged_over_all_products() -> None:
    text, first = text_evidence([(("skirt", 0.8),), (("dress", 0.6), ("skirt", 0.4)), ()])
    assert text["skirt"] == pytest.approx(0.4)
    assert first == {"skirt": pytest.approx(1 / 3), "dress": pytest.approx(1 / 3)}


def test_the_surest_rules_are_taken_while_all_of_them_are_right_often_enough() -> None:
    rules = [(0.9, 10), (0.99, 100), (0.95, 100), (1.0, 50)]
    assert surest(rules, 0.98) == {1, 3}
    assert surest(rules, 0.975) == {1, 2, 3}
    assert surest(rules, 1.0) == {3}
    assert surest([], 0.98) == set()
