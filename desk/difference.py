"""What decisions would change in the index: products gained, lost and moved."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from desk.shop import Product
from schemas.rejects import Code

UNPLACED = frozenset({Code.NO_CATEGORY, Code.TEXT_OUT_OF_SCOPE, Code.MAPPING_IGNORED})
"""Why a product is out where its category alone keeps it out."""


@dataclass(frozen=True)
class Change:
    """A product whose category in the index changes."""

    product: Product
    before: str | None
    after: str | None
    recut: bool = False  # other pictures or boxes of it are in the index


@dataclass
class Difference:
    """Products by what becomes of them. `still_out`: they get a category, but no picture of them is shown. `cut_anew`:
    the category stays, but other pictures or boxes are shown."""

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
            if change.recut and change.after is not None:
                found.cut_anew.append(change)
        elif change.after is None:
            found.lost.append(change)
        elif change.before is not None:
            found.moved.append(change)
        elif change.product.refused is None or change.product.refused in UNPLACED:
            found.gained.append(change)
        else:
            found.still_out.append(change)
    return found
