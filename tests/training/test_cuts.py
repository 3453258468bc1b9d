"""Garments cut out of street photos: which are taken, and what of the photo."""

from pathlib import Path

import numpy as np
from PIL import Image

from training.cuts import MARGIN, MOST_OF_A_CLASS, Cut, largest_cuts
from training.street import Photo
from udfs.pictures.detect import CLASSES


def photo(path: Path, *boxes: tuple[str, float]) -> Photo:
    """Boxes of a class, as wide and high as stated."""
    corners = np.array([[0.0, 0.0, side, side] for _, side in boxes], np.float32).reshape(-1, 4)
    classes = np.array([CLASSES.index(name) for name, _ in boxes], np.int64)
    return Photo(path, "s", "g", corners, classes, np.zeros((0, 4), np.float32), np.ones(len(CLASSES), bool))


def test_the_largest_garments_that_are_worn_are_taken() -> None:
    many = photo(Path("a"), *(("dress", 0.2 + at / 1000) for at in range(MOST_OF_A_CLASS + 5)))
    cuts = largest_cuts([many, photo(Path("b"), ("bag", 0.9), ("skirt", 0.05), ("skirt", 0.5))])
    dresses = [cut for cut in cuts if cut.label == "dress"]
    assert len(dresses) == MOST_OF_A_CLASS
    assert min(cut.box[2] for cut in dresses) > 0.2049
    assert [cut.label for cut in cuts if cut.path == Path("b")] == ["skirt"], "no bag, and nothing as small as a blur"


def test_a_cut_is_the_box_and_a_margin_within_the_photo(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    pixels = np.arange(100, dtype=np.uint8)[:, None].repeat(200, 1)
    Image.fromarray(pixels).convert("RGB").save(path)
    cut = Cut(path, (0.5, 0.25, 1.0, 0.75), "top").read()
    assert cut.shape == (50 + 2 * round(MARGIN * 50), 100 + round(MARGIN * 100), 3)
    assert cut[0, 0, 0] == 25 - round(MARGIN * 50)
