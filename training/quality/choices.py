"""Which box the rules choose: `python -m training.quality.choices FOLDER...` prints figures over street photos.

A product's title and its shop's category are taken to be the word for a class that the photo shows; text model,
detector and rules then answer as in the night. Right is a box that overlaps one of the class by half (intersection over
union). Photos that the detector was trained on do not count, nor those that show one class alone.
"""

import argparse
import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from schemas.settings import ChoiceSettings
from training.data.labelled import Kind, expanded, kind_of
from training.data.street import Photo, read_street
from training.data.trained import unseen
from training.detect.score import found_in
from training.intervals import share
from udfs.pictures.detect import CLASSES, Detection, overlap
from udfs.rules.on_sale import cuts
from udfs.rules.taxonomy import Taxonomy
from udfs.runtime.models import load, promoted
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
    """What was cut out of a photo for one name of one class."""

    language: str
    name: str
    is_right: bool
    is_whole: bool
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
    """One answer for each class that the photo shows and each language."""
    boxes = [{"class": item.name, "score": item.score, "box": item.box} for item in found]
    areas = (photo.boxes[:, 2:] - photo.boxes[:, :2]).prod(axis=1)
    largest = photo.classes[areas.argmax()]
    for shown in np.unique(photo.classes):
        truth = photo.boxes[photo.classes == shown]
        for (name, language), wanted in pieces.items():
            if name == CLASSES[shown]:
                cut = cuts({"boxes": boxes}, wanted, settings)[0]
                likeness = overlap(np.array([cut.box], np.float32), truth).max()
                yield Answer(language, name, bool(likeness >= SAME), cut.name is None, bool(shown == largest))


def summary(found: Sequence[Answer]) -> dict[str, object]:
    """Shares of right boxes with 95% intervals (Wilson), and of whole pictures."""
    groups: dict[str, list[Answer]] = defaultdict(list)
    for answer in found:
        groups["all"].append(answer)
        groups["not the largest"] += [] if answer.is_largest else [answer]
        groups[answer.language].append(answer)
        groups[answer.name].append(answer)
    return {
        name: {
            "right": share(sum(row.is_right for row in rows), len(rows)),
            "whole": share(sum(row.is_whole for row in rows), len(rows)),
        }
        for name, rows in groups.items()
        if rows
    }


def main() -> None:
    """Score the promoted detector, or another release."""
    parser = argparse.ArgumentParser(prog="python -m training.quality.choices", description=__doc__)
    parser.add_argument("folders", type=Path, nargs="+", help="folders of street photos, or of such folders")
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument("--release", type=Path, help="folder of a detector's release; default: the promoted one")
    parser.add_argument("--taxonomy", type=Path, default=Path("mappings/taxonomy.xml"))
    parser.add_argument("--most", type=int, help="only so many photos, every n-th")
    arguments = parser.parse_args()
    release = arguments.release or promoted("detect", arguments.models)
    settings = ChoiceSettings()
    folders = [folder for folder in expanded(arguments.folders) if kind_of(folder) is Kind.STREET]
    photos = [photo for folder in folders for photo in read_street(folder) if len(np.unique(photo.classes)) > 1]
    photos = unseen(release, photos)
    photos = photos[:: max(1, len(photos) // arguments.most)] if arguments.most else photos
    text = texts.load(promoted("text", arguments.models))
    pieces = pieces_by_name(Taxonomy.read(arguments.taxonomy), text, settings)
    found = found_in(photos, load(release))
    said = [
        answer for photo, boxes in zip(photos, found, strict=True) for answer in answers(photo, boxes, pieces, settings)
    ]
    print(json.dumps({"model": release.name, "photos": len(photos), **summary(said)}, indent=1))


if __name__ == "__main__":
    main()
