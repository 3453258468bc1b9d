"""Probabilities that mean what they say."""

import numpy as np
import pytest

from training.text.calibrate import calibration_error, certainty, doubt, reliability, surest, temperature, threshold


def test_too_certain_scores_get_a_temperature_above_one() -> None:
    scores = np.tile([2.0, 0.0], (1000, 1))
    true = np.array([0] * 700 + [1] * 300)
    found = temperature(scores, true, np.ones(1000))
    chance = 1 / (1 + np.exp(-2 / found))
    assert chance == pytest.approx(0.7, abs=0.02)


def test_the_surest_lead_by_most() -> None:
    scores = np.array([[0.0, 9.0, 8.5]] * 3 + [[1.0, 3.0, 0.0]] * 17)
    assert set(surest(scores).tolist()) == set(range(3, 20))


def test_doubtful_rows_that_err_are_divided_until_the_surest_do_not() -> None:
    scores = np.array([[4.0, 0.0]] * 80 + [[5.6, 0.0]] * 20)
    true = np.array([0] * 90 + [1] * 10)
    assert doubt(scores, true, np.arange(100) >= 80) == 1.5
    assert doubt(scores, np.zeros(100, int), np.arange(100) >= 80) == 1.0


def test_certainty_moves_what_is_said_to_what_is_right_and_keeps_the_order() -> None:
    draw = np.random.default_rng(5)
    said = draw.random(20_000)
    right = draw.random(20_000) < np.sqrt(said)
    knots = certainty(said, right, np.ones(20_000))
    assert all(np.diff(line).min() > 0 for line in knots)
    assert np.interp([0.1, 0.5, 0.9], *knots) == pytest.approx(np.sqrt([0.1, 0.5, 0.9]), abs=0.04)


def test_threshold_is_the_lowest_that_holds() -> None:
    probability = np.linspace(1, 0, 1000)
    right = np.arange(1000) < 900
    bound, answered = threshold(probability, right) or (0.0, 0.0)
    assert answered == pytest.approx(900 / 0.995 / 1000, abs=0.002)
    assert right[probability >= bound].mean() >= 0.995


def test_no_threshold_where_the_surest_are_wrong() -> None:
    assert threshold(np.linspace(1, 0, 100), np.zeros(100, bool)) is None


def test_reliability_counts_every_row_once() -> None:
    table = reliability(np.array([0.1, 0.99, 1.0, 0.5]), np.array([False, True, True, True]))
    assert sum(band["rows"] for band in table) == 4
    assert calibration_error(reliability(np.full(10, 0.8), np.arange(10) < 8)) == pytest.approx(0)
