import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow.fs as pafs
import pytest

import selvedge_searcher
from lake import snapshots
from lake.candidate import prepare
from lake.store import DiskStore
from schemas.published import GARMENTS, PRODUCTS, VECTORS
from selvedge_searcher import Snapshot, SnapshotDamaged, SnapshotMissing, prune
from selvedge_searcher.lake import Lake
from tests.lake.published import catalog, facts, publish_night

NIGHTS = ({"aa": 5, "bb": 3}, {"aa": 7, "bb": 3}, {"aa": 7, "cc": 2})


@pytest.fixture(scope="module")
def published(tmp_path_factory) -> Path:
    """A lake with three versions; the last has vectors in two segments."""
    root = tmp_path_factory.mktemp("lake")
    for night in NIGHTS:
        publish_night(DiskStore(root), catalog(night))
    return root


@pytest.fixture
def lake(published, tmp_path) -> Path:
    """A copy to be damaged."""
    return Path(shutil.copytree(published, tmp_path / "lake"))


def keyed(rows) -> dict[bytes, list]:
    return dict(zip(rows["vector_key"].to_pylist(), rows["embedding"].to_pylist(), strict=True))


@pytest.mark.parametrize("version", [1, 2, 3])
def test_every_garment_leads_to_its_vector_codes_and_product(published, version):
    rows = catalog(NIGHTS[version - 1])
    snapshot = selvedge_searcher.open(str(published), version)
    expected = keyed(rows.vectors.table)
    key_of = dict(zip(rows.garments["garment_id"].to_pylist(), rows.garments["vector_key"].to_pylist(), strict=True))
    assert snapshot.vectors.dtype == np.float32
    assert snapshot.vectors.shape == (len(rows.garments), 256)
    for at, garment in enumerate(snapshot.garments.to_pylist()):
        key = key_of[garment["garment_id"]]
        assert snapshot.vectors[at].tolist() == expected[key]
        assert snapshot.shape_codes[at].tobytes() + snapshot.colour_codes[at].tobytes() == key
        assert snapshot.vector_keys[at].as_py() == key
        segment = snapshot.segment(garment["segment"])
        assert segment.keys[garment["row"]].as_py() == key
        assert segment.vectors[garment["row"]].tolist() == expected[key]
        product = snapshot.products.slice(snapshot.product_rows[at], 1).to_pylist()[0]
        assert product["product_id"] == garment["product_id"]


def test_columns_are_the_published_ones(published):
    snapshot = selvedge_searcher.open(str(published))
    for rows, table in ((snapshot.garments, GARMENTS), (snapshot.products, PRODUCTS)):
        assert rows.schema.names == table.schema.names
        assert [field.type for field in rows.schema] == [field.type for field in table.schema]
    assert (
        selvedge_searcher.parquet.FIXED.items()
        >= {field.name: field.type for field in VECTORS.schema if field.name != "row"}.items()
    )


def test_one_segment_in_order_is_not_copied(published):
    ordered, scattered = (selvedge_searcher.open(str(published), version) for version in (1, 3))
    for name in ("vectors", "shape_codes", "colour_codes"):
        assert not getattr(ordered, name).flags.owndata  # a view of what Arrow decoded
        assert getattr(scattered, name).flags.owndata
        assert not getattr(ordered, name).flags.writeable


@pytest.mark.parametrize(("before", "after"), [(1, 2), (2, 3), (3, 1), (2, 2)])
def test_a_version_opened_over_another_is_as_one_opened_alone(published, before, after):
    alone, held = (selvedge_searcher.open(str(published), version) for version in (after, before))
    _ = held.vectors, held.shape_codes
    over = selvedge_searcher.open(str(published), after, held=held)
    assert over.garments.equals(alone.garments) and over.products.equals(alone.products)
    for name in ("vectors", "shape_codes", "colour_codes"):
        assert np.array_equal(getattr(over, name), getattr(alone, name))
        assert not getattr(over, name).flags.writeable
    assert over.vector_keys.equals(alone.vector_keys)
    rows = np.arange(len(alone.garments))[::-2]
    assert np.array_equal(alone.vectors_of(rows), alone.vectors[rows])
    assert np.array_equal(selvedge_searcher.open(str(published), after).vectors_of(rows), alone.vectors[rows])


def test_cosines_are_those_of_all_vectors(published):
    snapshot = selvedge_searcher.open(str(published), 3)
    found = selvedge_searcher.open(str(published), 3).cosines(snapshot.vectors[[4, 0]])
    assert np.allclose(found, snapshot.vectors[[4, 0]] @ snapshot.vectors.T, atol=1e-6)
    assert found.argmax(axis=1).tolist() == [4, 0]


