"""What the embedding learns from: classes out of words, cuts, and nothing of what is kept out."""

from pathlib import Path

import numpy as np
import pytest

from tests.training.data.test_labelled import folders, write
from training.data.views import View
from training.embed.rows import CHOICE, GARMENTS_SALT, TEST, Material, class_in_words, cuts
from training.screen.train import SALT
from udfs.pictures.detect import Detection

__all__ = ["folders"]  # a fixture of pictures


@pytest.mark.parametrize(
    ("title", "category", "found"),
    [
        ("Chelsea Tee", "Women/Tops/Tees", "top"),
        ("Clark Dress Shirt", "", "top"),
        ("Шапка вязаная", "Шапки", "hat"),
        ("Short sleeve polo", "", "top"),
        ("Shirt and shorts set", "", None),
        ("Belted coat", "", "outerwear"),
        ("Hat with scarf", "", None),
        ("Yoga mat", "Gear Fitness Equipment", None),
    ],
)
def test_words_name_one_class(title: str, category: str, found: str | None) -> None:
    assert class_in_words(title, category) == found


def test_the_surest_box_of_each_class_is_a_cut_and_the_own_class_is_a_view() -> None:
    view = View(Path("a.jpg"), "shop", "shop/1", True)
    box = (0.1, 0.1, 0.9, 0.9)
    seen = [Detection("top", 0.9, box), Detection("top", 0.8, box), Detection("skirt", 0.4, box)]
    rows = cuts([view], [[*seen, Detection("bag", 0.2, box)]], {"shop/1": "skirt"})
    assert [(row.label, row.product) for row in rows] == [("top", None), ("skirt", "shop/1")]
    assert rows[0].weight < rows[1].weight


def test_what_is_kept_out_is_never_learnt_from(folders: list[Path]) -> None:
    write(folders[0] / "products.tsv", "source|product_id|title|category|brand", "luma|a|Red Tee||", "luma|b|Cap||")
    material = Material.of(folders, 0)
    assert {view.source for view in material.views} == {"luma"}
    assert not material.learnable(frozenset(("luma",)))
    assert len(material.learnable(frozenset())) == 3
    assert [picture.label for picture in material.garments] == ["top", "hat"]
    assert material.held_back_garments().dtype == np.bool_
    assert not TEST & CHOICE
    assert GARMENTS_SALT == SALT, "the same senders are kept out of both models"
