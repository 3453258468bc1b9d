"""The same id again: a variant, the same offer, or another product."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.rejects import Code
from tests.udfs.feeds.small_feeds import feed, read
from udfs.feeds.offers.identity import HashedKeys

OFFER = (
    "<offer id='7'><name>{title}</name><price>{price}</price><picture>http://s.test/7.jpg</picture>"
    "<param name='Size'>{size}</param><param name='Colour'>{colour}</param></offer>"
)
FIRST = {"title": "Coat", "price": "10", "size": "M", "colour": "red"}


@pytest.mark.parametrize(
    ("again", "code"),
    [
        ({}, Code.OFFER_DUPLICATE_ID),
        ({"price": "12"}, Code.OFFER_DUPLICATE_ID),
        ({"size": "L"}, None),
        ({"colour": "blue"}, None),
        ({"title": "Boots"}, Code.OFFER_ID_REUSED),
        ({"title": "Boots", "size": "L"}, Code.OFFER_ID_REUSED),
    ],
)
@pytest.mark.parametrize("between", [0, 5_000])
def test_an_id_that_comes_again(again: dict[str, str], code: Code | None, between: int) -> None:
    """`between`: in the same batch, and in a later one."""
    others = (
        f"<offer id='o{n}'><name>Hat</name><picture>http://s.test/h.jpg</picture></offer>" for n in range(between)
    )
    rows, summary = read(feed(OFFER.format(**FIRST), *others, OFFER.format(**(FIRST | again))))
    assert rows[0]["code"] is None
    assert rows[-1]["code"] == code
    assert summary.offers == between + 2
    if code:
        assert rows[-1]["detail"].startswith(f"line {between + 2}: the id '7' ")
        assert "in line 1;" in rows[-1]["detail"]


def test_a_third_one_is_told_from_both() -> None:
    rows, _ = read(feed(*(OFFER.format(**(FIRST | {"size": size})) for size in ("M", "L", "L", "M"))))
    assert [row["code"] for row in rows] == [None, None, Code.OFFER_DUPLICATE_ID, Code.OFFER_DUPLICATE_ID]


@given(st.lists(st.sets(st.integers(0, 400), max_size=80), max_size=12))
def test_keys_are_found_with_what_stands_beside_them(sets: list[set[int]]) -> None:
    keys = HashedKeys()
    known: dict[int, int] = {}
    for number, each in enumerate(sets):
        fresh = sorted(each - known.keys())
        keys.add(np.array(fresh, np.uint64), np.full(len(fresh), number, np.uint64))
        known |= dict.fromkeys(fresh, number)
    found, beside = keys.lookup(np.arange(401, dtype=np.uint64))
    assert dict(zip(np.flatnonzero(found).tolist(), beside[found].tolist(), strict=True)) == known
    assert keys.size == len(known)
