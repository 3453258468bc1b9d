"""Which versions stay, and which files no kept version needs."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lake import snapshots
from lake.candidate import prepare
from lake.published_files import DamagedSnapshot
from lake.store import DiskStore
from lake.vacuum.versions import folders_of, kept_versions, unneeded_encoders, unneeded_files, unneeded_seconds
from tests.lake.published import NIGHT, catalog, facts, publish_with_second

DAYS = (0, 20, 40, 45, 46)
"""From 2026-01-01 on a version is published on these: 1 in January, 21 in January, 10, 15 and 16 February."""

FIRST = datetime(2026, 1, 1, 3, tzinfo=UTC)
TO_COME = datetime.now(UTC) + timedelta(days=1)


@pytest.fixture(scope="module")
def years(tmp_path_factory: pytest.TempPathFactory) -> DiskStore:
    """Nothing may change it."""
    store = DiskStore(tmp_path_factory.mktemp("versions"))
    for at, day in enumerate(DAYS):
        candidate = prepare(store, catalog({"shop": 2 + at}), snapshots.parent(store))
        snapshots.publish(store, snapshots.write(store, candidate, facts("shop")), [], FIRST + timedelta(days=day))
    return store


@pytest.mark.parametrize(
    ("newest", "months", "day", "recent", "monthly"),
    [
        (1, 0, 100, [5], []),
        (2, 0, 100, [4, 5], []),
        (1, 12, 100, [5], [1, 3]),
        (1, 2, 100, [5], [3]),  # in April
        (1, 0, 47, [4, 5], []),  # 4 was live until a day ago: a search tier may still read it
        (9, 12, 100, [1, 2, 3, 4, 5], []),
    ],
)
def test_the_versions_that_stay(
    years: DiskStore, newest: int, months: int, day: int, recent: list[int], monthly: list[int]
) -> None:
    kept = kept_versions(years, newest, months, FIRST + timedelta(days=day))
    assert [manifest.version for manifest in kept.recent] == recent
    assert [manifest.version for manifest in kept.monthly] == monthly
    assert kept.gone == sorted({1, 2, 3, 4, 5} - {*recent, *monthly})
    assert [manifest.version for manifest in kept.all] == sorted([*recent, *monthly])


def test_files_of_versions_that_go_the_manifest_first(years: DiskStore) -> None:
    kept = kept_versions(years, 3, 0, FIRST + timedelta(days=100))
    found = [entry.path for entry in folders_of(years, kept, TO_COME)]
    assert found[:2] == ["snapshots/1/manifest.json", "snapshots/2/manifest.json"]
    assert {path.split("/")[1] for path in found} == {"1", "2"}


def test_a_published_file_stays_while_a_kept_version_lists_it(years: DiskStore) -> None:
    late = FIRST + timedelta(days=100)
    everything, last = kept_versions(years, 9, 0, late), kept_versions(years, 1, 0, late)
    assert unneeded_files(years, "garments", everything, TO_COME) == []
    gone = {entry.path for entry in unneeded_files(years, "garments", last, TO_COME)}
    listed = {file.path for file in last.all[0].of("garments")}
    assert gone == {file.path for manifest in everything.all for file in manifest.of("garments")} - listed
    assert unneeded_files(years, "garments", last, FIRST) == [], "no file is as old as that"


def test_an_encoder_stays_while_it_is_needed_or_young(tmp_path: Path, years: DiskStore) -> None:
    store, kept = DiskStore(tmp_path), kept_versions(years, 1, 0, FIRST + timedelta(days=100))
    for digest in ("a" * 64, "b" * 64):
        store.write(f"encoders/{digest}/model.onnx", b"weights")
    found = unneeded_encoders(store, kept, {"a" * 64}, TO_COME)
    assert [entry.path for entry in found] == [f"encoders/{'b' * 64}/model.onnx"]
    assert unneeded_encoders(store, kept, (), FIRST) == []


def test_a_pointer_to_no_version_stops_it(tmp_path: Path) -> None:
    store = DiskStore(tmp_path)
    candidate = prepare(store, catalog({"shop": 1}), None)
    snapshots.publish(store, snapshots.write(store, candidate, facts("shop")), [], FIRST)
    (tmp_path / "snapshots" / "1").rename(tmp_path / "snapshots" / "7")
    with pytest.raises(DamagedSnapshot, match="so nothing is deleted"):
        kept_versions(store, 1, 0, FIRST)


def test_files_of_a_second_embedding_stay_while_a_kept_version_has_them(tmp_path: Path) -> None:
    store = DiskStore(tmp_path)
    first, after = (publish_with_second(store, catalog({"shop": size}), 99).second for size in (9, 2))
    assert first is not None
    assert after is not None
    both = kept_versions(store, 2, 0, NIGHT + timedelta(days=9))
    assert unneeded_seconds(store, both, TO_COME) == []
    last = kept_versions(store, 1, 0, NIGHT + timedelta(days=9))
    gone = {file.path for file in first.files} - {file.path for file in after.files}
    assert {entry.path for entry in unneeded_seconds(store, last, TO_COME)} == gone
    assert gone
    assert unneeded_seconds(store, last, FIRST) == [], "younger than any task"


def test_the_encoder_of_a_second_embedding_is_needed(tmp_path: Path) -> None:
    store = DiskStore(tmp_path)
    publish_with_second(store, catalog({"shop": 2}), 1)
    for digest in ("3" * 64, "4" * 64):
        store.write(f"encoders/{digest}/encoder.json", b"{}")
    kept = kept_versions(store, 1, 0, NIGHT + timedelta(days=9))
    gone = [entry.path for entry in unneeded_encoders(store, kept, set(), TO_COME)]
    assert gone == [f"encoders/{'4' * 64}/encoder.json"]
