"""Which catalogue photos say by their title what they show."""

from pathlib import Path

import pytest

from tests.training.data.test_labelled import write
from training.data.named import NAMES, OTHERWISE, SPLIT_BY_BRAND, class_named, named_pictures


@pytest.mark.parametrize(
    ("title", "category", "expected"),
    [
        ("Lafayette Convertible Dress", "Dresses & Skirts/New Arrivals", "dress"),
        ("Montana Wind", "Men/Tops/Jackets", "outerwear"),
        ("Bess Yoga Short", "Women/Bottoms/Shorts", "shorts"),
        ("Angelina PLEATED SKIRT", "", "skirt"),
        ("Clark Dress Shirt", "", None),
        ("Gloria Palazzo Pants", "Bottoms/Pants & Shorts", None),
        ("Short Sleeve Tee", "Tops", None),
        ("Jacket and skirt set", "", None),
        ("Overskirted", "Dresses/Tops", None),
        ("", "", None),
    ],
)
def test_one_garment_is_named_or_none(title: str, category: str, expected: str | None) -> None:
    assert class_named(title, category) == expected


def test_no_word_names_two_classes() -> None:
    words = [word for meant in (*NAMES.values(), OTHERWISE) for word in meant]
    assert len(words) == len(set(words))


def test_first_views_of_named_products(tmp_path: Path) -> None:
    catalog = tmp_path / "catalog"
    write(catalog / "views.tsv", "source|product_id|file|view|width|height", "luma|a|2.jpg|front|1|1",
          "luma|a|3.jpg|back|1|1", "luma|b|1.jpg|front|1|1", f"{SPLIT_BY_BRAND}|c|4.jpg|front|1|1")  # fmt: skip
    write(catalog / "products.tsv", "source|product_id|title|category", "luma|a|Red Dress|", "luma|b|Jacket|",
          f"{SPLIT_BY_BRAND}|c|Blue Dress|")  # fmt: skip
    assert [(picture.path.name, picture.label) for picture in named_pictures([catalog, tmp_path])] == [
        ("1.jpg", "outerwear"),
        ("2.jpg", "dress"),
    ]


def test_a_catalog_without_titles_names_nothing(tmp_path: Path) -> None:
    write(tmp_path / "views.tsv", "source|product_id|file|view|width|height", "luma|a|1.jpg|front|1|1")
    assert named_pictures([tmp_path]) == []
