"""Groups around medoids: what is chosen at once is what choosing one by one would give."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from udfs.rules.medoids import medoids

PAIRS = st.dictionaries(
    st.tuples(st.integers(0, 14), st.integers(0, 14)).filter(lambda pair: pair[0] < pair[1]), st.integers(0, 3),
    max_size=40,
)  # fmt: skip


def one_by_one(count: int, pairs: dict[tuple[int, int], int]) -> tuple[list[int], list[int]]:
    left: dict[int, dict[int, int]] = {at: {} for at in range(count)}
    for (one, other), bits in pairs.items():
        left[one][other] = left[other][one] = bits
    leader, apart = list(range(count)), [0] * count
    while waiting := [at for at, copies in left.items() if copies]:
        medoid = min(waiting, key=lambda at: (-len(left[at]), sum(left[at].values()), at))
        taken = left.pop(medoid)
        for at, bits in taken.items():
            leader[at], apart[at] = medoid, bits
            del left[at]
        for copies in left.values():
            for at in (medoid, *taken):
                copies.pop(at, None)
    return leader, apart


@given(PAIRS)
def test_choosing_at_once_is_choosing_one_by_one(pairs: dict[tuple[int, int], int]) -> None:
    first, second = (np.array([pair[side] for pair in pairs], np.int64) for side in (0, 1))
    leader, apart = medoids(15, first, second, np.array(list(pairs.values()), np.uint8))
    assert (leader.tolist(), apart.tolist()) == one_by_one(15, pairs)


def test_no_chains() -> None:
    leader, _ = medoids(4, np.array([0, 1, 2]), np.array([1, 2, 3]), np.array([1, 1, 1], np.uint8))
    assert leader.tolist() == [1, 1, 1, 3], "3 is a copy of 2 alone, which has gone to 1"
