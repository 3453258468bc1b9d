"""Logistic regression against what is known of it."""

import numpy as np
import pytest

from training.linear import Scaler, balanced, fit, logits, temperature
from training.screen.heads import Rows, fit_rows, probabilities


def sample(count: int = 300) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(1)
    classes = generator.integers(0, 3, count)
    return (generator.standard_normal((count, 5)) + classes[:, None]).astype(np.float32), classes


def test_no_direction_lowers_the_loss_further() -> None:
    features, classes = sample()
    penalty = 0.01
    layer = fit(features, classes, np.ones(len(classes), np.float32), penalty)
    error = probabilities(logits(layer, features)) - np.eye(3)[classes]
    slope = error.T @ features / len(classes) + penalty * layer.weight.detach().numpy()
    assert np.abs(slope).max() < 1e-3
    assert np.abs(error.mean(axis=0)).max() < 1e-3


def test_the_same_rows_give_the_same_weights() -> None:
    features, classes = sample()
    first, second = (fit(features, classes, balanced(classes, 0.5), 0.1).weight.detach().numpy() for _ in range(2))
    assert np.array_equal(first, second)


def test_scaling_is_folded_into_the_layer() -> None:
    features, classes = sample()
    features = features * np.array([1, 10, 100, 0.01, 1], np.float32) + 5
    scaler = Scaler.of(features)
    scaled = fit(scaler.apply(features), classes, balanced(classes, 0.5), 0.05)
    folded = fit_rows(Rows(features, classes), 0.05)
    assert np.allclose(logits(folded, features), logits(scaled, scaler.apply(features)), atol=1e-3)


def test_a_constant_feature_is_no_division_by_zero() -> None:
    features = np.full((10, 2), 3.0, np.float32)
    assert np.isfinite(Scaler.of(features).apply(features)).all()


def test_balanced_weights_give_every_class_the_same_say() -> None:
    weights = balanced(np.array([0, 0, 0, 1]), 1.0)
    assert weights[:3].sum() == pytest.approx(weights[3])
    assert balanced(np.array([0, 0, 0, 1]), 0.0).tolist() == [1, 1, 1, 1]


def test_temperature_undoes_overconfidence() -> None:
    generator = np.random.default_rng(2)
    true = generator.standard_normal((4000, 3)).astype(np.float32)
    chances = probabilities(true)
    classes = (chances.cumsum(1) > generator.random((4000, 1))).argmax(1)
    assert temperature(true * 3, classes) == pytest.approx(3, rel=0.15)
