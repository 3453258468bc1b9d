import hashlib
import json

import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable

from lake import snapshots
from lake.candidate import Rows, prepare
from lake.published_files import TABLES, DamagedSnapshot
from lake.snapshots import current, hold, live, manifest, parent, rollback, verify, versions
from lake.store import DiskStore
from schemas.errors import HeldByAnother, Stop, WrongInput
from schemas.manifest import Counts, Encoder, Gate, Manifest, Pointer, StoredFile
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


def test_before_the_first_version_there_is_nothing_and_nothing_to_mend(store):
    assert (current(store), versions(store), parent(store), hold(store)) == (None, [], None, None)
    snapshots.mend(store, NIGHT)
    assert store.list("") == []
    with pytest.raises(WrongInput, match=r"there is no version 1 \(kept: none\)"):
        manifest(store, 1)


def test_a_version_that_is_not_kept_is_answered_with_the_last_five(store):
    for size in range(1, 8):
        publish_night(store, catalog({"aa": size}))
    with pytest.raises(WrongInput, match=r"there is no version 8 \(kept: 3, 4, 5, 6, 7\)"):
        manifest(store, 8)


def test_a_damaged_pointer_or_manifest_is_said_with_what_to_do(store):
    publish_night(store, catalog({"aa": 1}))
    store.write("snapshots/1/manifest.json", b"{}")
    with pytest.raises(DamagedSnapshot) as caught:
        manifest(store, 1)
    assert str(caught.value) == (
        f"{store.uri}/snapshots/1/manifest.json: is damaged; to act: the data engineer (`selvedge doctor --repair`, or "
        "`selvedge rollback VERSION` to another one)"
    )
    store.write("snapshots/CURRENT", b"1")
    with pytest.raises(DamagedSnapshot) as caught:
        current(store)
    assert str(caught.value) == (
        f"{store.uri}/snapshots/CURRENT: is damaged; to act: the data engineer (`selvedge doctor --repair`, or "
        "`selvedge live VERSION`)"
    )


def test_a_version_says_when_it_was_published_and_what_came_before(store):
    first = publish_night(store, catalog({"aa": 2})).manifest
    second = publish_night(store, catalog({"aa": 3})).manifest
    assert (first.parent, second.parent) == (None, 1)
    assert first.published_at == second.published_at == NIGHT
    assert manifest(store, 2) == second
    assert first.schema_version == 1
    assert store.list("snapshots/1")[0].path == "snapshots/1/changes.parquet"
    assert not store.exists("snapshots/1/candidate.json")
    changes = pq.read_table(store.root / second.changes.path).to_pylist()
    assert [(row["id"], row["change"]) for row in changes] == [("aa:0002/0", "added"), ("aa:0002", "added")]
    at = DeltaTable(store.delta_uri("published/garments")).get_add_actions()["modification_time"].to_pylist()
    assert set(at) == {int(NIGHT.timestamp() * 1000)}


def test_the_rows_of_each_retailer_are_counted(store):
    rows = catalog({"aa": 5, "bb": 3, "cc": 1})
    garments = rows.garments.filter(pa.compute.not_equal(rows.garments["retailer"], "cc"))
    counts = prepare(store, Rows(garments, rows.products, rows.vectors), None).counts
    assert counts == {
        "aa": Counts(garments=7, products=5, categories={"dress": 3, "shirt": 3, "skirt": 1}),
        "bb": Counts(garments=4, products=3, categories={"dress": 2, "shirt": 1, "skirt": 1}),
        "cc": Counts(garments=0, products=1, categories={}),
    }
    assert list(counts["aa"].categories) == ["dress", "shirt", "skirt"]


def test_files_that_did_not_change_are_carried(store):
    first = publish_night(store, catalog({"aa": 5, "bb": 3})).manifest
    second = publish_night(store, catalog({"aa": 5, "bb": 4})).manifest
    carried = {file.path for file in first.files} & {file.path for file in second.files}
    assert {(file.table, file.retailer) for file in second.files if file.path in carried} == {
        ("garments", "aa"), ("products", "aa"), ("vectors", None),
    }  # fmt: skip
    assert [file.retailer for file in second.of("garments")] == ["aa", "bb"]
    assert verify(store, 2) == []


def damaged(store, version, **changed):
    """Write a version's manifest as it is not."""
    other = manifest(store, version).model_copy(update=changed)
    store.write(f"snapshots/{version}/manifest.json", other.model_dump_json().encode())


def test_verify_looks_at_rows_changes_and_encoder_too(store):
    whole = publish_night(store, catalog({"aa": 3})).manifest
    counted = {"aa": Counts(garments=3, products=4, categories={})}
    damaged(store, 1, counts=counted)
    assert verify(store, 1) == ["garments: 4 rows in files, 3 by retailer", "products: 3 rows in files, 4 by retailer"]
    garments = whole.of("garments")[0]
    files = [garments.model_copy(update={"rows": 9}), *whole.of("products"), *whole.of("vectors")]
    lost = StoredFile(path="encoders/e/encoder.json", bytes=1, sha256="0" * 64)
    changes = whole.changes.model_copy(update={"sha256": "0" * 64})
    damaged(store, 1, counts=whole.counts, files=files, changes=changes, encoder=Encoder(digest="e", files=[lost]))
    assert verify(store, 1) == [
        f"{garments.path}: 4 rows where the manifest says 9",
        f"{changes.path}: its sha256 differs from the manifest's",
        "encoders/e/encoder.json: is missing",
        "garments: 9 rows in files, 4 by retailer",
    ]
    with pytest.raises(DamagedSnapshot) as caught:
        live(store, 1)
    said = f"version 1 is damaged and cannot go live: {garments.path}: 4 rows where the manifest says 9 (4 in all)"
    assert str(caught.value) == said


def test_a_pointer_that_another_run_moves_back_ends_the_command(store, monkeypatch):
    for size in (1, 2):
        publish_night(store, catalog({"aa": size}))
    monkeypatch.setattr(snapshots, "mend", lambda store, at: live_again(store, 2))
    with pytest.raises(
        Stop, match=r"^snapshots/CURRENT: another run moved the pointer at the same time; run the command"
    ):
        rollback(store, 1, "ann", "to try")


def live_again(store, version):
    body = store.read(f"snapshots/{version}/manifest.json")
    pointer = Pointer(version=version, manifest_sha256=hashlib.sha256(body).hexdigest())
    store.write("snapshots/CURRENT", pointer.model_dump_json().encode())


def test_other_files_among_the_versions_are_none(store):
    publish_night(store, catalog({"aa": 1}))
    store.write("snapshots/9", b"")
    store.write("snapshots/notes/manifest.json", b"")
    store.write("snapshots/7/deeper/manifest.json", b"")
    assert versions(store) == [1]
    assert publish_night(store, catalog({"aa": 2})).manifest.version == 2
