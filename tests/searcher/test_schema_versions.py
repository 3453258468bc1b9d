"""Versions with fewer and with more columns than this package knows."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import selvedge_searcher
from lake.published_files import TABLES
from lake.store import DiskStore
from schemas.published import ADDED, SCHEMA_VERSION
from selvedge_searcher import SchemaUnknown, SnapshotDamaged, parquet
from selvedge_searcher.manifest import SCHEMA_VERSION as READ
from tests.lake.published import become_newer, catalog, publish_night, woven


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    publish_night(DiskStore(tmp_path), catalog({"aa": 4, "bb": 2}))
    return tmp_path


def edit(lake: Path, version: int, change: Callable[[dict[str, Any]], object]) -> None:
    path = lake / f"snapshots/{version}/manifest.json"
    record = json.loads(path.read_text())
    change(record)
    path.write_text(json.dumps(record))


def test_it_knows_the_columns_that_were_added():
    for name, columns in parquet.ADDED.items():
        added = [field for field in TABLES[name].schema if field.name in ADDED[name]]
        assert list(columns) == added
    assert READ == SCHEMA_VERSION


def test_a_column_that_a_version_lacks_is_null(lake: Path, monkeypatch: pytest.MonkeyPatch):
    known = selvedge_searcher.open(str(lake)).products
    monkeypatch.setitem(parquet.ADDED, "products", parquet.ADDED["products"].append(pa.field("weave", pa.string())))
    products = selvedge_searcher.open(str(lake)).products
    assert products["weave"].null_count == len(products) == 6
    assert products.schema.field("weave").type == pa.string()
    assert products.drop_columns("weave").equals(known)


def test_files_of_both_kinds_in_one_version():
    parts = [pa.table({"id": ["1"]}), pa.table({"id": ["2"], "weave": ["twill"], "loom": [3]}), pa.table({"id": ["4"]})]
    joined = parquet.joined("garments", parts)
    assert joined.to_pydict() == {"id": ["1", "2", "4"], "weave": [None, "twill", None], "loom": [None, 3, None]}


def test_what_a_newer_minor_version_added_stays_and_the_rest_is_as_before(lake: Path, monkeypatch: pytest.MonkeyPatch):
    with monkeypatch.context() as newer:
        become_newer(newer)
        publish_night(DiskStore(lake), woven(catalog({"aa": 4, "bb": 2}), bb="twill"))
    edit(lake, 2, lambda record: record.update(looms=[1]))
    old, new = (selvedge_searcher.open(str(lake), version) for version in (1, 2))
    assert new.products["weave"].to_pylist() == [None] * 4 + ["twill"] * 2
    assert new.products.drop_columns("weave").equals(old.products)
    assert new.manifest.record["looms"] == [1]


@pytest.mark.parametrize("major", [SCHEMA_VERSION + 1, SCHEMA_VERSION - 1])
def test_another_major_version_names_the_range_and_what_to_upgrade(lake: Path, major: int):
    edit(
        lake, 1, lambda record: record.update(schema_version=major, schema_minor=2, made_by="9.8.7", files="in Iceberg")
    )
    with pytest.raises(SchemaUnknown) as refused:
        selvedge_searcher.open(str(lake), 1)
    assert str(refused.value) == (
        f"snapshots/1/manifest.json: schema version {major}.2, made by selvedge 9.8.7; this package reads 1.0 and "
        "every later 1.x: upgrade selvedge-searcher to that selvedge's release, and stay on the version that is open "
        "until then"
    )
    assert isinstance(refused.value, SnapshotDamaged)  # which search tiers of before the class are ready for


def test_a_manifest_without_a_schema_version_is_none(lake: Path):
    edit(lake, 1, lambda record: record.pop("schema_version"))
    with pytest.raises(SnapshotDamaged, match="is not a manifest") as refused:
        selvedge_searcher.open(str(lake), 1)
    assert not isinstance(refused.value, SchemaUnknown)
