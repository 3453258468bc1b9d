"""The labelled folders of pictures, known by the columns of their index and not by their names."""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from training.data.street import group_of
from training.data.tables import DataError, read_rows

LATER = "later view"
"""The label of a product's second and later pictures: nobody says what they show, unless a correction does."""

STYLES = "styles.csv"
"""Joined by id where it stands beside a folder: the brand of the pictures of the same shop."""

CATALOG_REPOSITORIES = {
    "areostep": "tdcx2z7pnx-pixel/Areostep-website-",
    "bagshop": "phamvlap/bag-shop",
    "fourmen": "VinhVu2003/ThoiTrangNam4Menshop_ReactJS-ASP.NETCore_New",
    "hm": "mewprakarn/Product_Personalization_Project",
    "lamoda": "zxcq544/Lamoda-slider-svelte",
    "linfaya": "alvanchao/linfaya-frontend",
    "luma": "magento/magento2-sample-data",
    "nest": "thagnhuynh03/shopping-app-nest",
    "overlays": "Akshay15-png/Fashion-Corner",
    "teslo": "dAn1L0/teslo-shop",
    "venia": "PMET-public/sample-data-media-venia",
    "vnroutine": "vinh047/Webbanquanao",
}
"""Sources of catalog photos that also gave unwanted pictures: both are split as one group."""


class Kind(StrEnum):
    """What a folder holds."""

    CATALOG = "catalog"
    GARMENTS = "garments"
    STREET = "street"
    UNWANTED = "unwanted"
    PAIRS = "pairs"
    """Garments alone and worn, whose photos mostly stand in a folder of products too: they have no label here."""


@dataclass(frozen=True)
class Picture:
    """One labelled picture: `label` is what its folder says of it, `group` what must not be split."""

    path: Path
    label: str
    group: str
    source: str


SIGNS = (
    (Kind.CATALOG, "views.tsv", {"product_id", "file", "view"}),
    (Kind.STREET, "boxes.tsv", {"file", "class", "x0", "y1"}),
    (Kind.GARMENTS, "index.tsv", {"file", "class", "sender"}),
    (Kind.UNWANTED, "index.tsv", {"file", "class", "licence"}),
    (Kind.PAIRS, "pairs.tsv", {"source", "product_id", "cloth_file", "worn_file"}),
)
"""What a folder of pictures holds, by a table and columns that it has."""


def kind_of(folder: Path) -> Kind | None:
    """What `folder` holds by the columns of its tables; None: nothing of pictures."""
    for kind, name, columns in SIGNS:
        if (folder / name).exists() and columns <= set(_header(folder / name)):
            return kind
    return None


def _header(path: Path) -> list[str]:
    with path.open(encoding="utf-8", errors="replace") as file:
        return file.readline().rstrip("\r\n").split("\t")


def expanded(folders: Sequence[Path]) -> list[Path]:
    """The folders, one that holds no pictures itself replaced by the folders in it that do."""
    found: list[Path] = []
    for folder in folders:
        inner = [] if kind_of(folder) else [place for place in sorted(folder.iterdir()) if place.is_dir()]
        found.extend([place for place in inner if kind_of(place)] or [folder])
    return found


def read_folder(folder: Path) -> tuple[Kind, list[Picture]]:
    """The pictures of a labelled folder, sorted by path. Of a catalog the first view of each product is wanted."""
    kind = kind_of(folder)
    if kind is None:
        raise DataError(f"{folder}: no index whose columns are known (see the data's README)")
    readers = {
        Kind.CATALOG: _catalog,
        Kind.GARMENTS: _garments,
        Kind.STREET: _street,
        Kind.UNWANTED: _unwanted,
        Kind.PAIRS: _pairs,
    }
    return kind, sorted(readers[kind](folder), key=lambda picture: str(picture.path))


def _catalog(folder: Path) -> Iterable[Picture]:
    seen = set()
    for row in read_rows(folder / "views.tsv"):
        product = (row["source"], row["product_id"])
        label = LATER if product in seen else "wanted"
        seen.add(product)
        repository = CATALOG_REPOSITORIES.get(row["source"], row["source"])
        yield Picture(folder / "images" / row["file"], label, repository, row["source"])


def _garments(folder: Path) -> Iterable[Picture]:
    brands = read_brands(folder.parent / "titles" / STYLES)
    for row in read_rows(folder / "index.tsv"):
        number = Path(row["file"]).stem.rpartition("_")[2]
        group = f"sender/{row['sender']}" if row["sender"] else f"brand/{brands.get(number, number)}"
        yield Picture(folder / "images" / row["file"], row["class"], group, row.get("source", ""))


def read_brands(path: Path) -> dict[str, str]:
    """Brand by product id; empty where the table is not there."""
    if not path.exists():
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        return {row["id"]: row["brand"] for row in csv.DictReader(file)}


def _street(folder: Path) -> Iterable[Picture]:
    index = folder / "images.tsv"
    rows = read_rows(index if index.exists() else folder / "boxes.tsv")
    for file, source in sorted({(row["file"], row.get("source", "")) for row in rows}):
        yield Picture(folder / "images" / file, "wanted", group_of(source, file), source)


def _unwanted(folder: Path) -> Iterable[Picture]:
    for row in read_rows(folder / "index.tsv"):
        repository = row["source"].split(" ")[0]
        yield Picture(folder / row["file"], row["class"], repository, repository)


def _pairs(folder: Path) -> Iterable[Picture]:
    return ()


def read_folders(folders: Sequence[Path]) -> dict[Kind, list[Picture]]:
    """The pictures of all `folders` by kind."""
    found: dict[Kind, list[Picture]] = {}
    for folder in folders:
        kind, pictures = read_folder(folder)
        found.setdefault(kind, []).extend(pictures)
    return found
