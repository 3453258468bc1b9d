"""How near copies are scored: each edit alone, among the photos of its shop; wrong pairs are told by kind."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.training.data.test_labelled import photo, write
from training.data.edits import EDITS
from training.data.split import Part, part_of
from training.data.tables import DataError, pixels_of
from training.quality import copies
from udfs.rules.duplicates import Group

KEPT_OUT, CHOSEN_ON = "venia", "luma"
SEEDS = {"a-red": (1, 2), "a-blue": (3,), "b-red": (4,)}


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """One source with three products, of which two are one garment in two colours; the first has two views."""
    rows = [(name, seed) for name, seeds in SEEDS.items() for seed in seeds]
    write(tmp_path / "views.tsv", "source|product_id|file|view|width|height",
          *(f"{KEPT_OUT}|{name}|{seed}.jpg|front|1|1" for name, seed in rows))  # fmt: skip
    for _, seed in rows:
        photo(tmp_path / "images" / f"{seed}.jpg", seed)
    return tmp_path


def all_in_one(names: Sequence[bytes], *_: Any) -> list[Group]:
    return [Group(min(names), sorted(names), 0)]


def test_edits_are_found_one_by_one_and_wrong_pairs_by_kind(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copies, "groups", all_in_one)
    figures = copies.score_copies([shop])
    assert figures["recall"]["quality_50"] == figures["recall"]["flipped"]
    assert (figures["recall"]["flipped"]["value"], figures["recall"]["flipped"]["count"]) == (1.0, 3)
    kinds = {"another_view": 1, "another_colour": 2, "another_product": 3}
    assert figures["false_pairs"]["unedited"] == kinds
    assert figures["precision"]["flipped"]["count"] == 7 * 6 // 2, "of four photos and three copies"
    assert (figures["sources"], figures["pictures"], figures["mixed_groups"]) == ([KEPT_OUT], 4, 1)


def test_what_is_not_grouped_is_not_found(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copies, "groups", lambda *_: [])
    figures = copies.score_copies([shop])
    assert figures["recall"]["half_size"]["value"] == 0
    assert figures["precision"]["half_size"]["count"] == 0
    assert figures["mixed_groups"] == 0


def test_sources_that_thresholds_were_chosen_on_do_not_count(shop: Path) -> None:
    assert (part_of(KEPT_OUT, copies.SALT), part_of(CHOSEN_ON, copies.SALT)) == (Part.VALIDATION, Part.TRAIN)
    with pytest.raises(DataError, match="no folder of products"):
        copies.score_copies([shop], Part.TRAIN)
    assert copies.score_copies([shop], None)["pictures"] == 4


def test_an_edit_changes_the_picture_and_leaves_its_form(shop: Path) -> None:
    pixels = pixels_of(shop / "images" / "1.jpg")
    assert pixels is not None
    for name, edit in EDITS.items():
        edited = edit(pixels)
        if edited is not None:
            assert (edited.ndim, edited.dtype) == (3, np.uint8), name
            assert edited.shape != pixels.shape or (edited != pixels).any(), name


def test_only_even_ground_is_changed() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (64, 64, 3), np.uint8)
    assert EDITS["other_ground"](noise) is None
    framed = np.full((96, 96, 3), 250, np.uint8)
    framed[16:80, 16:80] = noise
    changed = EDITS["other_ground"](framed)
    assert changed is not None
    assert (changed[16:80, 16:80] == noise).mean() > 0.95
    assert (changed[:16] != 250).all()
