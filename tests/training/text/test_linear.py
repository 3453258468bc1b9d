"""Softmax regression over sparse rows."""

import numpy as np
from scipy.sparse import csr_matrix

from training.text.linear import Fit, Lesson, fitted, softmax


def lesson(rows: int = 300) -> Lesson:
    """Three answers, each told by a feature of its own among ten that say nothing."""
    draw = np.random.default_rng(1)
    answer = draw.integers(3, size=rows)
    values = (draw.random((rows, 13)) < 0.3).astype(np.float32)
    values[:, :3] = np.eye(3)[answer]
    return Lesson(
        csr_matrix(values), np.eye(3, dtype=np.float32)[answer], np.ones(rows, np.float32), np.zeros(13, np.int8)
    )


def test_learns_what_the_features_tell() -> None:
    told = lesson()
    weights = fitted(told, Fit(epochs=20, batch=32))
    answered = (told.rows @ weights[:-1] + weights[-1]).argmax(axis=1)
    assert (answered == told.target.argmax(axis=1)).all()


def test_the_same_seed_gives_the_same_weights() -> None:
    assert np.array_equal(fitted(lesson(), Fit(epochs=2)), fitted(lesson(), Fit(epochs=2)))
    assert not np.array_equal(fitted(lesson(), Fit(epochs=2)), fitted(lesson(), Fit(epochs=2, seed=8)))


def test_a_row_without_weight_teaches_nothing() -> None:
    told = lesson()
    wrong = Lesson(told.rows, told.target[:, [1, 2, 0]], np.zeros(300, np.float32), told.kinds)
    assert not fitted(wrong, Fit(epochs=2, decay=0)).any()


def test_softmax_of_large_scores() -> None:
    assert np.allclose(softmax(np.array([[1e4, 0.0], [0.0, 0.0]])), [[1, 0], [0.5, 0.5]])
