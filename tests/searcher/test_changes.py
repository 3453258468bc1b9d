from itertools import product
from pathlib import Path

import pytest

import selvedge_searcher
from lake.candidate import KEYED_GARMENTS, Rows
from lake.store import DiskStore
from selvedge_searcher import Snapshot, changes
from tests.lake.published import catalog, publish_night

NIGHTS = (
    catalog({"aa": 5, "bb": 3}),
    catalog({"aa": 5, "bb": 3}, price="11.00"),
    catalog({"aa": 2, "cc": 3}),  # most vectors die: the segment is rewritten
    catalog({"aa": 5, "bb": 3}),
)


@pytest.fixture(scope="module")
def lake(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("lake")
    for night in NIGHTS:
        publish_night(DiskStore(root), night)
    return root


def rows_by_id(rows: Rows) -> dict[tuple[str, str], dict]:
    garments = rows.garments.select(KEYED_GARMENTS.names).to_pylist()
    found = {("garments", row["garment_id"]): row for row in garments}
    return found | {("products", row["product_id"]): row for row in rows.products.to_pylist()}


def expected(old: Rows, new: Rows) -> dict[tuple[str, str], str]:
    before, after = rows_by_id(old), rows_by_id(new)
    found = dict.fromkeys(after.keys() - before.keys(), "added")
    found |= dict.fromkeys(before.keys() - after.keys(), "removed")
    return found | {key: "changed" for key in before.keys() & after.keys() if before[key] != after[key]}


def opened(lake: Path, version: int) -> Snapshot:
    return selvedge_searcher.open(str(lake), version)


@pytest.mark.parametrize(("old", "new"), list(product(range(1, 5), repeat=2)))
def test_changes_between_any_two_versions(lake, old, new):
    listed = changes(opened(lake, old), opened(lake, new))
    found = {(row["table"], row["id"]): row["change"] for row in listed.to_pylist()}
    assert len(found) == len(listed)
    assert found == expected(NIGHTS[old - 1], NIGHTS[new - 1])


@pytest.mark.parametrize("version", [2, 3, 4])
def test_the_published_list_says_what_a_comparison_says(lake, version, monkeypatch):
    old, new = opened(lake, version - 1), opened(lake, version)
    listed = changes(old, new).to_pylist()
    monkeypatch.setattr(old, "version", -1)  # no parent of anything: the rows themselves are compared
    assert changes(old, new).to_pylist() == listed
