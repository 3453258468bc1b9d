"""Pairs of hashes that differ in few bits: an index finds what comparing all would, as far as it promises."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from udfs.rules import near_hashes
from udfs.rules.near_hashes import SURE_BITS, banded, near

Pair = tuple[int, int, int]


def all_pairs(one: np.ndarray, other: np.ndarray, bits: int) -> set[Pair]:
    apart = np.bitwise_count(one[:, None] ^ other[None])
    return {
        (i, j, int(apart[i, j]))
        for i, j in np.argwhere(apart <= bits).tolist()
        if one is not other or i < j
    }  # fmt: skip


def found(pairs: object, is_self: bool) -> set[Pair]:
    every = [row for part in pairs for row in zip(*(array.tolist() for array in part), strict=True)]  # type: ignore[attr-defined]
    return {(min(i, j), max(i, j), bits) if is_self else (i, j, bits) for i, j, bits in every}


def drawn(seed: int, count: int) -> np.ndarray:
    """(count,) uint64, of which many are a few bits from an earlier one."""
    dice = np.random.default_rng(seed)
    hashes = dice.integers(0, 2**64, count, np.uint64)
    for at in range(1, count, 2):
        bits = dice.choice(64, int(dice.integers(0, 10)), replace=False).astype(np.uint64)
        hashes[at] = hashes[dice.integers(at)] ^ np.bitwise_or.reduce(np.uint64(1) << bits, initial=np.uint64(0))
    return hashes


@settings(max_examples=15)
@given(st.integers(0, 2**32), st.integers(0, 60), st.integers(0, 60), st.sampled_from([1, 7, 1000]),
       st.sampled_from([1, 30, 10**9]))  # fmt: skip
def test_the_index_finds_all_that_it_promises_and_nothing_else(
    seed: int, one: int, other: int, at_once: int, many: int
) -> None:
    whole = drawn(seed, one + other)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (("AT_ONCE", at_once), ("BLOCK", at_once), ("GATHERED", at_once), ("MANY", many)):
            patch.setattr(near_hashes, name, value)
        for left, right in ((whole, whole), (whole[:one], whole[one:])):
            is_self = left is right
            assert found(banded(left, right, SURE_BITS), is_self) == all_pairs(left, right, SURE_BITS)
            assert found(banded(left, right, 12), is_self) <= all_pairs(left, right, 12)
            assert found(near(left, right, 12), is_self) == all_pairs(left, right, 12)


def test_most_pairs_beyond_the_promise_are_found() -> None:
    dice = np.random.default_rng(1)
    one = dice.integers(0, 2**64, 500, np.uint64)
    flips = np.array([np.bitwise_or.reduce(np.uint64(1) << dice.choice(64, 8, replace=False).astype(np.uint64))
                      for _ in one])  # fmt: skip
    pairs = found(banded(one, one ^ flips, 8), is_self=False)
    assert 0.93 <= sum(i == j for i, j, _ in pairs) / len(one) <= 0.99


def test_large_sets_take_the_index(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(near_hashes, "FEW_PAIRS", 0)
    hashes = np.array([0, 0b101, 1 << 63], np.uint64)
    assert found(near(hashes, hashes, 2), is_self=True) == {(0, 1, 2), (0, 2, 1)}
