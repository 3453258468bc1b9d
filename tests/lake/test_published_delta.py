"""The published Delta tables follow a manifest, whatever they showed before."""

import json
from datetime import UTC, datetime

import pytest
from deltalake import DeltaTable

from lake.candidate import prepare
from lake.published_delta import commit
from lake.published_files import TABLES
from lake.snapshots import write
from lake.store import DiskStore
from schemas.manifest import Manifest
from tests.lake.published import catalog, facts

AT_MS = 1_772_330_400_000


@pytest.fixture
def store(tmp_path) -> DiskStore:
    return DiskStore(tmp_path)


def drafted(store: DiskStore, **shops: int) -> Manifest:
    return write(store, prepare(store, catalog(shops), None), facts(*shops)).manifest


def shown(store: DiskStore, table: str) -> list[tuple[str, int, int]]:
    """Path, bytes and rows of each file that the newest version names."""
    actions = DeltaTable(store.delta_uri(f"published/{table}")).get_add_actions()
    return sorted(zip(*(actions[name].to_pylist() for name in ("path", "size_bytes", "num_records")), strict=True))


def wanted(manifest: Manifest, table: str) -> list[tuple[str, int, int]]:
    return sorted((file.path.rpartition("/")[2], file.bytes, file.rows) for file in manifest.of(table))


def test_each_table_names_exactly_the_files_of_the_manifest(store: DiskStore) -> None:
    first, second = drafted(store, aa=3, bb=2), drafted(store, aa=3)
    for manifest in (first, second, first):
        versions = commit(store, manifest, AT_MS)
        for table in TABLES:
            assert shown(store, table) == wanted(manifest, table)
            assert DeltaTable(store.delta_uri(f"published/{table}")).version() == versions[table]
    assert set(versions.values()) == {3}


def test_what_is_shown_already_is_not_committed_again(store: DiskStore) -> None:
    manifest = drafted(store, aa=3)
    assert commit(store, manifest, AT_MS) == commit(store, manifest, AT_MS) == dict.fromkeys(TABLES, 1)


def test_no_manifest_shows_no_rows(store: DiskStore) -> None:
    assert commit(store, None, AT_MS) == dict.fromkeys(TABLES, 0)
    commit(store, drafted(store, aa=2), AT_MS)
    assert commit(store, None, AT_MS) == dict.fromkeys(TABLES, 2)
    assert [shown(store, table) for table in TABLES] == [[], [], []]


def test_a_removed_file_is_logged_with_its_size_and_time(store: DiskStore) -> None:
    manifest = drafted(store, aa=2)
    commit(store, manifest, AT_MS)
    commit(store, None, AT_MS + 5)
    (file,) = manifest.of("products")
    log = store.read("published/products/_delta_log/00000000000000000002.json").splitlines()
    (removed,) = [entry["remove"] for entry in map(json.loads, log) if "remove" in entry]
    assert removed["path"] == file.path.rpartition("/")[2]
    assert (removed["size"], removed["deletionTimestamp"], removed["dataChange"]) == (file.bytes, AT_MS + 5, True)
    assert removed["partitionValues"] == {}


def test_an_added_file_has_the_time_of_the_publish(store: DiskStore) -> None:
    commit(store, drafted(store, aa=2), AT_MS)
    times = DeltaTable(store.delta_uri("published/garments")).get_add_actions()["modification_time"].to_pylist()
    assert times == [AT_MS]
    assert datetime.fromtimestamp(AT_MS / 1000, UTC).year == 2026
