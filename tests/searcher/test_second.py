"""A version by its second embedding: other vectors, and the garments that have one."""

import json
from pathlib import Path

import numpy as np
import pytest

import selvedge_searcher
from lake.store import DiskStore
from selvedge_searcher import Snapshot, SnapshotDamaged
from tests.lake.published import catalog, digest, publish_night, publish_with_second, vectors


@pytest.fixture
def snapshot(tmp_path: Path) -> Snapshot:
    publish_with_second(DiskStore(tmp_path), catalog({"aa": 4, "bb": 2}), 5)
    return selvedge_searcher.open(str(tmp_path))


def second(snapshot: Snapshot) -> Snapshot:
    found = snapshot.second
    assert found is not None
    return found


def test_its_garments_are_those_with_a_vector_and_their_products_are_the_version_s(snapshot: Snapshot) -> None:
    other = second(snapshot)
    ids = other.garments["garment_id"].to_pylist()
    assert ids == snapshot.garments["garment_id"].to_pylist()[:5]
    drawn = vectors([digest(f"{name} by another") for name in ids])
    assert np.array_equal(other.vectors, np.stack(drawn["embedding"].to_pylist()))
    assert other.shape_codes[2].tobytes() == drawn["shape_code"][2].as_py()
    assert other.products.equals(snapshot.products)
    shown = other.products["product_id"].take(other.product_rows)
    assert shown.to_pylist() == other.garments["product_id"].to_pylist()
    assert other.nearest(other.vectors[3], 2)[0][0] == 3
    assert (other.second, other.version) == (None, snapshot.version)
    assert snapshot.second is other, "it is opened once"


def test_each_garment_has_its_own_vector_in_whatever_order_places_are(tmp_path: Path) -> None:
    for size in (4, 5):
        publish_with_second(DiskStore(tmp_path), catalog({"aa": size, "bb": 2}), 99)
    other = second(selvedge_searcher.open(str(tmp_path)))
    drawn = vectors([digest(f"{name} by another") for name in other.garments["garment_id"].to_pylist()])
    assert len(other.garments) == 10
    assert np.array_equal(other.vectors, np.stack(drawn["embedding"].to_pylist()))


def test_it_is_the_same_whatever_is_open_already(snapshot: Snapshot) -> None:
    plain = second(selvedge_searcher.open(snapshot.lake.uri)).vectors
    _ = snapshot.vectors, snapshot.shape_codes, snapshot.colour_codes
    assert np.array_equal(second(snapshot).vectors, plain)


def test_its_vectors_may_be_those_of_no_garment(tmp_path: Path) -> None:
    publish_with_second(DiskStore(tmp_path), catalog({"aa": 4}), 0)
    snapshot = selvedge_searcher.open(str(tmp_path))
    _ = snapshot.vectors
    assert second(snapshot).vectors.shape == (0, 256)
    assert len(second(snapshot).nearest(snapshot.vectors[0])[0]) == 0


def test_its_files_are_kept_by_who_prunes(snapshot: Snapshot) -> None:
    listed = snapshot.manifest.second
    assert listed is not None
    assert {*listed.vectors, listed.places} <= set(snapshot.files())


@pytest.mark.parametrize("part", ["vectors", "places"])
def test_damage_in_it_is_said_when_it_is_used_and_the_version_is_searched_all_the_same(
    snapshot: Snapshot, part: str
) -> None:
    listed = json.loads(Path(snapshot.lake.uri, "snapshots/1/manifest.json").read_text())["second"]
    file = listed["vectors"][0] if part == "vectors" else listed["places"]
    Path(snapshot.lake.uri, file["path"]).write_bytes(b"nothing")
    again = selvedge_searcher.open(snapshot.lake.uri)
    assert len(again.nearest(again.vectors[0])[0]) == 9
    with pytest.raises(SnapshotDamaged, match=file["path"]):
        _ = again.second


def test_a_version_without_one(tmp_path: Path) -> None:
    publish_night(DiskStore(tmp_path), catalog({"aa": 2}))
    assert selvedge_searcher.open(str(tmp_path)).second is None


@pytest.mark.parametrize("said", [[], {}, {"model": "2" * 64}, "second"])
def test_what_is_no_second_embedding_is_no_manifest(snapshot: Snapshot, said: object) -> None:
    path = Path(snapshot.lake.uri, "snapshots/1/manifest.json")
    path.write_text(json.dumps(json.loads(path.read_text()) | {"second": said}))
    with pytest.raises(SnapshotDamaged, match="is not a manifest"):
        selvedge_searcher.open(snapshot.lake.uri, 1)
