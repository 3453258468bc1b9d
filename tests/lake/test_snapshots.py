import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable

from lake import snapshots
from lake.candidate import Rows, prepare
from lake.published_files import TABLES, DamagedSnapshot
from lake.snapshots import current, hold, live, manifest, parent, rollback, verify, versions
from lake.store import DiskStore
from schemas.errors import HeldByAnother, WrongInput
from schemas.manifest import Gate, Manifest
from schemas.published import GARMENTS, PRODUCTS
from tests.lake.published import NIGHT, catalog, facts, publish_night


@pytest.fixture
def store(tmp_path) -> DiskStore:
    return DiskStore(tmp_path / "lake")


def delta_ids(store: DiskStore, table: str) -> list[str]:
    key = TABLES[table].key[0]
    uri = store.delta_uri(f"published/{table}")
    return sorted(DeltaTable(uri).to_pyarrow_table(columns=[key])[key].to_pylist())


def published_ids(store: DiskStore, version: Manifest, table: str) -> list[str]:
    key = TABLES[table].key[0]
    parts = [pq.read_table(store.root / file.path, columns=[key]) for file in version.of(table)]
    return sorted(pa.concat_tables(parts)[key].to_pylist())


def test_a_first_version_is_live_and_whole(store):
    published = publish_night(store, catalog({"aa": 5, "bb": 3}))
    assert published.live
    assert (current(store), versions(store), verify(store, 1)) == (1, [1], [])
    written = manifest(store, 1)
    assert written.parent is None
    assert written.published_at == NIGHT
    assert written.counts["aa"].categories == {"dress": 3, "shirt": 3, "skirt": 1}
    assert (written.counts["bb"].garments, written.counts["bb"].products) == (4, 3)
    assert written.rows("garments") == written.rows("vectors") == 11


def test_the_same_rows_twice_make_no_new_version(store):
    publish_night(store, catalog({"aa": 5}))
    before = store.list("")
    assert publish_night(store, catalog({"aa": 5})) is None
    assert store.list("") == before


def test_delta_readers_see_the_same_rows(store):
    for shops in ({"aa": 5, "bb": 3}, {"aa": 5}, {"aa": 6, "cc": 2}):
        version = publish_night(store, catalog(shops)).manifest
        for table in TABLES:
            assert delta_ids(store, table) == published_ids(store, version, table)
            handle = DeltaTable(store.delta_uri(f"published/{table}"))
            assert handle.version() == version.delta[table]


def test_an_older_version_reads_from_the_delta_version_that_its_manifest_names(store):
    first = publish_night(store, catalog({"aa": 5})).manifest
    publish_night(store, catalog({"aa": 2}))
    handle = DeltaTable(store.delta_uri("published/garments"), version=first.delta["garments"])
    assert sorted(handle.to_pyarrow_table()["garment_id"].to_pylist()) == published_ids(store, first, "garments")


def test_published_rows_read_back_with_their_types(store):
    rows = catalog({"aa": 5})
    version = publish_night(store, rows).manifest
    files = {file.table: store.root / file.path for file in version.files}
    assert pq.read_table(files["products"], schema=PRODUCTS.schema).to_pylist() == rows.products.to_pylist()
    garments = pq.read_table(files["garments"], schema=GARMENTS.schema)
    assert garments["box"].to_pylist() == rows.garments["box"].to_pylist()
    assert b"ARROW:schema" not in (pq.read_metadata(files["vectors"]).metadata or {})
    column = pq.read_metadata(files["vectors"]).row_group(0).column(1)
    assert (column.path_in_schema, column.compression) == ("embedding.list.element", "UNCOMPRESSED")


def test_a_retailer_that_leaves_takes_its_rows_along(store):
    publish_night(store, catalog({"aa": 3, "bb": 2}))
    version = publish_night(store, catalog({"aa": 3})).manifest
    assert {file.retailer for file in version.of("products")} == {"aa"}
    assert list(version.content) == ["aa"]


def test_a_version_without_any_row_keeps_its_columns(store):
    publish_night(store, catalog({"aa": 3}))
    version = publish_night(store, catalog({})).manifest
    assert (version.rows("garments"), version.rows("products"), version.of("vectors")) == (0, 0, [])
    assert pq.read_schema(store.root / version.of("garments")[0].path).names == GARMENTS.schema.names


def test_large_retailers_are_cut_into_files(store, monkeypatch):
    monkeypatch.setattr("lake.published_files.ROWS_PER_FILE", 4)
    monkeypatch.setattr("lake.segments.ROWS_PER_SEGMENT", 5)
    version = publish_night(store, catalog({"aa": 8})).manifest
    assert [file.rows for file in version.of("garments")] == [4, 4, 4]
    assert [file.rows for file in version.of("vectors")] == [5, 5, 2]
    assert verify(store, 1) == []
    assert publish_night(store, catalog({"aa": 8})) is None


