"""Words of the type are out of the titles, brands stay whole, and two witnesses are weighed by what they are worth."""

from pathlib import Path

import numpy as np

from training.data.labelled import Picture
from training.text_and_picture import (
    FOLDS,
    Pictured,
    Product,
    answered,
    catalogue,
    figures,
    joined,
    markdown,
    settled,
    weights_of,
)

LEAVES = ("shirt", "dress")


def pictured(count: int) -> list[Pictured]:
    """Products of many brands whose titles say nothing of their leaf."""
    made = []
    for number in range(count):
        leaf = LEAVES[number % 2]
        item = Product(str(number), "t", f"navy blue {number % 7} casual", f"brand {number // 4}", leaf)
        made.append(Pictured(item, Picture(Path(f"fp_{number}.jpg"), "top", "g", "s")))
    return made


def test_a_catalogue_loses_the_words_that_name_the_type(tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_text(
        "id,gender,articleType,productDisplayName,brand\n7,Men,Shirts,Turtle Check Men Navy Shirt,Turtle\n"
    )
    (found,) = catalogue(tmp_path)
    assert (found.number, found.leaf, found.brand) == ("7", "shirt", "Turtle")
    assert found.told == "turtle check men navy"


def test_only_leaves_with_enough_pictures_are_asked() -> None:
    rows = pictured(44)
    items = [row.product for row in rows] + [Product("900", "t", "t", "b", "hat")]
    pictures = [row.picture for row in rows] + [Picture(Path("fp_900.jpg"), "hat", "g", "s")]
    assert {row.product.leaf for row in joined(items, pictures)} == set(LEAVES)


def test_the_picture_decides_where_the_title_says_nothing() -> None:
    rows = pictured(160)
    generator = np.random.default_rng(0)
    signal = np.array([1.0 if row.product.leaf == "shirt" else -1.0 for row in rows])
    features = (signal[:, None] * 2 + generator.normal(size=(len(rows), 3))).astype(np.float32)
    leaves, chances = answered([row.product for row in rows], rows, features)
    found = figures(leaves, chances, rows)
    assert found["image"]["accuracy"]["value"] > 0.95
    assert found["text"]["accuracy"]["value"] < 0.8
    assert found["joined"]["accuracy"]["value"] > 0.95
    cases = settled(leaves, chances, rows)
    assert cases
    assert f"The picture settles {len(cases)}" in markdown(found, cases)
    assert len({row.product.fold for row in rows}) == FOLDS


def test_a_witness_that_says_nothing_weighs_nothing() -> None:
    truth = np.array([0, 1] * 20)
    sure = np.where(np.eye(2)[truth] == 1, 0.9, 0.1)
    lies = sure[:, ::-1]
    assert weights_of(lies, sure, truth)[0] == 0.0
