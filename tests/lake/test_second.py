"""The files of a second embedding: what is new of it, what is carried, and which vectors it takes."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lake import second
from lake.candidate import prepare
from lake.published_files import DamagedSnapshot
from lake.second import FOLDER, Sound, is_whole
from lake.segments import InMemory
from lake.snapshots import parent, second_faults, verify
from lake.store import DiskStore
from schemas.published import PLACES
from tests.lake.published import beside, catalog, publish_with_second, vectors


@pytest.fixture
def store(tmp_path: Path) -> DiskStore:
    return DiskStore(tmp_path)


def test_its_files_are_listed_by_it_alone(store: DiskStore) -> None:
    made = publish_with_second(store, catalog({"aa": 4, "bb": 2}), 5)
    found = made.second
    assert found is not None
    assert (found.garments, sum(file.rows for file in found.vectors), made.rows("garments")) == (5, 5, 9)
    assert {entry.path for entry in store.list(FOLDER)} == {file.path for file in found.files}
    assert not {file.path for file in found.files} & {file.path for file in made.files}
    assert pq.read_table(store.root / found.places.path).schema.names == PLACES.names
    assert second_faults(store, made) == verify(store, 1) == []


def test_what_the_parent_has_is_carried_and_the_rest_is_one_more_segment(store: DiskStore) -> None:
    first = publish_with_second(store, catalog({"aa": 8}), 6).second
    candidate = prepare(store, catalog({"aa": 8}), parent(store))
    same = beside(store, candidate, 6, first)
    assert not same.is_new
    assert second.write(store, same) == first
    more = beside(store, candidate, 12, first)
    assert more.is_new
    after = publish_with_second(store, catalog({"aa": 8}), 12).second
    assert first is not None
    assert after is not None
    assert after.vectors[: len(first.vectors)] == first.vectors
    assert (after.garments, len(after.vectors)) == (12, len(first.vectors) + 1)


def test_a_segment_with_many_dead_rows_is_written_anew(store: DiskStore) -> None:
    first = publish_with_second(store, catalog({"aa": 9}), 13).second
    after = publish_with_second(store, catalog({"aa": 3}), 0).second
    assert first is not None
    assert after is not None
    assert after.garments == 4
    assert not {file.path for file in first.vectors} & {file.path for file in after.vectors}
    assert sum(file.rows for file in after.vectors) == 4


def test_a_parent_that_cannot_be_read_any_more_leaves_the_version_without_one(store: DiskStore) -> None:
    first = publish_with_second(store, catalog({"aa": 9}), 13).second
    assert first is not None
    less = beside(store, prepare(store, catalog({"aa": 3}), parent(store)), 0, first)
    (store.root / first.vectors[0].path).unlink()
    assert not is_whole(store, first)
    assert second.write(store, less) is None
    with pytest.raises(DamagedSnapshot):
        beside(store, prepare(store, catalog({"aa": 3}), parent(store)), 0, first)


def test_vectors_that_are_none_are_not_taken() -> None:
    rows = vectors([bytes([at]) * 32 for at in range(5)])
    values = np.stack(rows["embedding"].to_pylist()).astype(np.float32)
    values[1] *= 1.01
    values[2, 7] = np.nan
    values[3] = 0
    kind = rows.schema.field("embedding").type
    changed = rows.set_column(1, rows.schema.field("embedding"), pa.array(list(values), kind))
    assert Sound(InMemory(changed), 1e-3).keys.to_pylist() == [bytes([at]) * 32 for at in (0, 4)]
    assert len(Sound(InMemory(changed.slice(0, 0)), 1e-3).keys) == 0
