"""Reads folders of labelled photos, known by the columns of their tables."""

import csv
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2

from schemas.errors import WrongInput
from shops.pictures.painter import Box

Row = dict[str, str]

DETECTED = ("top", "outerwear", "dress", "skirt", "trousers", "shorts", "shoes", "bag", "hat", "eyewear")
"""Classes that a detector knows; others are labelled too and pass through."""

UNLEARNT = "ignore"
"""A label that says nothing either way."""


@dataclass(frozen=True)
class Photo:
    """A picture with what its source says of it. `seen`: class and box, where boxes are given."""

    path: Path
    kind: str = "wanted"
    seen: tuple[tuple[str, Box], ...] = ()


@dataclass(frozen=True)
class LabelledProduct:
    """What a source states of a product; empty strings where it states nothing."""

    key: str  # unique over all folders
    photos: tuple[Photo, ...]
    garment_class: str = ""
    label: str = ""  # the source's own word for what it is
    title: str = ""
    description: str = ""
    brand: str = ""
    price: str = ""
    currency: str = ""
    gender: str = ""
    category: tuple[str, ...] = ()
    colour: str = ""


@dataclass(frozen=True)
class Text:
    """A real product text with its leaf."""

    leaf: str
    title: str
    description: str
    brand: str
    gender: str
    category: str
    price: str
    currency: str


@dataclass
class Labelled:
    """Everything that the folders hold."""

    products: list[LabelledProduct] = field(default_factory=list)
    unwanted: list[Photo] = field(default_factory=list)
    texts: dict[tuple[str, str], list[Text]] = field(default_factory=lambda: defaultdict(list))  # (language, leaf)
    leaves: list[Row] = field(default_factory=list)
    missing: int = 0  # rows whose picture is not there


def read(folders: Sequence[Path]) -> Labelled:
    """Reads all folders. One whose tables have no known columns is refused by name."""
    found = Labelled()
    for folder in folders:
        if not folder.is_dir():
            raise WrongInput(folder, None, "there is no such folder")
        tables = {path: _columns(path) for path in sorted(folder.glob("*.tsv"))}
        for needed, reader in READERS:
            paths = [next((path for path, has in tables.items() if columns <= has), None) for columns in needed]
            if None not in paths:
                reader(found, folder, [path for path in paths if path])
                break
        else:
            raise WrongInput(folder, None, f"no table with known columns; its tables have {_told(tables)}")
    return found


def _told(tables: dict[Path, set[str]]) -> str:
    return "; ".join(f"{path.name}: {', '.join(sorted(columns))}" for path, columns in tables.items()) or "no .tsv file"


def _columns(path: Path) -> set[str]:
    with path.open(encoding="utf-8") as file:
        return set(file.readline().rstrip("\n").split("\t"))


def rows(path: Path) -> Iterator[Row]:
    """The rows of an unquoted TSV; fields that a short row lacks are empty."""
    csv.field_size_limit(1 << 24)
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE, restval="")


def _photo_path(found: Labelled, folder: Path, name: str) -> Path | None:
    """The picture of a row; one that is not there, or not inside the folder, is counted as missing."""
    for path in (folder / "images" / name, folder / name):
        if path.is_file() and path.resolve().is_relative_to(folder.resolve()):
            return path
    found.missing += 1
    return None


def _catalog(found: Labelled, folder: Path, tables: list[Path]) -> None:
    photos: dict[tuple[str, str], list[Photo]] = defaultdict(list)
    for row in rows(tables[1]):
        path = _photo_path(found, folder, row["file"])
        if path:
            photos[row["source"], row["product_id"]].append(Photo(path))
    for row in rows(tables[0]):
        of = photos.get((row["source"], row["product_id"]))
        if of:
            stated = {
                name: row[name] for name in ("title", "description", "brand", "price", "currency", "gender", "colour")
            }
            category = tuple(part.strip() for part in row["category"].split("/") if part.strip())
            found.products.append(
                LabelledProduct(f"{row['source']}/{row['product_id']}", tuple(of), category=category, **stated)
            )


