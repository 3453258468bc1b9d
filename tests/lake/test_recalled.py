"""Places of wrong vectors in published segments."""

from pathlib import Path

import pyarrow as pa
import pytest

from lake import snapshots
from lake.recalled import PATH, holding, recall, recalled_keys
from lake.segments import segment_keys
from lake.store import Store, open_store
from schemas.manifest import Manifest
from tests.lake.published import catalog, publish_night


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Two versions: the second one takes the first one's segment over, and adds one."""
    store = open_store(str(tmp_path / "lake"))
    publish_night(store, catalog({"aa": 6}))
    publish_night(store, catalog({"aa": 6, "bb": 4}))
    return store


def versions(store: Store) -> list[Manifest]:
    return [snapshots.manifest(store, number) for number in snapshots.versions(store)]


def keys_of(store: Store, number: int) -> pa.Array:
    return segment_keys(store, snapshots.manifest(store, number).of("vectors"))


def test_rows_are_noted_by_their_places_and_found_again(store: Store) -> None:
    assert recalled_keys(store, versions(store)[1].of("vectors")).to_pylist() == []
    keys = keys_of(store, 1)
    wrong = pa.concat_arrays([keys.slice(1, 2), keys.slice(5, 1)])
    recall(store, versions(store), wrong)
    assert recalled_keys(store, versions(store)[1].of("vectors")).equals(wrong)
    recall(store, versions(store), keys.slice(2, 2))
    assert recalled_keys(store, versions(store)[0].of("vectors")).equals(
        pa.concat_arrays([keys.slice(1, 3), keys.slice(5, 1)])
    )


def test_a_whole_segment_is_a_short_note_and_one_of_no_version_is_forgotten(store: Store) -> None:
    recall(store, versions(store), keys_of(store, 2))
    assert len(store.read(PATH)) < 200
    recall(store, [], keys_of(store, 2))
    assert recalled_keys(store, versions(store)[1].of("vectors")).to_pylist() == []


def test_the_versions_that_hold_a_vector(store: Store) -> None:
    first, second = versions(store)
    both, new = keys_of(store, 1).slice(0, 1), keys_of(store, 2).slice(len(keys_of(store, 1)), 1)
    assert holding(store, [first, second], both) == [first, second]
    assert holding(store, [first, second], new) == [second]
    assert holding(store, [first, second], pa.array([bytes(32)], pa.binary(32))) == []
