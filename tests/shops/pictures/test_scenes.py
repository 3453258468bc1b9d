import random

import numpy as np
import pytest

from shops.looks import drawn_look
from shops.pictures.details import close_up, texture
from shops.pictures.fabrics import COLOURS
from shops.pictures.geometry import points, smooth
from shops.pictures.repeats import KINDS, reframed, repeat
from shops.pictures.scenes import laid_flat, on_hanger, worn
from shops.pictures.tailor import Look
from shops.pictures.wardrobe import CLASS_OF

RED_COAT = Look("coat", "outerwear", "red", "black", "plain", "plain", 4)
BLUE_SHORTS = Look("shorts", "shorts", "blue", "black", "plain", "plain", 4)
GREEN_TOP = Look("t_shirt", "top", "green", "black", "plain", "plain", 4)
BLACK_SHOES = Look("loafers", "shoes", "black", "black", "plain", "plain", 4)


@pytest.mark.parametrize("leaf", CLASS_OF)
def test_every_garment_can_be_laid_flat_and_is_on_the_picture(leaf: str) -> None:
    dice = random.Random(leaf)
    scene = laid_flat(drawn_look(dice, leaf), dice)
    ((left, top, right, bottom),) = [seen.box for seen in scene.seen]

    assert scene.picture.dtype == np.uint8 and scene.picture.shape[2] == 3
    assert max(right - left, bottom - top) > 0.6
    assert 0 <= left < right <= 1 and 0 <= top < bottom <= 1


def test_a_garment_has_the_colour_of_its_look() -> None:
    for scene in (laid_flat(RED_COAT, random.Random(1)), on_hanger(RED_COAT, random.Random(2))):
        left, top, right, bottom = scene.seen[0].box
        height, width = scene.picture.shape[:2]
        y, x = int((top + bottom) / 2 * height), int(((left + right) / 2 + 0.06) * width)
        around = scene.picture[y - 6 : y + 6, x - 6 : x + 6].reshape(-1, 3).mean(0)
        assert np.abs(around - COLOURS["red"]).max() < 60


def test_a_figure_shows_each_garment_where_it_is_worn() -> None:
    scene = worn((GREEN_TOP, BLUE_SHORTS, BLACK_SHOES), random.Random(5), whole=True)
    boxes = {seen.look.garment_class: seen.box for seen in scene.seen}

    assert set(boxes) == {"top", "shorts", "shoes"}
    assert boxes["top"][1] < boxes["shorts"][1] < boxes["shoes"][1]
    assert boxes["shoes"][3] > 0.9


def test_what_a_coat_hides_is_not_seen() -> None:
    scene = worn((RED_COAT, GREEN_TOP, BLUE_SHORTS, BLACK_SHOES), random.Random(5), whole=True)

    assert {seen.look.garment_class for seen in scene.seen} == {"outerwear", "shoes"}


def test_the_same_chance_gives_the_same_pixels() -> None:
    one, two = (worn((GREEN_TOP, BLUE_SHORTS), random.Random(9)).picture for _ in range(2))

    assert np.array_equal(one, two)


def test_details_fill_the_picture() -> None:
    for seed in range(6):
        near = close_up(RED_COAT, random.Random(seed)).astype(int)
        assert (near[..., 0] - near[..., 1] > 40).mean() > 0.4
    assert texture(RED_COAT, random.Random(1)).std(axis=(0, 1)).max() < 40


@pytest.mark.parametrize("kind", KINDS)
def test_boxes_follow_a_repeat(kind: str) -> None:
    picture = np.full((200, 100, 3), 255, np.uint8)
    picture[60:140, 20:60] = 0
    copied, frame = repeat(picture, kind, "shop", random.Random(3))
    left, top, right, bottom = reframed((0.2, 0.3, 0.6, 0.7), frame)

    dark = copied[..., 0] < 100
    rows, columns = np.flatnonzero(dark.any(1)), np.flatnonzero(dark.any(0))
    height, width = dark.shape
    assert (columns[0] / width, rows[0] / height) == pytest.approx((left, top), abs=0.02)
    assert ((columns[-1] + 1) / width, (rows[-1] + 1) / height) == pytest.approx((right, bottom), abs=0.02)


def test_a_point_given_twice_is_a_corner() -> None:
    curve = smooth(points((0, 0), (0, 0), (1, 0), (1, 0), (1, 1), (1, 1)))

    assert curve.min() >= -1e-6 and curve.max() <= 1 + 1e-6