def test_what_both_versions_have_is_read_once(published, monkeypatch):
    held = selvedge_searcher.open(str(published), 1)
    _ = held.vectors
    read: list[str] = []
    proven = Lake.proven
    monkeypatch.setattr(Lake, "proven", lambda lake, files: proven(lake, [read.append(f.path) or f for f in files]))
    over = selvedge_searcher.open(str(published), 2, held=held)
    new = {file.path for file in over.manifest.files} - {file.path for file in held.manifest.files}
    assert sorted(read) == sorted(new)
    assert 0 < len(new) < len(over.manifest.files)
    with pytest.raises(ValueError, match="the version that is held is of"):
        selvedge_searcher.open(str(published / "snapshots"), 2, held=held)


def test_a_file_of_the_same_name_with_another_sha256_is_not_taken_from_what_is_held(lake):
    held = selvedge_searcher.open(str(lake), 1)
    (file, *_) = [
        file for file in held.manifest.of("products") if file in selvedge_searcher.open(str(lake), 2).manifest.files
    ]
    body = json.loads((lake / "snapshots/2/manifest.json").read_text())
    for entry in body["files"]:
        entry["sha256"] = "0" * 64 if entry["path"] == file.path else entry["sha256"]
    (lake / "snapshots/2/manifest.json").write_text(json.dumps(body))
    with pytest.raises(SnapshotDamaged, match=file.path):
        selvedge_searcher.open(str(lake), 2, held=held)


def test_the_nearest_garment_of_a_vector_is_its_own(published):
    snapshot = selvedge_searcher.open(str(published))
    rows, cosines = snapshot.nearest(snapshot.vectors[4], 3)
    assert rows[0] == 4
    assert cosines[0] == pytest.approx(1)
    assert list(cosines) == sorted(cosines, reverse=True)
    assert len(snapshot.nearest(snapshot.vectors[4], 1000)[0]) == len(snapshot.garments)


@pytest.mark.parametrize("shape", [(10,), (1, 256), ()])
def test_a_vector_of_another_shape(published, shape):
    with pytest.raises(ValueError, match=r"the vectors of the snapshot have \(256,\)"):
        selvedge_searcher.open(str(published)).nearest(np.zeros(shape))


def test_an_empty_version_opens(lake):
    publish_night(DiskStore(lake), catalog({}))
    snapshot = selvedge_searcher.open(str(lake))
    assert (len(snapshot.garments), snapshot.vectors.shape, snapshot.product_rows.shape) == (0, (0, 256), (0,))
    assert snapshot.nearest(np.zeros(256))[0].shape == (0,)


def test_a_lake_that_published_nothing(tmp_path):
    with pytest.raises(SnapshotMissing, match="nothing has been published yet"):
        selvedge_searcher.open(str(tmp_path))


def test_a_version_that_is_not_there(published):
    with pytest.raises(SnapshotMissing, match="there is no version 9"):
        selvedge_searcher.open(str(published), 9)


def test_a_candidate_opens_before_it_is_published(lake):
    store = DiskStore(lake)
    snapshots.write(store, prepare(store, catalog({"dd": 2}), snapshots.parent(store)), facts("dd"))
    drilled = selvedge_searcher.open(str(lake), 4, candidate=True)
    assert (drilled.version, len(drilled.products)) == (4, 2)
    with pytest.raises(SnapshotMissing, match="there is no version 4"):
        selvedge_searcher.open(str(lake), 4)
    assert selvedge_searcher.open(str(lake)).version == 3


def flip(path: Path) -> None:
    body = bytearray(path.read_bytes())
    body[len(body) // 2] ^= 1
    path.write_bytes(body)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-7])


DAMAGES = {"flipped": flip, "cut off": cut, "missing": Path.unlink}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("table", ["garments", "products", "vectors"])
def test_a_damaged_file_is_refused_while_the_open_snapshot_stays_usable(lake, table, damage):
    old = selvedge_searcher.open(str(lake), 2)
    newest = json.loads((lake / "snapshots/3/manifest.json").read_text())
    fresh = {entry["path"] for entry in newest["files"]} - {entry.path for entry in old.manifest.files}
    path = next(p for p in sorted(fresh) if f"/{table}/" in p)
    DAMAGES[damage](lake / path)
    with pytest.raises(SnapshotDamaged, match=path):
        selvedge_searcher.open(str(lake))
    assert old.nearest(old.vectors[0])[0][0] == 0
    assert selvedge_searcher.open(str(lake), 2).version == 2


