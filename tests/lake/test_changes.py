"""What a version adds, removes and changes, row by row."""

from typing import Any

import pyarrow as pa
import pytest

from lake.changes import CHANGES, changes

SCHEMA = pa.schema([
    ("id", pa.string()), ("price", pa.decimal128(18, 2)), ("sizes", pa.list_(pa.string())),
    ("box", pa.list_(pa.float32(), 4)), ("key", pa.binary(2)),
])  # fmt: skip


def rows(**by_id: dict[str, Any]) -> pa.Table:
    return pa.Table.from_pylist([{"id": name} | row for name, row in by_id.items()], SCHEMA)


def found(old: pa.Table, new: pa.Table) -> list[tuple[str, str]]:
    compared = changes("products", "id", old, new)
    assert compared.schema == CHANGES
    assert set(compared["table"].to_pylist()) <= {"products"}
    return list(zip(compared["id"].to_pylist(), compared["change"].to_pylist(), strict=True))


def test_rows_that_came_and_went_stand_sorted_by_id() -> None:
    old, new = rows(d={}, b={}, same={}), rows(c={}, same={}, a={})
    assert found(old, new) == [("a", "added"), ("b", "removed"), ("c", "added"), ("d", "removed")]


def test_the_order_of_rows_is_no_change() -> None:
    one, two = {"sizes": ["s"], "box": [0, 0, 1, 1]}, {"sizes": ["m"], "box": [0, 0, 1, 0.5]}
    assert found(rows(a=one, b=two), rows(b=two, a=one)) == []


@pytest.mark.parametrize(
    ("column", "before", "after"),
    [
        ("price", "1.00", "1.01"),
        ("price", None, "0.00"),
        ("price", "0.00", None),
        ("sizes", ["ab"], ["a", "b"]),
        ("sizes", ["a", "b"], ["b", "a"]),
        ("sizes", [], None),
        ("sizes", None, []),
        ("box", [0, 0, 0, 1], [0, 0, 0, 0.5]),
        ("box", [0, 0, 0, 1], [0.5, 0, 0, 1]),
        ("box", None, [0, 0, 0, 0]),
        ("box", [0, 0, 0, 0], None),
        ("key", b"ab", b"ac"),
    ],
)
def test_a_value_that_differs_changes_its_row_alone(column: str, before: Any, after: Any) -> None:
    other = {"price": "9.99", "sizes": ["x", "y"], "box": [0.25, 0.25, 1, 1], "key": b"zz"}
    old, new = ({"a": other, "b": other | {column: value}, "c": other} for value in (before, after))
    kinds = {"a": decimal(old), "b": decimal(new)}
    assert found(kinds["a"], kinds["b"]) == [("b", "changed")]
    assert found(kinds["a"], kinds["a"]) == found(kinds["b"], kinds["b"]) == []


def decimal(by_id: dict[str, dict[str, Any]]) -> pa.Table:
    """Prices are written as text here."""
    names = SCHEMA.names
    columns = [pa.array([row.get(name) for row in by_id.values()], _written(name)) for name in names[1:]]
    return pa.table([pa.array(list(by_id)), *columns], names=names).cast(SCHEMA)


def _written(name: str) -> pa.DataType:
    return pa.string() if name == "price" else SCHEMA.field(name).type


def test_rows_of_a_slice_in_many_pieces_are_compared_as_themselves() -> None:
    boxes = {f"{n}": {"box": [n / 8, 0, 1, 1], "sizes": [f"{n}"]} for n in range(6)}
    whole = rows(**boxes)
    pieces = pa.concat_tables([whole.slice(2, 2), whole.slice(4, 1)])
    assert found(whole.slice(1, 4), pieces) == [("1", "removed")]
