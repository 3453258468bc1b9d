"""Which labelled photos are learnt, which are chosen by, and which are held out."""

from collections.abc import Sequence
from dataclasses import dataclass

from training.data.split import Part, fold_of, part_of
from training.data.street import Photo

SALT = "detect"
UNSEEN_SOURCES = frozenset({"musinsa"})
"""Sources of which no photo is learnt: what the detector does on other people's photos."""
CHOICE_FOLDS = 10
"""The first of so many folds of the rest is not learnt either: choices are made on it."""


@dataclass(frozen=True)
class Split:
    """Photos to learn from, to choose by, and of bloggers and sources that are held out."""

    learnt: list[Photo]
    choice: list[Photo]
    held_out: list[Photo]
    products: Sequence[Photo] = ()
    """Single garments, learnt too."""


def split(photos: Sequence[Photo]) -> Split:
    """Each photo by its group."""
    parts = Split([], [], [])
    for photo in photos:
        if photo.source in UNSEEN_SOURCES or part_of(photo.group, SALT) is Part.VALIDATION:
            parts.held_out.append(photo)
        elif fold_of(photo.group, SALT, CHOICE_FOLDS) == 0:
            parts.choice.append(photo)
        else:
            parts.learnt.append(photo)
    return parts