def test_gates_and_facts_are_kept(store):
    gate = Gate(name="rows", value=12.0, bound=10.0, passed=True, accepted_because="a sale ended")
    candidate = prepare(store, catalog({"aa": 3}), None)
    snapshots.publish(store, snapshots.write(store, candidate, facts("aa")), [gate], NIGHT)
    assert manifest(store, 1).gates == [gate]
    assert manifest(store, 1).facts == facts("aa")


def test_a_draft_is_no_version(store):
    publish_night(store, catalog({"aa": 3}))
    snapshots.write(store, prepare(store, catalog({"aa": 4}), parent(store)), facts("aa"))
    assert (versions(store), current(store)) == ([1], 1)
    assert delta_ids(store, "products") == ["aa:0000", "aa:0001", "aa:0002"]
    assert publish_night(store, catalog({"aa": 5})).manifest.version == 3  # the refused number is never used again


def test_two_runs_that_publish_the_same_number_do_not_mix(store):
    draft = snapshots.write(store, prepare(store, catalog({"aa": 3}), None), facts("aa"))
    snapshots.publish(store, draft, [], NIGHT)
    with pytest.raises(HeldByAnother, match="snapshots/1"):
        snapshots.publish(store, draft, [], NIGHT)
    assert verify(store, 1) == []


def test_rollback_holds_the_pointer_until_live(store):
    for size in (3, 4, 5):
        publish_night(store, catalog({"aa": size}))
    target = rollback(store, 2, "ann", "half of the skirts are gone")
    assert (current(store), target.version) == (2, 2)
    assert (hold(store).who, hold(store).why) == ("ann", "half of the skirts are gone")
    assert delta_ids(store, "garments") == published_ids(store, target, "garments")

    night = publish_night(store, catalog({"aa": 6}))
    assert (night.live, night.manifest.version, night.manifest.parent, current(store)) == (False, 4, 3, 2)
    assert delta_ids(store, "garments") == published_ids(store, target, "garments")
    assert publish_night(store, catalog({"aa": 6})) is None  # the held version is the night's parent

    live(store, 4)
    assert (current(store), hold(store)) == (4, None)
    assert delta_ids(store, "garments") == published_ids(store, manifest(store, 4), "garments")
    assert publish_night(store, catalog({"aa": 7})).live


def test_rollback_to_a_damaged_version_is_refused_and_changes_nothing(store):
    publish_night(store, catalog({"aa": 3}))
    publish_night(store, catalog({"aa": 4}))
    file = store.root / manifest(store, 1).of("products")[0].path
    body = bytearray(file.read_bytes())
    body[10] ^= 1
    file.write_bytes(body)
    with pytest.raises(DamagedSnapshot, match="its sha256 differs"):
        rollback(store, 1, "ann", "to try")
    assert (current(store), hold(store)) == (2, None)


def test_rollback_to_a_version_that_is_not_there_says_which_are(store):
    publish_night(store, catalog({"aa": 3}))
    with pytest.raises(WrongInput, match=r"there is no version 7 \(kept: 1\)"):
        rollback(store, 7, "ann", "to try")


def test_verify_names_every_fault(store):
    version = publish_night(store, catalog({"aa": 3, "bb": 2})).manifest
    first, second = version.of("products")
    (store.root / first.path).unlink()
    (store.root / second.path).write_bytes(b"short")
    faults = verify(store, 1)
    assert faults[0] == f"{first.path}: is missing"
    assert faults[1] == f"{second.path}: 5 bytes where the manifest says {second.bytes}"


def test_a_publish_does_not_move_a_pointer_that_was_moved_meanwhile(store):
    publish_night(store, catalog({"aa": 3}))
    publish_night(store, catalog({"aa": 4}))
    draft = snapshots.write(store, prepare(store, catalog({"aa": 5}), parent(store)), facts("aa"))
    live(store, 1)
    assert not snapshots.publish(store, draft, [], NIGHT).live
    assert current(store) == 1


def test_a_published_file_is_never_written_again(store):
    publish_night(store, catalog({"aa": 3, "bb": 2}))
    before = {path: path.stat().st_mtime_ns for path in store.root.rglob("*.parquet")}
    publish_night(store, catalog({"aa": 4}))
    rollback(store, 1, "ann", "to try")
    live(store, 2)
    assert before.items() <= {path: path.stat().st_mtime_ns for path in store.root.rglob("*.parquet")}.items()


def test_the_pointer_is_one_line_that_proves_the_manifest(store):
    publish_night(store, catalog({"aa": 3}))
    line = store.read("snapshots/CURRENT")
    assert line.count(b"\n") == 1
    assert json.loads(line).keys() == {"version", "manifest_sha256"}


def test_a_candidate_for_another_encoder_is_refused(store):
    candidate = prepare(store, catalog({"aa": 1}), None, encoder="0" * 64)
    with pytest.raises(ValueError, match="another encoder"):
        snapshots.write(store, candidate, facts("aa"))


def test_rows_that_lack_a_column_are_refused(store):
    rows = catalog({"aa": 1})
    with pytest.raises(KeyError, match="price"):
        prepare(store, Rows(rows.garments, rows.products.drop_columns("price"), rows.vectors), None)
