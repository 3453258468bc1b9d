"""The image filter: the same bits in any batch, an answer for any picture."""

from dataclasses import replace

import numpy as np
import pytest

from schemas.tables import SCREEN_CLASSES
from tests.udfs.pictures.promoted import FIRST, model, pictures
from udfs.pictures.screen import Chances, chances, in_doubt, joined, screen
from udfs.runtime.models import Model, ModelError


def test_screen_gives_the_same_bits_in_any_batch() -> None:
    every = screen(pictures(), model("screen"))
    for index in FIRST:
        alone = screen([pictures()[index]], model("screen"))
        assert np.array_equal(alone.probabilities[0], every.probabilities[index])
        assert alone.depicts[0] == every.depicts[index]
        assert alone.depicts_score[0] == every.depicts_score[index]


def test_screen_answers_for_every_picture() -> None:
    found = screen(pictures(), model("screen"))
    assert found.probabilities.shape == (len(pictures()), len(SCREEN_CLASSES))
    assert found.probabilities.dtype == np.float32
    assert np.allclose(found.probabilities.sum(axis=1), 1, atol=1e-5)
    assert ((found.depicts_score > 0) & (found.depicts_score <= 1)).all()
    assert set(found.depicts) <= set(model("screen").description.classes["depicts"])


def test_no_picture_gives_no_answer() -> None:
    found = screen([], model("screen"))
    assert found.probabilities.shape == (0, len(SCREEN_CLASSES))
    assert found.depicts == []


def test_classes_in_another_order_are_refused() -> None:
    other = Model(model("screen").release)
    other.description = replace(other.description, classes={"screen": [*reversed(SCREEN_CLASSES)]})
    with pytest.raises(ModelError, match="classes"):
        screen(pictures()[:1], other)


def by_rule(rule: dict[str, float]) -> Chances:
    """Looks at the pictures with the promoted network, twice where the rule says so."""
    other = Model(model("screen").release)
    other.description = replace(other.description, preprocessing={"side": other.description.side} | rule)
    return chances(pictures(), other)


def test_a_second_look_moves_the_class_alone() -> None:
    once, twice = by_rule({}), by_rule({"again_below": 1.1})
    assert np.array_equal(once.screen, twice.screen)
    assert (once.depicts != twice.depicts).any(axis=1).all()
    assert np.allclose(twice.depicts.sum(axis=1), 1, atol=1e-5)


def test_a_class_in_doubt_is_looked_at_again_where_the_picture_may_be_shown() -> None:
    screened = np.array([[0.9, 0.1], [0.9, 0.1], [0.05, 0.95]], np.float32)
    depicted = np.array([[0.95, 0.05], [0.6, 0.4], [0.6, 0.4]], np.float32)
    doubtful = in_doubt(Chances(screened, depicted), {"again_below": 0.9, "again_wanted": 0.1})
    assert doubtful.tolist() == [False, True, False]
    assert not in_doubt(Chances(screened, depicted), {}).any()


def test_two_looks_that_contradict_each_other_give_probabilities() -> None:
    one, other = np.eye(3, dtype=np.float32)[:2]
    assert np.allclose(joined(np.stack((one, one)), np.stack((one, other))).sum(axis=1), 1)