@pytest.mark.parametrize("damage", [*DAMAGES, "another"])
def test_a_damaged_manifest_is_refused(lake, damage):
    path = lake / "snapshots/3/manifest.json"
    if damage == "another":
        shutil.copy(lake / "snapshots/2/manifest.json", path)
    else:
        DAMAGES[damage](path)
    with pytest.raises(SnapshotDamaged, match=r"snapshots/3/manifest\.json"):
        selvedge_searcher.open(str(lake))


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"version": 3}', b'{"version": 9, "manifest_sha256": "0"}'])
def test_a_damaged_pointer_is_refused(lake, body):
    (lake / "snapshots/CURRENT").write_bytes(body)
    with pytest.raises(SnapshotDamaged):
        selvedge_searcher.open(str(lake))


@pytest.mark.parametrize("end", [0.1, 0.5, 0.99])
def test_a_manifest_that_is_cut_off_is_refused_by_number_too(lake, end):
    path = lake / "snapshots/3/manifest.json"
    body = path.read_bytes()
    path.write_bytes(body[: int(len(body) * end)])
    with pytest.raises(SnapshotDamaged, match="cut off"):
        selvedge_searcher.open(str(lake), 3)


def test_places_that_do_not_exist_are_refused(lake):
    """The files are whole, but a segment that garments refer to is not listed."""
    path = lake / "snapshots/3/manifest.json"
    record = json.loads(path.read_text())
    segments = [entry for entry in record["files"] if entry["table"] == "vectors"]
    record["files"].remove(segments[0])
    path.write_text(json.dumps(record))
    with pytest.raises(SnapshotDamaged, match="vectors that do not exist"):
        selvedge_searcher.open(str(lake), 3)


def remote(root: Path) -> tuple[str, pafs.FileSystem]:
    """The lake through a file system of its own, as if it were not on this disk."""
    return root.name, pafs.SubTreeFileSystem(str(root.parent), pafs.LocalFileSystem())


def opened(root: Path, cache: Path, version: int | None = None) -> Snapshot:
    uri, filesystem = remote(root)
    return selvedge_searcher.open(uri, version, cache, filesystem=filesystem)


def test_only_files_that_are_not_held_are_downloaded(lake, tmp_path):
    cache = tmp_path / "cache"
    old = opened(lake, cache, 1)
    held = {path.name: path.stat().st_mtime_ns for path in cache.iterdir()}
    assert held.keys() == {file.sha256 for file in old.manifest.files}
    new = opened(lake, cache, 2)
    after = {path.name: path.stat().st_mtime_ns for path in cache.iterdir()}
    assert held.items() <= after.items()
    assert after.keys() - held.keys() == {file.sha256 for file in new.manifest.files} - held.keys()
    assert any(file.segment and file.sha256 in held for file in new.manifest.files)


def test_a_spoilt_download_is_fetched_again(lake, tmp_path):
    cache = tmp_path / "cache"
    opened(lake, cache)
    flip(next(iter(sorted(cache.iterdir()))))
    assert opened(lake, cache).version == 3


def test_a_damaged_remote_file_leaves_nothing_in_the_cache(lake, tmp_path):
    file = selvedge_searcher.open(str(lake)).manifest.of("products")[0]
    flip(lake / file.path)
    with pytest.raises(SnapshotDamaged, match=file.path):
        opened(lake, tmp_path / "cache")
    assert file.sha256 not in {path.name for path in (tmp_path / "cache").iterdir()}
    (lake / file.path).unlink()
    with pytest.raises(SnapshotDamaged, match=f"{file.path}: is missing"):
        opened(lake, tmp_path / "cache")


def test_prune_keeps_what_a_snapshot_reads(lake, tmp_path):
    cache = tmp_path / "cache"
    opened(lake, cache, 1)
    new = opened(lake, cache, 3)
    assert prune(cache, new.files()) > 0
    assert {path.name for path in cache.iterdir()} == {file.sha256 for file in new.manifest.files}
    assert new.vectors.shape[0] == len(new.garments)


def test_prune_leaves_what_is_no_download_and_downloads_under_way(tmp_path):
    old = time.time() - 2 * 24 * 3600
    for name in ("notes.txt", ".tmp-underway", ".tmp-killed", "ab" * 32):
        (tmp_path / name).write_bytes(b"12345")
    os.utime(tmp_path / ".tmp-killed", (old, old))
    assert prune(str(tmp_path), []) == 10
    assert {path.name for path in tmp_path.iterdir()} == {"notes.txt", ".tmp-underway"}


def test_it_imports_pyarrow_and_numpy_alone():
    """Neither our own packages nor an extra is loaded by opening a snapshot."""
    code = """
import sys, selvedge_searcher
ours = {"cli", "desk", "jobs", "lake", "reports", "schemas", "shops", "training", "udfs"}
extras = {"boto3", "onnxruntime", "cv2", "PIL", "simplejpeg", "pandas", "pydantic", "deltalake"}
print(sorted((ours | extras) & {name.partition(".")[0] for name in sys.modules}))
"""
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
