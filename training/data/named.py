"""Catalogue photos whose title says what they show: further examples of classes that single garments have few of."""

import re
from collections.abc import Sequence
from pathlib import Path

from training.data.labelled import CATALOG_REPOSITORIES, Kind, Picture, kind_of
from training.data.tables import read_rows

NAMES = {
    "dress": frozenset(("dress", "dresses", "gown", "gowns")),
    "outerwear": frozenset(("anorak", "blazer", "blazers", "coat", "coats", "jacket", "jackets", "overcoat", "parka")),
    "shorts": frozenset(("shorts",)),
    "skirt": frozenset(("skirt", "skirts")),
}
"""Words that name a class. Only classes that are often taken for another: more of the others made these worse."""

OTHERWISE = frozenset(
    ("boot", "boots", "hoodie", "jumpsuit", "onesie", "pant", "pants", "pullover", "romper", "shirt", "shirts", "shoe")
) | frozenset(("beach", "boxer", "boxers", "shoes", "suit"))
"""Beside these words the name is part of another garment's, or of two: a dress shirt, pants and shorts."""

SPLIT_BY_BRAND = "kagglefp"
"""A shop whose pictures of single garments are split by brand: its catalogue would show brands that are held back."""


def class_named(title: str, category: str) -> str | None:
    """The class that title and last category name; None: none, or more than one garment."""
    words = set(re.findall(r"[a-z]+", f"{title} {category.rpartition('/')[2]}".lower()))
    found = [name for name, meant in NAMES.items() if words & meant]
    return found[0] if len(found) == 1 and not words & OTHERWISE else None


def named_pictures(folders: Sequence[Path]) -> list[Picture]:
    """First views of products whose class is named, labelled with it, sorted by path; of catalogs in `folders`."""
    return sorted(
        (picture for folder in folders if kind_of(folder) is Kind.CATALOG for picture in _named(folder)),
        key=lambda picture: str(picture.path),
    )


def _named(folder: Path) -> list[Picture]:
    table = folder / "products.tsv"
    rows = read_rows(table) if table.exists() else []
    labels = {(row["source"], row["product_id"]): class_named(row["title"], row["category"]) for row in rows}
    found = []
    for row in read_rows(folder / "views.tsv"):
        label = labels.pop((row["source"], row["product_id"]), None)
        if label is not None and row["source"] != SPLIT_BY_BRAND:
            group = CATALOG_REPOSITORIES.get(row["source"], row["source"])
            found.append(Picture(folder / "images" / row["file"], label, group, row["source"]))
    return found
