"""Rows by their place and runs of equal values, in columns of several pieces."""

import pyarrow as pa
import pytest

from jobs.live import rows
from jobs.live.rows import combinations, runs, taken


def test_rows_by_their_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "PART_ROWS", 2)
    kinds = pa.schema([("text", pa.string()), ("list", pa.list_(pa.string())), ("key", pa.binary(2))])
    cells = [{"text": name, "list": [name, None], "key": name.encode() * 2} for name in "abc"]
    pieces = pa.concat_tables([pa.Table.from_pylist(cells[:1], kinds), pa.Table.from_pylist(cells[1:], kinds)])
    found = taken(pieces, pa.array([2, None, 0, 0]))
    assert found.schema == kinds
    assert found.to_pylist() == [cells[2], dict.fromkeys(kinds.names), cells[0], cells[0]]
    assert max(len(piece) for piece in found["text"].chunks) == 2
    assert taken(pieces, pa.array([], pa.int64())).equals(kinds.empty_table())


def test_runs_of_equal_values() -> None:
    assert list(runs(pa.chunked_array([["a", "a"], ["a", "b"], ["c"]]))) == [("a", 0, 3), ("b", 3, 4), ("c", 4, 5)]
    assert list(runs(pa.chunked_array([], pa.string()))) == []


def test_rows_with_the_same_values_are_one_combination() -> None:
    cells = pa.table({"a": pa.chunked_array([["x", "y"], ["x", None, "x"]]), "b": [1, 1, 1, 1, None]})
    first, of = combinations(cells)
    assert sorted(first.tolist()) == [0, 1, 3, 4], "null is a value"
    assert of[0] == of[2]
    assert cells.take(first[of]).to_pylist() == cells.to_pylist()
    assert [len(part) for part in combinations(cells.slice(0, 0))] == [0, 0]
