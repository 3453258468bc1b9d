"""What decisions would change in the index: products gained, lost and moved."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from desk.shop import Product
from schemas.rejects import Code
from udfs.pictures.detect import overlap

UNPLACED = frozenset({Code.NO_CATEGORY, Code.TEXT_OUT_OF_SCOPE, Code.MAPPING_IGNORED})
"""Why a product is out where its category alone keeps it out."""


Boxes = frozenset[tuple[float, ...]]
"""Left, top, right and bottom of each, in 0..1 of the upright picture."""


@dataclass(frozen=True)
class Recut:
    """The picture of a product whose boxes change most; `overlap`: what a box before and after share, 0..1."""

    picture: bytes
    before: Boxes
    after: Boxes

    @property
    def overlap(self) -> float:
        if not self.before or not self.after:
            return 0.0
        common = overlap(np.array(sorted(self.before)), np.array(sorted(self.after)))
        return float(min(common.max(axis=0).min(), common.max(axis=1).min()))


def recut_of(before: Mapping[bytes, Boxes], after: Mapping[bytes, Boxes]) -> Recut | None:
    """What differs most between the boxes of a product, by picture; None where they are the same."""
    nothing: Boxes = frozenset()
    found = [
        Recut(picture, before.get(picture, nothing), after.get(picture, nothing))
        for picture in sorted(before.keys() | after.keys())
        if before.get(picture) != after.get(picture)
    ]
    return min(found, key=lambda one: one.overlap, default=None)


@dataclass(frozen=True)
class Change:
    """A product whose category in the index changes."""

    product: Product
    before: str | None
    after: str | None
    recut: Recut | None = None  # where other pictures or boxes of it are in the index

    @property
    def said(self) -> str:
        """What changes, in few words."""
        if self.recut is not None and self.before == self.after:
            return f"{self.after}, boxes overlap {self.recut.overlap:.2f}"
        return f"{self.before or 'out'} -> {self.after or 'out'}"


@dataclass
class Difference:
    """Products by what becomes of them. `still_out`: they get a category, but no picture of them is shown. `cut_anew`:
    the category stays, but other pictures or boxes are shown; those that differ most come first."""

    gained: list[Change] = field(default_factory=list)
    lost: list[Change] = field(default_factory=list)
    moved: list[Change] = field(default_factory=list)
    still_out: list[Change] = field(default_factory=list)
    cut_anew: list[Change] = field(default_factory=list)

    @property
    def any(self) -> bool:
        return any(changes for _, changes in self.parts)

    @property
    def parts(self) -> list[tuple[str, list[Change]]]:
        named = ("gained", "lost", "moved", "still_out", "cut_anew")
        return [(name.replace("_", " "), getattr(self, name)) for name in named]


def difference(changes: Iterable[Change]) -> Difference:
    found = Difference()
    for change in changes:
        if change.before == change.after:
            if change.recut is not None and change.after is not None:
                found.cut_anew.append(change)
        elif change.after is None:
            found.lost.append(change)
        elif change.before is not None:
            found.moved.append(change)
        elif change.product.refused is None or change.product.refused in UNPLACED:
            found.gained.append(change)
        else:
            found.still_out.append(change)
    found.cut_anew.sort(key=lambda change: change.recut.overlap if change.recut else 1.0)
    return found
