"""A publish that dies between any two of its writes costs nothing: readers stay, the next night publishes."""

import shutil
from pathlib import Path

import pytest
from deltalake import DeltaTable

import selvedge_searcher
from lake import published_delta
from lake.candidate import prepare
from lake.snapshots import current, manifest, parent, publish, verify, versions, write
from lake.store import DiskStore
from tests.lake.published import NIGHT, catalog, facts, publish_night

BEFORE = {"aa": 4, "bb": 3}
AFTER = {"aa": 5, "cc": 2}
STEPS = 13
"""4 files of rows, segment, changes, candidate, 3 Delta commits, manifest, pointer, and the candidate's end."""


class Killed(Exception):
    pass


class MortalStore(DiskStore):
    """Dies in front of its n-th change."""

    def __init__(self, root: Path, steps: int) -> None:
        super().__init__(root)
        self.steps = steps

    def step(self) -> None:
        self.steps -= 1
        if self.steps < 0:
            raise Killed

    def write(self, path: str, body: bytes) -> None:
        self.step()
        super().write(path, body)

    def write_if(self, path: str, body: bytes, expected: bytes | None) -> bool:
        self.step()
        before, self.steps = self.steps, self.steps + 1  # the write inside is the same change
        try:
            return super().write_if(path, body, expected)
        finally:
            self.steps = before

    def delete(self, path: str) -> None:
        self.step()
        super().delete(path)


@pytest.fixture(scope="module")
def one_version(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("lake")
    publish_night(DiskStore(root), catalog(BEFORE))
    return root


@pytest.fixture
def mortal(monkeypatch):
    """Delta commits are steps too."""
    commit = published_delta._commit

    def counted(store, *arguments):
        if isinstance(store, MortalStore):
            store.step()
        return commit(store, *arguments)

    monkeypatch.setattr(published_delta, "_commit", counted)


def night(store: DiskStore) -> bool:
    candidate = prepare(store, catalog(AFTER), parent(store))
    if candidate.is_new:
        publish(store, write(store, candidate, facts(*AFTER)), [], NIGHT)
    return candidate.is_new


def steps_of_a_publish(one_version: Path, root: Path) -> int:
    shutil.copytree(one_version, root)
    store = MortalStore(root, 1000)
    night(store)
    return 1000 - store.steps


def test_the_number_of_steps_is_known(one_version, tmp_path, mortal):
    assert steps_of_a_publish(one_version, tmp_path / "lake") == STEPS


@pytest.mark.parametrize("survived", range(STEPS))
def test_killed_after_some_steps(one_version, tmp_path, mortal, survived):
    root = tmp_path / "lake"
    shutil.copytree(one_version, root)
    with pytest.raises(Killed):
        night(MortalStore(root, survived))

    store = DiskStore(root)
    seen = selvedge_searcher.open(str(root))
    assert seen.version == current(store)
    assert (seen.version == 1) == (survived < STEPS - 1)  # all but the last steps come before the pointer
    assert set(seen.products["retailer"].to_pylist()) == set(BEFORE if seen.version == 1 else AFTER)

    assert night(store) == (seen.version == 1)
    version = manifest(store, current(store))
    assert version.content_digest == prepare(store, catalog(AFTER), None).content_digest
    assert verify(store, version.version) == []
    assert selvedge_searcher.open(str(root)).version == version.version
    for table in ("garments", "products", "vectors"):
        handle = DeltaTable(store.delta_uri(f"published/{table}"))
        assert handle.to_pyarrow_table().num_rows == version.rows(table)


def test_a_first_version_that_died_in_front_of_the_pointer_is_published_again(tmp_path, mortal):
    root = tmp_path / "lake"
    with pytest.raises(Killed):
        night(MortalStore(root, STEPS - 2))
    store = DiskStore(root)
    assert (current(store), versions(store)) == (None, [1])
    assert night(store)
    assert (current(store), versions(store)) == (2, [1, 2])
