"""Vectors in segments: where a key lies, and what a position holds."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from lake.published_files import nullable, read_rows, write_segment
from lake.segments import (
    Held,
    InMemory,
    Shelf,
    absent,
    fixed_width,
    one_array,
    places_of,
    segment_keys,
    shelve,
    staying,
)
from lake.store import Store, open_store
from schemas.manifest import DataFile
from tests.lake.published import digest, vectors

KEYS = [digest(str(number)) for number in range(8)]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(str(tmp_path))


@pytest.fixture
def carried(store: Store) -> list[DataFile]:
    """Two segments of 4 and 2 rows."""
    return [write_segment(store, "one", vectors(KEYS[:4])), write_segment(store, "two", vectors(KEYS[4:6]))]


def keys(*numbers: int) -> pa.Array:
    return pa.array([KEYS[number] for number in numbers], pa.binary(32))


def offered(*numbers: int) -> InMemory:
    return InMemory(vectors([KEYS[number] for number in numbers]))


def shelved(store: Store, segments: list[DataFile], wanted: pa.Array, offered: InMemory, others: int = 0) -> Shelf:
    """The shelf of garments that want some vectors, beside others that stay and use each segment."""
    before = Held.of(store, segments)
    return shelve(before, staying(before, wanted, np.full(len(segments), others)), wanted, offered)


def held(store: Store, shelf: Shelf, positions: np.ndarray) -> pa.Table:
    """The vectors at some positions."""
    new = map(shelf.vectors_of, shelf.new)
    return pa.concat_tables([read_rows(store, "vectors", shelf.carried), *new]).take(positions)


def test_a_key_is_found_where_it_stands_and_a_strange_one_nowhere(store: Store, carried: list[DataFile]) -> None:
    shelf = shelved(store, carried, keys(0, 1, 2, 3, 4, 5), offered())
    assert shelf.carried == carried
    assert (shelf.new, shelf.rows) == ({}, {"one": 4, "two": 2})
    positions = shelf.find(keys(5, 0, 7, 3, 4))
    assert positions.tolist() == [5, 0, -1, 3, 4]
    assert positions.dtype == np.int64
    segment, row = shelf.places(positions)
    assert segment.to_pylist() == ["two", "one", None, "one", "two"]
    assert row.to_pylist() == [1, 0, None, 3, 0]
    assert row.type == pa.int32()


def test_a_position_holds_its_vector(store: Store, carried: list[DataFile]) -> None:
    shelf = shelved(store, carried, keys(*range(7)), offered(6))
    assert list(shelf.rows.values()) == [4, 2, 1]
    expected = vectors([KEYS[at] for at in (5, 6, 0, 3)])
    assert held(store, shelf, np.array([5, 6, 0, 3])).to_pylist() == expected.to_pylist()


def test_no_vector_is_read_of_a_segment_that_stays_or_that_nobody_wants(
    store: Store, carried: list[DataFile], monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[list[DataFile]] = []
    monkeypatch.setattr("lake.segments.read_rows", lambda *asked: (read.append(asked[2]), read_rows(*asked))[1])
    shelved(store, carried, keys(*range(6)), offered())
    shelved(store, carried, keys(4, 5), offered())
    assert read == [carried, carried], "their keys alone"
    shelf = shelved(store, carried, keys(0, 4, 5), offered())
    assert read[2:] == [carried]
    (name,) = shelf.new
    assert shelf.vectors_of(name).num_rows == 1
    assert read[3:] == [[carried[0]]]


@pytest.mark.parametrize(
    ("wanted", "kept", "rewritten"),
    [
        ((0, 1, 2, 3, 4, 5), ["one", "two"], 0),
        ((0, 1, 2, 4, 5), ["one", "two"], 0),  # a quarter is dead
        ((0, 1, 4, 5), ["two"], 2),  # half is
        ((4, 5), ["two"], 0),  # nothing of it lives
        ((), [], 0),
    ],
)
def test_a_segment_is_kept_while_three_quarters_live(
    store: Store, carried: list[DataFile], wanted: tuple[int, ...], kept: list[str], rewritten: int
) -> None:
    shelf = shelved(store, carried, keys(*wanted), offered())
    assert [file.segment for file in shelf.carried] == kept
    assert sum(map(len, shelf.new.values())) == rewritten
    assert shelf.find(keys(*wanted)).min(initial=0) == 0, "each still has a place"
    found = held(store, shelf, shelf.find(keys(*wanted)))
    assert found["shape_code"].to_pylist() == [KEYS[number][:16] for number in wanted]


def test_new_rows_stand_in_the_order_in_which_garments_want_them(store: Store) -> None:
    shelf = shelved(store, [], keys(3, 1, 3, 0), offered(1, 0, 2, 3))
    (name,) = shelf.new
    assert shelf.vectors_of(name)["vector_key"].to_pylist() == [KEYS[3], KEYS[1], KEYS[0]]
    assert shelf.keys.to_pylist() == shelf.new[name].to_pylist() == [KEYS[3], KEYS[1], KEYS[0]]
    assert len(name) == 32


def test_a_vector_with_a_null_is_not_put_on_the_shelf(store: Store) -> None:
    rows = vectors(KEYS[:2])
    lacking = pa.Table.from_pylist([*rows.to_pylist()[:1], {"vector_key": KEYS[1]}], nullable(rows.schema))
    shelf = shelved(store, [], keys(0, 1), InMemory(lacking))
    assert shelf.find(keys(0, 1)).tolist() == [0, -1]


def test_new_rows_are_cut_into_segments(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lake.segments.ROWS_PER_SEGMENT", 3)
    shelf = shelved(store, [], keys(*range(7)), offered(*range(8)))
    assert [len(its) for its in shelf.new.values()] == [3, 3, 1]
    assert shelf.keys.to_pylist() == KEYS[:7]
    monkeypatch.setattr("lake.segments.ROWS_PER_SEGMENT", 7)
    assert len(shelved(store, [], keys(*range(7)), offered(*range(8))).new) == 1


def test_keys_of_segments_come_one_after_another(store: Store, carried: list[DataFile]) -> None:
    assert segment_keys(store, carried).to_pylist() == KEYS[:6]
    assert segment_keys(store, []).to_pylist() == []
    assert absent(keys(7, 0, 7, 6), keys(0, 1)).to_pylist() == [KEYS[7], KEYS[6]]


def test_garments_that_stay_keep_their_segment_alive(store: Store, carried: list[DataFile]) -> None:
    assert [file.segment for file in shelved(store, carried, keys(4), offered(), others=1).carried] == ["two"]
    assert [file.segment for file in shelved(store, carried, keys(0, 4), offered(), others=2).carried] == ["one", "two"]


@pytest.mark.parametrize("wanted", [(5, 0, 7, 0), (7,), (), (1, 1, 1, 1, 6, 0, 2, 3, 4, 5)])
def test_the_first_place_of_a_key_is_found_whichever_side_is_longer(wanted: tuple[int, ...]) -> None:
    held = keys(0, 1, 2, 1, 3, 4, 5, 0)
    expected = [held.to_pylist().index(KEYS[n]) if KEYS[n] in held.to_pylist() else -1 for n in wanted]
    assert places_of(keys(*wanted), held).tolist() == expected


def test_columns_of_fixed_width_are_seen_as_a_matrix() -> None:
    lists = pa.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], pa.list_(pa.float32(), 2))
    codes = pa.array([b"ab", b"cd", b"ef"], pa.binary(2))
    assert fixed_width(pa.chunked_array([lists.slice(1)])).tolist() == [[3, 4], [5, 6]]
    assert fixed_width(pa.chunked_array([codes.slice(1, 2)])).tobytes() == b"cdef"
    assert fixed_width(pa.chunked_array([codes.slice(0, 1), codes.slice(2)])).shape == (2, 2)
    assert one_array(pa.chunked_array([[1], [2, 3]])).to_pylist() == [1, 2, 3]
    assert one_array(pa.chunked_array([], pa.int8())).to_pylist() == []


def test_a_shelf_is_as_its_segments_say(store: Store) -> None:
    shelf = Shelf([], {"a": keys(0, 1), "b": keys(2)}, keys(0, 1, 2))
    assert shelf.places(np.array([2, 1]))[0].to_pylist() == ["b", "a"]
