"""Figures of vectors on cases that can be counted by hand."""

import numpy as np
import pytest

from training.embed.measures import clustered, gains, ndcg, nearest_others, precision, rank_of_own


def on_a_circle(*degrees: float) -> np.ndarray:
    turned = np.radians(np.array(degrees))
    return np.stack((np.cos(turned), np.sin(turned)), axis=1)


def test_a_garment_is_not_its_own_neighbour() -> None:
    nearest = nearest_others(on_a_circle(0, 1, 3, 90, 92, 95, 180))
    assert nearest[0].tolist() == [1, 2, 3, 4, 5]
    assert all(row not in found for row, found in enumerate(nearest.tolist()))


def test_precision_counts_neighbours_of_the_same_label() -> None:
    assert precision(np.array([[1, 2], [0, 2], [1, 0]]), np.array(["a", "a", "b"])).tolist() == [0.5, 0.5, 0.0]


def test_ndcg_is_one_in_the_best_order_and_less_in_a_worse_one() -> None:
    classes, colours = np.array(["top", "top", "top", "bag"]), np.array(["red", "red", "", ""])
    best, worse = np.array([[1, 2], [0, 2], [0, 1], [0, 1]]), np.array([[2, 1], [2, 0], [0, 1], [0, 1]])
    assert gains(best, classes, colours).tolist() == [[2, 1], [2, 1], [1, 1], [0, 0]]
    assert ndcg(best, classes, colours)[:3].tolist() == pytest.approx([1, 1, 1])
    assert ndcg(best, classes, colours)[3] == 0, "the only bag has nothing of its kind"
    assert ndcg(worse, classes, colours)[0] == pytest.approx((1 + 2 / np.log2(3)) / (2 + 1 / np.log2(3)))


def test_intervals_are_over_groups_not_over_rows() -> None:
    hits = np.repeat([1.0, 0.0, 1.0, 0.0], 50)
    alone = clustered(hits, [str(row) for row in range(200)])
    grouped = clustered(hits, [str(row // 50) for row in range(200)])
    assert alone["value"] == grouped["value"] == 0.5
    assert alone["high"] - alone["low"] < 0.2 < grouped["high"] - grouped["low"]
    assert clustered(np.zeros(0), [])["value"] is None


def test_another_photo_of_the_own_product_is_no_miss() -> None:
    likeness = np.array([[0.9, 0.8, 0.7], [0.1, 0.5, 0.9]])
    own = np.array([[True, True, False], [True, False, False]])
    assert rank_of_own(likeness, own).tolist() == [0, 2]