def _garments(found: Labelled, folder: Path, tables: list[Path]) -> None:
    for row in rows(tables[0]):
        path = _photo_path(found, folder, row["file"]) if row["class"] != UNLEARNT else None
        if path:
            photo = Photo(path, seen=((row["class"], (0.0, 0.0, 1.0, 1.0)),))
            found.products.append(
                LabelledProduct(row["file"], (photo,), row["class"], row["label"], colour=row.get("colour", ""))
            )


def _street(found: Labelled, folder: Path, tables: list[Path]) -> None:
    """Each photo sells its largest garment; one in five sells a second one that it shows, as shops do with outfits."""
    boxes: dict[str, list[Row]] = defaultdict(list)
    for row in rows(tables[0]):
        if row["class"] != UNLEARNT and row.get("small", "0") != "1":
            boxes[row["file"]].append(row)
    for number, (name, labelled) in enumerate(sorted(boxes.items())):
        path = _photo_path(found, folder, name)
        picture = cv2.imread(str(path)) if path else None
        if path is None or picture is None:
            continue
        seen = tuple((row["class"], _share(row, picture.shape)) for row in labelled)
        sold = sorted((one for one in seen if one[0] in DETECTED), key=lambda one: -_area(one[1]))
        others = [one for one in sold[1:] if one[0] != sold[0][0]]
        for garment_class, _box in sold[:1] + (others[:1] if number % 5 == 0 else []):
            label = next(row["label"] for row in labelled if row["class"] == garment_class)
            found.products.append(
                LabelledProduct(f"{name}#{garment_class}", (Photo(path, seen=seen),), garment_class, label)
            )


def _share(row: Row, shape: tuple[int, ...]) -> Box:
    height, width = shape[:2]
    edges = (float(row["x0"]) / width, float(row["y0"]) / height, float(row["x1"]) / width, float(row["y1"]) / height)
    left, top, right, bottom = (min(1.0, max(0.0, edge)) for edge in edges)
    return left, top, right, bottom


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def _unwanted(found: Labelled, folder: Path, tables: list[Path]) -> None:
    for row in rows(tables[0]):
        path = _photo_path(found, folder, row["file"])
        if path:
            found.unwanted.append(Photo(path, kind=row["class"]))


def _titles(found: Labelled, folder: Path, tables: list[Path]) -> None:
    """Texts by language and leaf: the labels join (source, category) to a leaf, the sources say the language."""
    found.leaves += rows(tables[1])
    leaf_of = {(row["source"], row["category"]): row["leaf"] for row in rows(tables[0])}
    language_of = {row["source"]: row["language"] for row in rows(tables[2])}
    for path in sorted(folder.glob("*.tsv")):
        if not _columns(path) >= _TEXT_COLUMNS:
            continue
        for row in rows(path):
            leaf = leaf_of.get((row["source"], row["category"]))
            language = language_of.get(row["source"])
            if leaf and language and row["title"]:
                stated = (
                    row[name] for name in ("title", "description", "brand", "gender", "category", "price", "currency")
                )
                found.texts[language, leaf].append(Text(leaf, *stated))


_TEXT_COLUMNS = {"source", "id", "title", "description", "brand", "gender", "category", "price", "currency"}

Reader = Callable[[Labelled, Path, list[Path]], None]
READERS: Iterable[tuple[list[set[str]], Reader]] = (
    ([{"source", "product_id", "title", "category"}, {"source", "product_id", "file"}], _catalog),
    ([{"file", "class", "x0", "y0", "x1", "y1"}], _street),
    ([{"file", "class", "label"}], _garments),
    ([{"file", "class", "note"}], _unwanted),
    ([{"source", "category", "leaf"}, {"leaf", "parent"}, {"source", "language"}], _titles),
)
"""Which columns a folder's tables must have, and who reads them; the first that fits."""
