"""Pixels on their way to a network: shapes that no one sends on purpose included."""

import numpy as np
import pytest

from udfs.pictures.crops import crop
from udfs.pictures.preprocess import PAD, letterbox, resize, squeeze

SHAPES = [(1, 1), (1, 5000), (5000, 1), (3, 2), (320, 320), (641, 333)]


def noise(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(height * 7919 + width).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize(("height", "width"), SHAPES)
def test_every_shape_fits_its_canvas(height: int, width: int) -> None:
    picture = noise(height, width)
    canvas, placement = letterbox(picture, 64)
    assert canvas.shape == squeeze(picture, 64).shape == (64, 64, 3)
    assert canvas.dtype == np.uint8
    assert 1 <= placement.width <= 64
    assert 1 <= placement.height <= 64
    assert max(placement.width, placement.height) == 64
    outside = np.ones((64, 64), bool)
    rows = slice(placement.top, placement.top + placement.height)
    outside[rows, placement.left : placement.left + placement.width] = False
    assert (canvas[outside] == PAD).all()


def test_shrinking_takes_the_mean_of_an_area() -> None:
    picture = noise(8, 8)
    expected = picture.reshape(2, 4, 2, 4, 3).astype(float).mean(axis=(1, 3))
    assert np.abs(resize(picture, 2, 2).astype(float) - expected).max() <= 0.5


def test_a_canvas_of_the_same_size_changes_nothing() -> None:
    picture = noise(32, 32)
    assert np.array_equal(letterbox(picture, 32)[0], picture)


@pytest.mark.parametrize(
    "box",
    [
        (0.2, 0.2, 0.6, 0.9),
        (0, 0, 1, 1),
        (-3, -3, 9, 9),
        (0.5, 0.5, 0.5, 0.5),
        (0.9, 0.9, 0.1, 0.1),
        (2, 2, 3, 3),
        (float("nan"), 0, 1, float("inf")),
    ],
)
@pytest.mark.parametrize(("height", "width"), SHAPES)
def test_every_box_gives_a_crop(box: tuple[float, ...], height: int, width: int) -> None:
    assert crop(noise(height, width), box, 224).shape == (224, 224, 3)


def test_a_crop_holds_the_box_and_a_small_margin() -> None:
    picture = np.zeros((100, 100, 3), np.uint8)
    picture[20:60, 30:70] = 255
    inside = crop(picture, (0.3, 0.2, 0.7, 0.6), 224)
    assert inside[20:-20, 20:-20].min() == 255
    assert inside[0].max() == inside[-1].max() == inside[:, 0].max() == 0
    assert 0.8 < (inside > 0).mean() < 1
