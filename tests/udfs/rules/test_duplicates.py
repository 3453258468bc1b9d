"""Groups of near-identical pictures: what is a copy, what is not, and laws that every grouping obeys."""

import time

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.tables import DESCRIPTOR_BYTES, LIGHTNESS_BYTES
from udfs.pictures.fingerprint import fingerprint
from udfs.rules.duplicates import Group, groups

BITS = 8


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


def padded(pixels: np.ndarray) -> np.ndarray:
    return cv2.copyMakeBorder(pixels, 30, 30, 50, 50, cv2.BORDER_CONSTANT, value=(240, 240, 240))


def grouped(*pictures: np.ndarray) -> list[Group]:
    names = [bytes([at]) * 32 for at in range(len(pictures))]
    return groups(names, *fingerprint([np.ascontiguousarray(p) for p in pictures]), BITS)


def test_copies_are_found() -> None:
    base = picture(1)
    edits = [recompressed(base), cv2.resize(base, (120, 160), interpolation=cv2.INTER_AREA), padded(base)]
    (group,) = grouped(base, *edits, picture(2), picture(3))
    assert group.members == [bytes([at]) * 32 for at in range(4)]
    assert group.group_id == group.members[0]


def test_another_picture_is_no_copy() -> None:
    assert grouped(*(picture(seed) for seed in range(6))) == []


def test_the_same_cut_in_another_colour_is_no_copy() -> None:
    assert grouped(picture(1), picture(1, hue=1)) == []


def test_nothing_and_one_are_no_group() -> None:
    assert grouped() == []
    assert grouped(picture(1)) == []


@settings(max_examples=50)
@given(st.lists(st.integers(0, 2**20), max_size=25), st.randoms(use_true_random=False))
def test_every_grouping_is_a_partition_around_medoids_whatever_the_order(values: list[int], dice: object) -> None:
    names = [f"{at:032d}".encode() for at in range(len(values))]
    hashes = np.array([[value % 7, value % 3, 0, 0, 0, 0, 0, value % 11] for value in values], np.uint8).reshape(-1, 8)
    looks = np.tile(np.arange(DESCRIPTOR_BYTES) % 256, (len(values), 1)).astype(np.uint8)
    found = groups(names, hashes, hashes, looks, 2)
    members = [member for group in found for member in group.members]
    assert len(members) == len(set(members)) <= len(names)
    by_name = dict(zip(names, hashes, strict=True))
    for group in found:
        apart = [int(np.bitwise_count(by_name[m] ^ by_name[group.medoid]).sum()) for m in group.members]
        assert max(apart) == group.largest_distance <= 2
        assert len(group.members) > 1 and group.group_id == min(group.members)
    order = list(range(len(values)))
    dice.shuffle(order)  # type: ignore[attr-defined]
    assert groups([names[at] for at in order], hashes[order], hashes[order], looks[order], 2) == found


def test_a_shop_with_many_pairs_takes_no_longer_for_each_of_them() -> None:
    count = 12_000
    names = [at.to_bytes(32, "big") for at in range(count)]
    alike = np.random.default_rng(2).integers(0, 256, (count // 2, 8), np.uint8)  # some 32 bits between any two
    hashes = np.repeat(alike, 2, axis=0)
    looks = np.tile(np.arange(DESCRIPTOR_BYTES) % 256, (count, 1)).astype(np.uint8)
    started = time.process_time()
    found = groups(names, hashes, hashes, looks, BITS)
    assert time.process_time() - started < 20, "comparing takes one or two; looking through all for each group took 44"
    assert [group.members for group in found] == [names[at : at + 2] for at in range(0, count, 2)]


def pair(lightness: int = 0, colour: int = 0) -> list[Group]:
    """Two pictures with one hash, of which the second is lighter by so many steps, and differs so in its colours."""
    plain = np.arange(DESCRIPTOR_BYTES // 2) % 100 + 50
    other = plain.copy()
    other[:LIGHTNESS_BYTES] += lightness
    other[LIGHTNESS_BYTES:] += np.resize([colour, 0], len(other) - LIGHTNESS_BYTES)  # half of them, so half on average
    looks = np.stack([np.tile(half, 2) for half in (plain, other)]).astype(np.uint8)
    hashes = np.zeros((2, 8), np.uint8)
    return groups([b"a", b"b"], hashes, hashes, looks, 0)


@pytest.mark.parametrize(("lightness", "colour", "copies"), [(6, 3, True), (7, 0, False), (0, 4, False)])
def test_copies_may_differ_by_six_steps_of_lightness_and_one_and_a_half_of_colour(
    lightness: int, colour: int, copies: bool
) -> None:
    assert bool(pair(lightness, colour)) == copies


@pytest.mark.parametrize(("apart", "copies"), [(8, True), (9, False)])
def test_hashes_may_differ_by_so_many_bits(apart: int, copies: bool) -> None:
    hashes = np.zeros((2, 8), np.uint8)
    hashes[1, :2] = [2 ** min(apart, 8) - 1, apart > 8]
    looks = np.tile(np.arange(DESCRIPTOR_BYTES) % 256, (2, 1)).astype(np.uint8)
    found = groups([b"a", b"b"], hashes, hashes, looks, BITS)
    assert [group.largest_distance for group in found] == [8] * copies
