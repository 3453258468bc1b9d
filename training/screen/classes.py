"""Which screen class a labelled picture has."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from schemas.tables import SCREEN_CLASSES
from training.data.corrections import corrected, read_corrections
from training.data.labelled import LATER, Kind, Picture
from training.data.tables import pixels_of
from udfs.pictures.fingerprint import Prints, fingerprint
from udfs.rules.duplicates import groups

COPY_BITS = 6
"""Hashes of a picture and its re-saved copy differ by no more."""


def screen_pictures(found: dict[Kind, list[Picture]]) -> list[tuple[Picture, int]]:
    """Pictures with their screen class, corrected. One that stands among wanted and unwanted goes by the latter.

    Of a product's later views those count that a correction names and that are not among the unwanted already.
    """
    corrections = read_corrections("screen")
    unwanted = found.get(Kind.UNWANTED, [])
    catalog = [picture for picture in found.get(Kind.CATALOG, []) if picture.label != LATER]
    views = (picture for picture in found.get(Kind.CATALOG, []) if picture.label == LATER)
    later = [picture for picture in corrected(views, corrections) if picture.label != LATER]
    also_unwanted = copies([*catalog, *later], unwanted)
    shown = [picture for picture in catalog if picture not in also_unwanted]
    for kind in (Kind.GARMENTS, Kind.STREET):
        shown.extend(replace(picture, label="wanted") for picture in found.get(kind, []))
    rows = corrected([*unwanted, *shown], corrections)
    rows += [picture for picture in later if picture not in also_unwanted]
    return [(picture, SCREEN_CLASSES.index(picture.label)) for picture in rows if picture.label in SCREEN_CLASSES]


def copies(shown: Sequence[Picture], unwanted: Sequence[Picture]) -> set[Picture]:
    """The pictures of `shown` of which `unwanted` holds a copy, re-saved or not."""
    pictures, prints = [], []
    for picture in (*shown, *unwanted):
        pixels = pixels_of(picture.path)
        if pixels is not None:
            pictures.append(picture)
            prints.append(fingerprint([pixels]))
    if not prints:
        return set()
    together = Prints(*map(np.concatenate, zip(*prints, strict=True)))
    names = [index.to_bytes(4, "big") for index in range(len(pictures))]
    found: set[Picture] = set()
    unwanted_ones = set(unwanted)
    for group in groups(names, together, COPY_BITS):
        members = [int.from_bytes(name, "big") for name in group.members]
        if any(pictures[member] in unwanted_ones for member in members):
            found.update(pictures[member] for member in members if pictures[member] not in unwanted_ones)
    return found
