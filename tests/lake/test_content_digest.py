from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lake.content_digest import sorted_table_digest

COLUMNS = {
    "id": pa.string(),
    "text": pa.string(),
    "list": pa.list_(pa.string()),
    "box": pa.list_(pa.float32(), 2),
    "bytes": pa.binary(3),
    "price": pa.decimal128(18, 2),
    "flag": pa.bool_(),
    "count": pa.int32(),
}
SCHEMA = pa.schema(list(COLUMNS.items()))
WORDS = st.none() | st.text(max_size=3)
ROW = st.fixed_dictionaries({
    "text": WORDS,
    "list": st.none() | st.lists(WORDS, max_size=3),
    "box": st.none() | st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=2, max_size=2),
    "bytes": st.none() | st.binary(min_size=3, max_size=3),
    "price": st.none() | st.integers(-1000, 1000).map(lambda cents: Decimal(cents) / 100),
    "flag": st.none() | st.booleans(),
    "count": st.none() | st.integers(-5, 5),
})  # fmt: skip
ROWS = st.lists(ROW, min_size=1, max_size=6)


def digest(table: pa.Table) -> str:
    return sorted_table_digest(table.sort_by("id"))


def tabled(rows: list[dict]) -> pa.Table:
    return pa.Table.from_pylist([row | {"id": f"{at:03}"} for at, row in enumerate(rows)], SCHEMA)


@settings(deadline=None, max_examples=50)  # the first example warms Arrow up
@given(ROWS, st.randoms(use_true_random=False))
def test_the_order_and_the_chunks_of_rows_do_not_matter(rows, random):
    table = tabled(rows)
    order = list(range(len(rows)))
    random.shuffle(order)
    cut = random.randrange(len(rows) + 1)
    shuffled = table.take(order)
    chunked = pa.concat_tables([shuffled.slice(0, cut), shuffled.slice(cut)])
    assert digest(chunked) == digest(table)


@settings(deadline=None, max_examples=50)
@given(ROWS)
def test_types_that_delta_forgets_do_not_matter(rows):
    plain = {"box": pa.list_(pa.float32()), "bytes": pa.binary(), "text": pa.large_string()}
    table = tabled(rows)
    assert digest(table.cast(pa.schema(list((COLUMNS | plain).items())))) == digest(table)


@settings(deadline=None, max_examples=50)
@given(ROWS, ROWS)
def test_different_rows_have_different_digests(rows, others):
    assert (tabled(rows).to_pylist() == tabled(others).to_pylist()) == (digest(tabled(rows)) == digest(tabled(others)))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"text": None}, {"text": ""}),
        ({"list": None}, {"list": []}),
        ({"list": ["ab"]}, {"list": ["a", "b"]}),
        ({"flag": None}, {"flag": False}),
        ({"count": None}, {"count": 0}),
    ],
)
def test_a_null_is_not_an_empty_value(one, other):
    assert digest(tabled([one])) != digest(tabled([other]))


def test_values_do_not_run_over_into_the_next_row():
    assert digest(tabled([{"text": "ab"}, {"text": "c"}])) != digest(tabled([{"text": "a"}, {"text": "bc"}]))


def test_a_type_without_a_fixed_representation_is_refused():
    with pytest.raises(TypeError, match="no fixed representation"):
        digest(pa.table({"id": ["a"], "x": pa.array([{"y": 1}])}))


def test_a_sliced_table_reads_its_own_rows():
    vectors = pa.FixedSizeListArray.from_arrays(np.arange(12, dtype=np.float32), 2)
    table = pa.table({"id": list("abcdef"), "v": vectors, "t": ["1", "22", "", "4444", "5", "6"]})
    copied = pa.Table.from_pylist(table.slice(2, 3).to_pylist(), table.schema)
    assert digest(table.slice(2, 3)) == digest(copied)
