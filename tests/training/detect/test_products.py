"""Single garments get the box of their outline; what is worn with others, or held back, is not learnt."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from training.data.split import Part, part_of
from training.detect.products import GARMENTS_SALT, box_of, is_worn, read_products
from udfs.pictures.detect import CLASSES, Detection
from udfs.pictures.preprocess import Placement
from udfs.runtime.models import load, promoted

SIDE = 64
WHOLE = Placement(0, 0, SIDE, SIDE)
BOX = np.array([0.25, 0.25, 0.75, 0.75], np.float32)


def test_the_box_lies_around_the_outline_in_shares_of_the_picture() -> None:
    outline = np.zeros((16, 16), np.float32)
    outline[4:12, 6:10] = 1
    upright = Placement(16, 0, 32, SIDE)
    assert box_of(outline, upright, SIDE) == pytest.approx([0.25, 0.25, 0.75, 0.75], abs=0.02)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_an_outline_of_nothing_or_everything_gives_no_box(share: float) -> None:
    assert box_of(np.full((16, 16), share, np.float32), WHOLE, SIDE) is None


@pytest.mark.parametrize(
    ("name", "score", "box", "worn"),
    [
        ("trousers", 0.9, (0.3, 0.7, 0.7, 1.0), True),
        ("trousers", 0.2, (0.3, 0.7, 0.7, 1.0), False),
        ("outerwear", 0.9, (0.25, 0.25, 0.75, 0.7), False),
        ("top", 0.9, (0.4, 0.4, 0.5, 0.5), False),
    ],
)
def test_another_garment_beside_it_says_that_it_is_worn(
    name: str, score: float, box: tuple[float, float, float, float], worn: bool
) -> None:
    assert is_worn(BOX, "top", [Detection(name, score, box)]) is worn


def test_a_flat_garment_of_a_sender_who_may_be_learnt_is_read(tmp_path: Path) -> None:
    senders = [str(number) for number in range(12)]
    learnt = [one for one in senders if part_of(f"sender/{one}", GARMENTS_SALT) is Part.TRAIN]
    assert 0 < len(learnt) < len(senders)
    pixels = np.full((120, 90, 3), 250, np.uint8)
    cv2.fillPoly(
        pixels, [np.array([[20, 30], [70, 30], [80, 55], [68, 58], [68, 100], [22, 100], [22, 58], [10, 55]])], 40
    )
    (tmp_path / "images").mkdir()
    for one in senders:
        cv2.imwrite(str(tmp_path / "images" / f"{one}.png"), pixels)
    rows = [f"{one}.png\ttop\t{one}" for one in senders] + [f"{learnt[0]}.png\tbelt\t{learnt[0]}"]
    (tmp_path / "index.tsv").write_text("\n".join(["file\tclass\tsender", *rows]) + "\n")
    models = Path(__file__).parents[3] / "models"
    found = read_products([tmp_path], load(promoted("screen", models)), load(promoted("detect", models)))
    assert {photo.path.stem for photo in found} == set(learnt)
    assert all(photo.classes.tolist() == [CLASSES.index("top")] for photo in found)
    assert found[0].boxes[0] == pytest.approx([10 / 90, 30 / 120, 80 / 90, 100 / 120], abs=0.06)
