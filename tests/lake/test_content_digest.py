import hashlib
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lake.content_digest import snapshot_digest, sorted_table_digest
from schemas.manifest import Content

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


@settings(max_examples=50)
@given(ROWS, st.randoms(use_true_random=False))
def test_the_order_and_the_chunks_of_rows_do_not_matter(rows, random):
    table = tabled(rows)
    order = list(range(len(rows)))
    random.shuffle(order)
    cut = random.randrange(len(rows) + 1)
    shuffled = table.take(order)
    chunked = pa.concat_tables([shuffled.slice(0, cut), shuffled.slice(cut)])
    assert digest(chunked) == digest(table)


@settings(max_examples=50)
@given(ROWS)
def test_types_that_delta_forgets_do_not_matter(rows):
    plain = {"box": pa.list_(pa.float32()), "bytes": pa.binary(), "text": pa.large_string()}
    table = tabled(rows)
    assert digest(table.cast(pa.schema(list((COLUMNS | plain).items())))) == digest(table)


@settings(max_examples=50)
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


def represented(kind: pa.DataType, values: list[Any]) -> bytes:
    """The fixed representation of a column, as the page of the module has it."""
    body = bytes(value is not None for value in values)
    if pa.types.is_list(kind) or pa.types.is_fixed_size_list(kind):
        items = [item for value in values for item in value or ()]
        return body + lengths(values) + represented(kind.value_type, items)
    if pa.types.is_string(kind):
        values = [value and value.encode() for value in values]
    if pa.types.is_string(kind) or pa.types.is_fixed_size_binary(kind):
        return body + lengths(values) + b"".join(value or b"" for value in values)
    if pa.types.is_decimal(kind):
        return body + b"".join(int((value or 0) * 100).to_bytes(16, "little", signed=True) for value in values)
    if pa.types.is_boolean(kind):
        return body + bytes(bool(value) for value in values)
    return body + np.array([value or 0 for value in values], kind.to_pandas_dtype()).tobytes()


def lengths(values: list[Any]) -> bytes:
    return np.array([len(value or ()) for value in values], "<i8").tobytes()


@settings(max_examples=50)
@given(ROWS)
def test_the_digest_is_that_of_the_fixed_representation(rows):
    """A lake's digests are compared for years: another representation would make every row of it new."""
    rows = [row | {"box": row["box"] or [0.0, 0.0]} for row in rows]  # a list of fixed size keeps the items of a null
    table = tabled(rows)
    columns = ((name, represented(kind, table[name].to_pylist())) for name, kind in COLUMNS.items())
    whole = b"".join(name.encode() + b"\0" + hashlib.sha256(body).digest() for name, body in columns)
    assert sorted_table_digest(table) == hashlib.sha256(whole).hexdigest()


def test_a_table_without_rows_has_the_digest_of_its_columns():
    empty = {name: hashlib.sha256(b"").digest() for name in COLUMNS}
    whole = b"".join(name.encode() + b"\0" + digest for name, digest in empty.items())
    assert sorted_table_digest(SCHEMA.empty_table()) == hashlib.sha256(whole).hexdigest()
    assert sorted_table_digest(tabled([{}]).slice(0, 0)) == hashlib.sha256(whole).hexdigest()


def test_a_snapshots_digest_takes_its_retailers_by_name():
    one, two = (Content(garments=a * 64, products=b * 64, vectors=c * 64) for a, b, c in ("123", "456"))
    parts = [b"aa\0", *(bytes.fromhex(n * 64) for n in "123"), b"bb\0", *(bytes.fromhex(n * 64) for n in "456")]
    expected = hashlib.sha256(b"".join(parts)).hexdigest()
    assert snapshot_digest({"bb": two, "aa": one}) == snapshot_digest({"aa": one, "bb": two}) == expected


def test_columns_of_many_pieces_and_of_none_are_read_whole():
    pieces = pa.chunked_array([["a", None], [], ["b"]])
    assert sorted_table_digest(pa.table({"id": pieces})) == sorted_table_digest(pa.table({"id": ["a", None, "b"]}))
    none = pa.table({"id": pa.chunked_array([], pa.string())})
    assert sorted_table_digest(none) == sorted_table_digest(pa.table({"id": pa.array([], pa.string())}))
