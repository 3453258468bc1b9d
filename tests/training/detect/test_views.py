"""What the detector learns from: boxes lie where the garments went."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from training.data.street import Photo
from training.detect import views
from training.detect.views import LARGEST_PATCH, MOST_PATCHES, View, _covered, through, view
from udfs.pictures.detect import CLASSES

SHAPE = (160, 120)
BOX = np.array([0.3, 0.25, 0.7, 0.6], np.float32)


@pytest.fixture
def photo(tmp_path: Path) -> Photo:
    """White with one dark garment that fills its box."""
    pixels = np.full((120, 90, 3), 255, np.uint8)
    left, top, right, bottom = np.round(BOX * [90, 120, 90, 120]).astype(int)
    pixels[top:bottom, left:right] = 10
    path = tmp_path / "photo.png"
    cv2.imwrite(str(path), pixels)
    none = np.zeros((0, 4), np.float32)
    return Photo(path, "test", "test", BOX[None], np.array([2]), none, np.ones(len(CLASSES), bool))


def seen(photo: Photo, seed: int) -> View:
    return view([photo], photo, SHAPE, np.random.default_rng(seed))


@pytest.mark.parametrize("seed", range(12))
def test_each_box_lies_around_its_garment(photo: Photo, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "COVERED", 0.0)
    found = seen(photo, seed)
    dark = np.argwhere(found.pixels.max(axis=2) < 60)
    assert len(found.boxes) in (1, 2, 3, 4)
    for left, top, right, bottom in found.boxes:
        inside = (
            (dark[:, 1] >= left - 6) & (dark[:, 1] < right + 6) & (dark[:, 0] >= top - 6) & (dark[:, 0] < bottom + 6)
        )
        ours = dark[inside]
        assert np.abs(ours.min(axis=0) - [top, left]).max() <= 5
        assert np.abs(ours.max(axis=0) + 1 - [bottom, right]).max() <= 5
    assert found.targets().heat.max() == 1


def test_the_same_dice_show_the_same(photo: Photo) -> None:
    assert np.array_equal(seen(photo, 3).pixels, seen(photo, 3).pixels)
    assert not np.array_equal(seen(photo, 3).pixels, seen(photo, 4).pixels)


def test_boxes_are_mirrored_zoomed_and_not_grown_by_a_turn() -> None:
    boxes = np.array([[10, 20, 30, 60]], np.float32)
    mirrored = through(boxes, np.array([[-2, 0, 100], [0, 2, 0]], np.float32))
    assert mirrored.tolist() == [[40, 40, 80, 120]]
    quarter = through(boxes, np.array([[0, -1, 0], [1, 0, 0]], np.float32))
    assert quarter.tolist() == [[-60, 10, -20, 30]]


def test_patches_cover_a_part_of_some_canvases() -> None:
    canvases = [np.full((160, 120, 3), 77, np.uint8) for _ in range(40)]
    shares = [
        float((_covered(one, np.random.default_rng(seed)) != 77).any(2).mean()) for seed, one in enumerate(canvases)
    ]
    assert 8 < sum(share > 0 for share in shares) < 24
    assert max(shares) < MOST_PATCHES * LARGEST_PATCH**2
