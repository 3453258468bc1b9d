"""Whoever follows a lake hears of each new version once, and of what cannot be opened."""

import threading
from pathlib import Path

import pytest

import selvedge_searcher
from lake import snapshots
from lake.store import DiskStore
from selvedge_searcher import SnapshotDamaged, SnapshotMissing, changes, follow
from tests.lake.published import catalog, publish_night

SOON = 0.001


def publish(lake: Path, shops: dict[str, int]) -> None:
    publish_night(DiskStore(lake), catalog(shops))


def steps(lake: Path, **said):
    return follow(str(lake), poll_s=SOON, **said)


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    publish(tmp_path / "lake", {"aa": 3})
    return tmp_path / "lake"


def test_each_version_is_said_once_with_its_changes(lake: Path) -> None:
    found = steps(lake)
    first = next(found)
    assert (first.snapshot.version, first.changes, first.error, first.withdrawn) == (1, None, None, None)
    publish(lake, {"aa": 4})
    second = next(found)
    assert (second.snapshot.version, second.error) == (2, None)
    assert second.changes.equals(changes(first.snapshot, second.snapshot))
    assert len(second.changes) > 0
    publish(lake, {"aa": 5})
    publish(lake, {"aa": 6})
    last = next(found)
    assert last.snapshot.version == 4
    assert last.changes.equals(changes(second.snapshot, last.snapshot))


def test_a_version_that_is_held_is_not_said_again(lake: Path) -> None:
    held = selvedge_searcher.open(str(lake))
    assert list(steps(lake, held=held, timeout_s=0.02)) == []
    publish(lake, {"aa": 4})
    (step,) = steps(lake, held=held, timeout_s=0.02)
    assert (step.snapshot.version, len(step.changes) > 0) == (2, True)


def test_a_version_that_was_taken_back_is_named(lake: Path) -> None:
    publish(lake, {"aa": 4})
    found = steps(lake)
    live = next(found).snapshot
    snapshots.rollback(DiskStore(lake), 1, "AK", "wrong prices")
    step = next(found)
    assert (step.snapshot.version, step.withdrawn) == (1, 2)
    assert step.changes.equals(changes(live, step.snapshot))
    snapshots.live(DiskStore(lake), 2)
    assert (next(found).withdrawn) is None


def test_a_damaged_version_is_said_once_and_taken_when_it_is_mended(lake: Path) -> None:
    found = steps(lake, timeout_s=0.05)
    first = next(found).snapshot
    publish(lake, {"aa": 3, "bb": 2})
    new = next(entry for entry in selvedge_searcher.open(str(lake)).manifest.files if entry not in first.manifest.files)
    body = (lake / new.path).read_bytes()
    (lake / new.path).write_bytes(body[:-1])
    step = next(found)
    assert (step.snapshot, step.changes) == (first, None)
    assert isinstance(step.error, SnapshotDamaged)
    assert new.path in str(step.error)
    (lake / new.path).write_bytes(body)
    step = next(found)
    assert (step.snapshot.version, step.error) == (2, None)
    (lake / "snapshots/CURRENT").write_bytes(b"{")
    (step,) = found  # said once, then nothing until the time is over
    assert (step.snapshot.version, type(step.error)) == (2, SnapshotDamaged)


def test_a_lake_that_has_published_nothing_is_waited_for(tmp_path: Path) -> None:
    found = steps(tmp_path / "lake")
    step = next(found)
    assert (step.snapshot, type(step.error)) == (None, SnapshotMissing)
    publish(tmp_path / "lake", {"aa": 1})
    assert (next(found).snapshot.version) == 1


def test_it_ends_when_it_is_told_to(lake: Path) -> None:
    stop = threading.Event()
    found = follow(str(lake), poll_s=3600, stop=stop)
    next(found)
    stop.set()
    assert list(found) == []
