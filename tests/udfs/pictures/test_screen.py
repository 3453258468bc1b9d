"""The image filter: the same bits in any batch, an answer for any picture."""

from dataclasses import replace

import numpy as np
import pytest

from schemas.tables import SCREEN_CLASSES
from tests.udfs.pictures.promoted import FIRST, model, pictures
from udfs.pictures.screen import screen
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
    other = Model(model("screen").folder)
    other.description = replace(other.description, classes={"screen": [*reversed(SCREEN_CLASSES)]})
    with pytest.raises(ModelError, match="classes"):
        screen(pictures()[:1], other)
