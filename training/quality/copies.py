"""How well near copies are told from other pictures: catalog photos, edited as shops edit them, among the photos of
their shop."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from schemas.settings import ChoiceSettings
from training.data.edits import EDITS, saved
from training.data.labelled import Kind, expanded, kind_of
from training.data.split import Part, part_of
from training.data.tables import DataError, read_picture, read_rows
from training.intervals import share
from udfs.pictures.decode import decode
from udfs.pictures.fingerprint import OPENED_AT_PX, Prints, fingerprint
from udfs.rules.duplicates import groups

SALT = "copies"
"""Thresholds are chosen on the sources of the training part; figures are of those of the validation part."""

RECOLOURED = frozenset({"luma", "venia"})
"""Sources that show one garment in several colours: the products whose ids begin alike."""


@dataclass(frozen=True)
class Shown:
    """A photo of a shop, or an edited copy of it (`edit`)."""

    source: str
    product: str
    name: str
    edit: str | None = None


@dataclass
class Tally:
    """What was counted; `false` by what the two pictures of a pair show."""

    found: Counter[str] = field(default_factory=Counter)
    edited: Counter[str] = field(default_factory=Counter)
    false: dict[str, Counter[str]] = field(default_factory=dict)
    pictures: int = 0
    mixed_groups: int = 0


def score_copies(folders: Sequence[Path], part: Part | None = Part.VALIDATION) -> dict[str, Any]:
    """`recall`, `precision` and `false_pairs` by edit; `mixed_groups`: groups of unedited photos of two products.

    Each edit is tried alone: the edited first photo of every product of a shop, among all photos of the shop. A pair of
    pictures in one group is right where one is the edited other. `part`: None for all sources.
    """
    tally, names = Tally(), []
    for source, shown in _shops(folders):
        if part in (None, part_of(source, SALT)):
            names.append(source)
            _judge(shown, tally)
    if not names:
        raise DataError(f"{', '.join(map(str, folders))}: no folder of products with several views to score")
    return _figures(tally, names)


def _shops(folders: Sequence[Path]) -> Iterator[tuple[str, dict[Shown, np.ndarray]]]:
    """The photos of each source, unedited, by the first view first."""
    for folder in expanded(folders):
        if kind_of(folder) is Kind.CATALOG:
            rows = read_rows(folder / "views.tsv")
            for source in sorted({row["source"] for row in rows}):
                mine = [row for row in rows if row["source"] == source]
                yield (
                    source,
                    {
                        Shown(source, row["product_id"], row["file"]): read_picture(folder / "images" / row["file"])
                        for row in mine
                    },
                )


def _judge(photos: dict[Shown, np.ndarray], tally: Tally) -> None:
    shown = list(photos)
    plain = _prints([saved(pixels) for pixels in photos.values()])
    tally.pictures += len(shown)
    together = _grouped(shown, plain)
    tally.mixed_groups += sum(len({one.product for one in group}) > 1 for group in together)
    _count_false(together, "unedited", tally)
    firsts: dict[str, Shown] = {}
    for one in shown:
        firsts.setdefault(one.product, one)
    for edit in EDITS:
        edited = {one: EDITS[edit](photos[one]) for one in firsts.values()}
        copies = [
            Shown(one.source, one.product, one.name, edit) for one, pixels in edited.items() if pixels is not None
        ]
        if not copies:
            continue
        prints = _prints([saved(pixels) for pixels in edited.values() if pixels is not None])
        together = _grouped([*shown, *copies], Prints(*map(np.concatenate, zip(plain, prints, strict=True))))
        tally.edited[edit] += len(copies)
        tally.found[edit] += sum(_is_edit(*pair) for group in together for pair in combinations(group, 2))
        _count_false(together, edit, tally)


def _prints(bodies: Sequence[bytes]) -> Prints:
    return fingerprint([decode(body, OPENED_AT_PX) for body in bodies])


def _grouped(shown: Sequence[Shown], prints: Prints) -> list[list[Shown]]:
    names = [at.to_bytes(4, "big") for at in range(len(shown))]
    found = groups(names, prints, ChoiceSettings().duplicate_bits)
    return [[shown[int.from_bytes(member, "big")] for member in group.members] for group in found]


def _is_edit(one: Shown, other: Shown) -> bool:
    return one.name == other.name and (one.edit is None) != (other.edit is None)


def _count_false(together: list[list[Shown]], edit: str, tally: Tally) -> None:
    counted = tally.false.setdefault(edit, Counter())
    for group in together:
        counted.update(_shows(*pair) for pair in combinations(group, 2) if pair[0].name != pair[1].name)


def _shows(one: Shown, other: Shown) -> str:
    """What the second picture of a pair is to the first."""
    if one.product == other.product:
        return "another_view"
    same = one.source in RECOLOURED and one.product.partition("-")[0] == other.product.partition("-")[0]
    return "another_colour" if same else "another_product"


def _figures(tally: Tally, names: Sequence[str]) -> dict[str, Any]:
    wrong = {edit: sum(counted.values()) for edit, counted in tally.false.items()}
    return {
        "sources": names,
        "pictures": tally.pictures,
        "mixed_groups": tally.mixed_groups,
        "recall": {edit: share(tally.found[edit], tally.edited[edit]) for edit in EDITS},
        "precision": {edit: share(tally.found[edit], tally.found[edit] + wrong.get(edit, 0)) for edit in EDITS},
        "false_pairs": {edit: dict(sorted(counted.items())) for edit, counted in tally.false.items()},
    }
