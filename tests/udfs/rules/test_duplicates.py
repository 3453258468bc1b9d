"""Groups of near-identical pictures: what is a copy, what is not, and laws that every grouping obeys."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.udfs.rules.prints import prints
from udfs.pictures.fingerprint import Prints, empty, fingerprint
from udfs.rules import duplicates
from udfs.rules.alike import Part
from udfs.rules.duplicates import Group, copies_of, groups, placed

BITS = 8
SEEDS = st.lists(st.integers(0, 2**20), max_size=25)


def picture(seed: int, hue: int = 0) -> np.ndarray:
    """(320, 240, 3) uint8: a blotchy thing on white, a different one for each seed."""
    dice = np.random.default_rng(seed)
    canvas = np.full((320, 240, 3), 255, np.uint8)
    for _ in range(9):
        centre = tuple(int(n) for n in dice.integers((60, 70), (180, 250)))
        axes = tuple(int(n) for n in dice.integers(15, 60, 2))
        colour = tuple(int(n) for n in np.roll(dice.integers(0, 200, 3), hue))
        cv2.ellipse(canvas, centre, axes, int(dice.integers(0, 180)), 0, 360, colour, -1)
    return canvas


def recompressed(pixels: np.ndarray) -> np.ndarray:
    return cv2.imdecode(cv2.imencode(".jpg", pixels[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 50])[1], 1)[:, :, ::-1]


def halved(pixels: np.ndarray) -> np.ndarray:
    return cv2.resize(pixels, (120, 160), interpolation=cv2.INTER_AREA)


def padded(pixels: np.ndarray) -> np.ndarray:
    return cv2.copyMakeBorder(pixels, 30, 30, 50, 50, cv2.BORDER_CONSTANT, value=(240, 240, 240))


def cropped(pixels: np.ndarray) -> np.ndarray:
    return pixels[16:-16, 12:-12]


def mirrored(pixels: np.ndarray) -> np.ndarray:
    return pixels[:, ::-1]


def on_grey(pixels: np.ndarray) -> np.ndarray:
    return np.where((pixels == 255).all(axis=2, keepdims=True), np.uint8(190), pixels)


def grouped(*pictures: np.ndarray) -> list[Group]:
    names = [bytes([at]) * 32 for at in range(len(pictures))]
    return groups(names, fingerprint([np.ascontiguousarray(p) for p in pictures]), BITS)


@pytest.mark.parametrize("edit", [recompressed, halved, padded, cropped, mirrored, on_grey])
def test_copies_are_found(edit: object) -> None:
    base = picture(1)
    (group,) = grouped(base, edit(base), picture(2), picture(3))  # type: ignore[operator]
    assert group.members == [bytes([at]) * 32 for at in range(2)]
    assert group.medoid in group.members


def test_another_picture_is_no_copy() -> None:
    assert grouped(*(picture(seed) for seed in range(6))) == []


def test_the_same_cut_in_another_colour_is_no_copy() -> None:
    assert grouped(picture(1), picture(1, hue=1)) == []


def test_nothing_and_one_are_no_group() -> None:
    assert grouped() == []
    assert grouped(picture(1)) == []


def hashes(values: list[int]) -> np.ndarray:
    return np.array([value % 7 + (value % 3 << 8) + (value % 11 << 56) for value in values], np.uint64)


@settings(max_examples=50)
@given(SEEDS, st.randoms(use_true_random=False))
def test_every_grouping_is_a_partition_around_medoids_whatever_the_order(values: list[int], dice: object) -> None:
    names = [f"{at:032d}".encode() for at in range(len(values))]
    own = hashes(values)
    found = groups(names, prints(own), 2)
    members = [member for group in found for member in group.members]
    assert len(members) == len(set(members)) <= len(names)
    by_name = dict(zip(names, own, strict=True))
    for group in found:
        apart = [int(np.bitwise_count(by_name[m] ^ by_name[group.medoid])) for m in group.members]
        assert max(apart) == group.largest_distance <= 2
        assert len(group.members) > 1 and group.medoid in group.members
    order = list(range(len(values)))
    dice.shuffle(order)  # type: ignore[attr-defined]
    assert groups([names[at] for at in order], prints(own[order]), 2) == found


@settings(max_examples=50)
@given(SEEDS, SEEDS)
def test_groups_stay_as_they_are_when_pictures_come(first: list[int], then: list[int]) -> None:
    known, new = prints(hashes(first)), prints(hashes(then))
    own, _ = placed(Part.all_of(empty(0)), Part.all_of(known), 2)
    medoids = np.unique(own)
    leader, apart = placed(Part(known, medoids), Part.all_of(new), 2)
    led = np.concatenate([known.phash[medoids], new.phash]).view(np.uint64).ravel()
    mine = new.phash.view(np.uint64).ravel()
    assert (np.bitwise_count(led[leader] ^ mine) == apart).all()
    assert (apart <= 2).all()
    near_one_that_was_there = (np.bitwise_count(mine[:, None] ^ led[None, : len(medoids)]) <= 2).any(axis=1)
    assert ((leader < len(medoids)) == near_one_that_was_there).all()
    led_by_new = leader[leader >= len(medoids)]
    assert (leader[led_by_new - len(medoids)] == led_by_new).all(), "a medoid is in its own group"


@pytest.mark.parametrize(("lightness", "colour", "copies"), [(8, 1, True), (9, 0, False), (0, 2, False)])
def test_copies_may_differ_a_little_in_lightness_and_colour(lightness: int, colour: int, copies: bool) -> None:
    two = prints(np.zeros(2, np.uint64), np.array([0, lightness]), np.array([0, colour]))
    assert bool(groups([b"a", b"b"], two, 0)) == copies


@pytest.mark.parametrize(("apart", "copies"), [(8, True), (9, False)])
def test_hashes_may_differ_by_so_many_bits(apart: int, copies: bool) -> None:
    found = groups([b"a", b"b"], prints(np.array([0, 2**apart - 1], np.uint64)), BITS)
    assert [group.largest_distance for group in found] == [8] * copies


def crowd(count: int) -> Prints:
    """Alike pictures, half of them with the same hash, the others up to four bits from it."""
    dice = np.random.default_rng(3)
    flips = np.bitwise_or.reduce(np.uint64(1) << dice.integers(0, 64, (count, 4), np.uint64), axis=1)
    return prints(np.where(np.arange(count) % 2, flips, 0).astype(np.uint64))


@pytest.mark.parametrize(("of_hash", "of_band"), [(64, 4096), (10**9, 64)])
def test_a_crowd_is_one_group_and_is_not_compared_pair_by_pair(
    of_hash: int, of_band: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(duplicates, "CROWD", of_hash)
    monkeypatch.setattr(duplicates, "CROWD_OF_BAND", of_band)
    compared: list[int] = []
    agree = duplicates.agree

    def counted(*args: object) -> np.ndarray:
        compared.append(len(args[2][0]))  # type: ignore[index]
        return agree(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(duplicates, "agree", counted)
    monkeypatch.setattr("udfs.rules.alike.agree", counted)
    names = [at.to_bytes(32, "big") for at in range(2000)]
    (group,) = groups(names, crowd(2000), BITS)
    assert len(group.members) == 2000
    assert sum(compared) < 10 * 2000


def test_copies_of_seeds_are_found_with_the_seeds() -> None:
    found = copies_of(np.array([False, True, False]), prints(np.array([1, 0, 2**20 - 1], np.uint64)), BITS)
    assert found.tolist() == [True, True, False]
