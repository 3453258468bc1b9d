"""Which box the rules choose: `python -m training.quality.choices FOLDER...` prints figures over street photos.

A product's title and its shop's category are taken to be the word for a class that the photo shows; text model,
detector and rules then answer as in the night. Right is a box that overlaps one of the class by half (intersection over
union). Photos that the detector was trained on do not count, nor those that show one class alone.

Of product photos `corrections/choose.tsv` has boxes that a person judged, with the category that they were chosen for:
of those judged right it counts how many are chosen again (overlap by half), and of all how many garments get a box.
"""

import argparse
import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from schemas.settings import ChoiceSettings
from training.data.labelled import Kind, expanded, kind_of
from training.data.street import Photo, read_street
from training.data.tables import read_rows
from training.data.trained import unseen
from training.detect.score import found_at, found_in
from training.intervals import share
from udfs.pictures.detect import CLASSES, Detection, overlap
from udfs.rules.on_sale import cuts
from udfs.rules.taxonomy import Taxonomy
from udfs.runtime.models import Model, load, promoted
from udfs.text import model as texts
from udfs.text.classify import NEEDED, classify

SAME = 0.5
NAMES = {
    "en": ("top", "jacket", "dress", "skirt", "trousers", "shorts", "shoes", "bag", "hat", "sunglasses"),
    "ja": (
        "トップス",
        "ジャケット",
        "ワンピース",
        "スカート",
        "パンツ",
        "ショートパンツ",
        "靴",
        "バッグ",
        "帽子",
        "サングラス",
    ),
    "ru": ("топ", "куртка", "платье", "юбка", "брюки", "шорты", "обувь", "сумка", "шапка", "очки"),
}
"""The word for each class of the detector, as a shop files it."""


@dataclass(frozen=True)
class Answer:
    """What was cut out of a photo for one of the classes that it shows, asked for in each language."""

    name: str
    right_in: frozenset[str]
    whole_in: frozenset[str]
    is_largest: bool


Pieces = tuple[tuple[str, ...], ...]


def pieces_by_name(
    taxonomy: Taxonomy, text: texts.TextModel, settings: ChoiceSettings
) -> dict[tuple[str, str], Pieces]:
    """(class, language) -> the pieces of the category that the class's name leads to; none where it leads nowhere."""
    asked = [
        (name, language, word) for language, words in NAMES.items() for name, word in zip(CLASSES, words, strict=True)
    ]
    columns = {column: pa.nulls(len(asked), pa.string()) for column in NEEDED}
    columns["title"] = pa.array([word for _, _, word in asked])
    columns["category_path"] = pa.array([[word] for _, _, word in asked])
    said = classify(pa.RecordBatch.from_pydict(columns), text).to_pylist()
    return {
        (name, language): taxonomy.node(row["leaf"]).pieces
        if row["leaf"] in taxonomy and row["probability"] >= settings.text
        else ()
        for (name, language, _), row in zip(asked, said, strict=True)
    }


def answers(
    photo: Photo, found: Sequence[Detection], pieces: dict[tuple[str, str], Pieces], settings: ChoiceSettings
) -> Iterator[Answer]:
    """One answer for each class that the photo shows."""
    boxes = [{"class": item.name, "score": item.score, "box": item.box} for item in found]
    areas = (photo.boxes[:, 2:] - photo.boxes[:, :2]).prod(axis=1)
    largest = photo.classes[areas.argmax()]
    for shown in np.unique(photo.classes):
        truth, right, whole = photo.boxes[photo.classes == shown], set(), set()
        for language in NAMES:
            cut = cuts({"boxes": boxes}, pieces[CLASSES[shown], language], settings)[0]
            if overlap(np.array([cut.box], np.float32), truth).max() >= SAME:
                right.add(language)
            if cut.name is None:
                whole.add(language)
        yield Answer(CLASSES[shown], frozenset(right), frozenset(whole), bool(shown == largest))


def judged(
    path: Path, folders: Sequence[Path], model: Model, taxonomy: Taxonomy, settings: ChoiceSettings
) -> dict[str, object]:
    """Of the product photos of `folders` that a person judged: how many get a box, and the one that was right."""
    rows = {row["sha256"]: row for row in read_rows(path)}
    files = (file for folder in folders for file in sorted((folder / "images").iterdir()))
    found = {file: rows[key] for file in files if (key := hashlib.sha256(file.read_bytes()).hexdigest()) in rows}
    own, again = [], []
    for row, boxes in zip(found.values(), found_at(list(found), model), strict=True):
        listed = [{"class": item.name, "score": item.score, "box": item.box} for item in boxes]
        cut = cuts({"boxes": listed}, taxonomy.node(row["category"]).pieces, settings)[0]
        own.append(cut.name is not None)
        if row["verdict"] == "right":
            before = np.array([[float(row[side]) for side in ("x0", "y0", "x1", "y1")]], np.float32)
            again.append(overlap(np.array([cut.box], np.float32), before).item() >= SAME)
    return {"has its own box": share(sum(own), len(own)), "the right one again": share(sum(again), len(again))}


def summary(found: Sequence[Answer]) -> dict[str, dict[str, object]]:
    """Shares of garments whose box is right in every language, by class too, and by language; and of whole pictures."""
    groups: dict[str, list[Answer]] = {
        "all": list(found),
        "not the largest": [one for one in found if not one.is_largest],
    }
    groups |= {name: [one for one in found if one.name == name] for name in CLASSES}
    figures: dict[str, dict[str, object]] = {
        name: {
            "right": share(sum(len(row.right_in) == len(NAMES) for row in rows), len(rows)),
            "whole": share(sum(bool(row.whole_in) for row in rows), len(rows)),
        }
        for name, rows in groups.items()
        if rows
    }
    for name in NAMES:
        figures[name] = {"right": share(sum(name in row.right_in for row in found), len(found))}
    return figures


def main() -> None:
    """Score the promoted detector, or another release."""
    parser = argparse.ArgumentParser(prog="python -m training.quality.choices", description=__doc__)
    parser.add_argument("folders", type=Path, nargs="+", help="street and product photos, or folders of such folders")
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument("--release", type=Path, help="folder of a detector's release; default: the promoted one")
    parser.add_argument("--taxonomy", type=Path, default=Path("mappings/taxonomy.xml"))
    parser.add_argument("--judged", type=Path, default=Path("corrections/choose.tsv"))
    parser.add_argument("--most", type=int, help="only so many photos, every n-th")
    arguments = parser.parse_args()
    release = arguments.release or promoted("detect", arguments.models)
    settings, taxonomy, model = ChoiceSettings(), Taxonomy.read(arguments.taxonomy), load(release)
    folders = expanded(arguments.folders)
    street = [photo for folder in folders if kind_of(folder) is Kind.STREET for photo in read_street(folder)]
    photos = unseen(release, [photo for photo in street if len(np.unique(photo.classes)) > 1])
    photos = photos[:: max(1, len(photos) // arguments.most)] if arguments.most else photos
    pieces = pieces_by_name(taxonomy, texts.load(promoted("text", arguments.models)), settings)
    said = [
        answer
        for photo, boxes in zip(photos, found_in(photos, model), strict=True)
        for answer in answers(photo, boxes, pieces, settings)
    ]
    products = [folder for folder in folders if kind_of(folder) is Kind.CATALOG]
    of_products = judged(arguments.judged, products, model, taxonomy, settings)
    print(json.dumps({"model": release.name, "street": summary(said), "products": of_products}, indent=1))


if __name__ == "__main__":
    main()
