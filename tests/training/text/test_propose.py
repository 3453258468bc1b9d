"""Figures of proposals, and the function that weighs them, on categories whose truth is plain."""

from dataclasses import replace

import pytest

from tests.udfs.rules.mappings import TAXONOMY
from training.text.propose import Judged, Labelled, covered_at, judged, weigh, with_neighbours
from udfs.rules.proposal import Evidence, propose

ROW = Judged("en", "a", 10, 0.9, 1.0)


def test_covered_share_at_a_precision_counts_products_and_keeps_ties_together() -> None:
    rows = [replace(ROW, products=98), replace(ROW, products=2, right=0.0, probability=0.5), replace(ROW, products=0)]
    assert covered_at(rows, 0.98) == 1
    assert covered_at(rows, 0.99) == 0.98
    assert covered_at([ROW, replace(ROW, right=0.0)], 0.98) == 0
    assert covered_at([]) == 0


def categories() -> list[Labelled]:
    found = []
    for shop in ("a", "b", "c"):
        for leaf, other in (("skirt", "dress"), ("hat", "cap"), ("boots", "sandals"), ("dress", "skirt")):
            evidence = Evidence(20, {leaf: 0.9, other: 0.1}, {leaf: 1.0}, {leaf: 0.9, other: 0.05})
            found.append(Labelled(shop, "en", ("Shop", leaf), {leaf: 1.0}, evidence))
    return found


def test_the_function_prefers_what_was_right() -> None:
    weights = weigh(categories())
    first, second = propose(categories()[0].evidence, TAXONOMY, weights)[:2]
    assert (first.leaf, second.leaf) == ("skirt", "dress")
    assert first.probability > 0.6 > second.probability


def test_what_is_right_for_half_of_the_products_is_half_as_sure() -> None:
    mixed = [replace(category, shares={leaf: 0.5, "coat": 0.5}) for category in categories()
             for leaf in category.shares]  # fmt: skip
    first = propose(categories()[0].evidence, TAXONOMY, weigh(mixed))[0]
    assert first.probability == pytest.approx(0.5, abs=0.1)
    assert mixed[0].leaf is None


def test_a_category_of_an_unknown_leaf_says_nothing_of_others() -> None:
    unknown = [replace(category, shares={"ambiguous": 1.0}) if category.shop != "a" else category
               for category in categories()]  # fmt: skip
    assert unknown[-1].leaf is None
    assert with_neighbours(unknown, TAXONOMY)[0].evidence.rules == {}


def test_a_shop_is_judged_without_its_own_categories() -> None:
    shown = with_neighbours(categories(), TAXONOMY)
    assert shown[0].evidence.rules == {"skirt": 2}, "the two other shops say it, its own label does not"
    rows = judged(shown, TAXONOMY)
    assert [row.right for row in rows] == [1.0] * len(rows)
    assert sum(row.products for row in rows) == pytest.approx(240)
