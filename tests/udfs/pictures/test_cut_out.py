"""What is cut out fills the canvas, whatever the picture's shape."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from udfs.pictures.cut_out import PALE, cut_out
from udfs.pictures.preprocess import letterbox

SIDE, RED, GREEN = 96, (200, 10, 10), (10, 150, 10)


def picture(width: int, height: int, box: tuple[int, int, int, int]) -> np.ndarray:
    """A red garment in `box` (left, top, right, bottom) on a green meadow."""
    pixels = np.full((height, width, 3), GREEN, np.uint8)
    left, top, right, bottom = box
    pixels[top:bottom, left:right] = RED
    return pixels


def outline_of(pixels: np.ndarray, side: int) -> np.ndarray:
    """Where the letterboxed picture is red."""
    red = letterbox(pixels, SIDE)[0][:, :, 1] < 40
    step = SIDE // side
    return red.reshape(side, step, side, step).mean((1, 3)).astype(np.float32)


@pytest.mark.parametrize("size", [(400, 200), (200, 400), (96, 96), (30, 60)])
def test_the_garment_fills_the_canvas_and_its_background_is_pale(size: tuple[int, int]) -> None:
    width, height = size
    box = (width // 4, height // 4, width // 2, height // 2)
    pixels = picture(width, height, box)
    canvas = cut_out(pixels, outline_of(pixels, SIDE // 2), SIDE).astype(int)
    red = np.abs(canvas - RED).max(axis=2) < 60
    assert max(red.any(axis=1).mean(), red.any(axis=0).mean()) > 0.8
    green = np.abs(canvas - GREEN).max(axis=2) < 60
    assert green.mean() < 0.02
    assert (canvas[0, 0] == PALE).all()


def test_a_picture_without_a_subject_stays_whole() -> None:
    pixels = picture(60, 80, (0, 0, 0, 0))
    assert np.array_equal(cut_out(pixels, np.zeros((12, 12), np.float32), SIDE), letterbox(pixels, SIDE)[0])


@given(st.integers(1, 400), st.integers(1, 400), st.tuples(*[st.integers(0, 11)] * 2), st.floats(0, 1))
def test_any_shape_and_outline_give_a_canvas(width: int, height: int, corner: tuple[int, int], inside: float) -> None:
    outline = np.zeros((12, 12), np.float32)
    outline[corner[0] :, corner[1] :] = inside
    canvas = cut_out(np.full((height, width, 3), 7, np.uint8), outline, SIDE)
    assert canvas.shape == (SIDE, SIDE, 3) and canvas.dtype == np.uint8


def test_a_strip_of_one_pixel_is_cut_out() -> None:
    canvas = cut_out(np.full((1, 20_000, 3), 7, np.uint8), np.ones((12, 12), np.float32), SIDE)
    assert canvas.shape == (SIDE, SIDE, 3)
