"""Damage to several parts of what is published at once."""

from itertools import combinations
from pathlib import Path

import pytest

import selvedge_searcher
from lake import snapshots
from lake.doctor.finding import Kind, Lake
from lake.doctor.rounds import examine, repair
from lake.store import DiskStore
from tests.lake.published import catalog, publish_night, publish_with_second

HURT = {
    "a published log": "published/garments/_delta_log/*1.json",
    "the pointer": "snapshots/CURRENT",
    "a manifest": "snapshots/2/manifest.json",
    "a published file": "published/products/*.parquet",
    "a segment": "published/vectors/*.parquet",
}


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    store = DiskStore(tmp_path / "lake")
    for size in (5, 9):
        publish_night(store, catalog({"aa": size}))
    return Lake(store, tmp_path, 60.0)


@pytest.mark.parametrize("hurt", [*combinations(HURT, 2), tuple(HURT)], ids=" and ".join)
def test_any_of_it_together_is_mended_in_one_go(lake: Lake, tmp_path: Path, hurt: tuple[str, ...]) -> None:
    for name in hurt:
        newest = max((tmp_path / "lake").glob(HURT[name]), key=lambda path: path.stat().st_mtime_ns)
        newest.write_bytes(newest.read_bytes()[: newest.stat().st_size // 2])
    assert examine(lake)
    assert [finding.line for finding in repair(lake).remaining] == []
    live = snapshots.current(lake.store)
    assert live is None or selvedge_searcher.open(lake.store.uri).version == live
    assert not {finding.kind for finding in examine(lake)} & set(Kind)


@pytest.mark.parametrize("deep", [False, True])
@pytest.mark.parametrize("place", range(2), ids=["segment", "places"])
def test_a_damaged_second_embedding_stops_nothing_and_goes_out_of_the_way(
    tmp_path: Path, place: int, deep: bool
) -> None:
    store = DiskStore(tmp_path / "lake")
    second = publish_with_second(store, catalog({"aa": 5}), 4).second
    assert second is not None
    lake, path = Lake(store, tmp_path, 60.0), store.root / second.files[place].path
    assert examine(lake, deep) == []
    body = path.read_bytes()
    path.write_bytes(body[:-9] + b"?" * 9 if deep else body[:-9])
    (finding,) = examine(lake, deep)
    assert (finding.kind, finding.place, finding.stops) == (Kind.SECOND, second.files[place].path, False)
    assert "the next night makes the second embedding anew" in finding.line
    assert repair(lake).remaining == []
    assert not path.exists()
    assert (store.root / "lost+found" / second.files[place].path).exists()
    assert selvedge_searcher.open(store.uri).version == 1
