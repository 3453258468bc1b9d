"""Colours: the ground is left out, near colours share cells, and a crop of ground alone still has colours."""

import numpy as np
import pytest
import torch

from training.embed.colours import Colours, shown_part, srgb_to_lab

COLOURS = Colours()
RED, BLUE = (200, 30, 40), (40, 30, 200)


def crop(ground: tuple[int, int, int], garment: tuple[int, int, int]) -> np.ndarray:
    pixels = np.full((224, 224, 3), ground, np.uint8)
    pixels[48:176, 64:160] = garment
    return pixels


def shown(*crops: np.ndarray) -> np.ndarray:
    with torch.no_grad():
        both = COLOURS(torch.from_numpy(np.stack(crops))).numpy()
    found = both[:, : both.shape[1] // 2]
    return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True))


def test_white_ground_does_not_count_and_coloured_ground_does() -> None:
    white, grey, green = (shown(crop(ground, RED))[0] for ground in ((255,) * 3, (240,) * 3, (20, 160, 60)))
    assert white @ grey > 0.999
    assert white @ green < 0.8


def test_a_bright_garment_that_the_ground_does_not_reach_counts() -> None:
    ringed = crop((255, 255, 255), (30, 30, 30))
    ringed[80:140, 90:130] = 255
    part = shown_part(torch.from_numpy(ringed[::4, ::4]).permute(2, 0, 1)[None].float())[0].view(56, 56)
    assert part[28, 28] == 1
    assert part[2, 2] == 0


@pytest.mark.parametrize("value", [0, 127, 255])
def test_a_crop_of_one_grey_has_a_colour(value: int) -> None:
    found = shown(np.full((224, 224, 3), value, np.uint8))[0]
    assert np.isfinite(found).all()
    assert found.max() > 0.3


def test_near_colours_are_alike_and_far_ones_are_not() -> None:
    red, near, blue = shown(*(crop((255, 255, 255), colour) for colour in (RED, (206, 34, 44), BLUE)))
    assert red @ near > 0.9
    assert red @ blue < 0.05


def test_lab_of_known_colours() -> None:
    found = srgb_to_lab(torch.tensor([[1.0, 1.0, 1.0], [1.0, 0.0, 0.0]])).numpy()
    assert found == pytest.approx(np.array([[100, 0, 0], [53.2, 80.1, 67.2]]), abs=0.2)
