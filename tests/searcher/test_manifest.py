"""The pointer: a file of a stranger until it is proven to name a version."""

import json
from typing import Any

import pytest

from selvedge_searcher import SnapshotDamaged
from selvedge_searcher.manifest import Category, Pointer, parse_manifest, parse_pointer

SHA256 = "a" * 64


def test_a_pointer_names_a_version_and_its_manifest() -> None:
    body = json.dumps({"version": 7, "manifest_sha256": SHA256}).encode()
    assert parse_pointer("snapshots/CURRENT", body) == Pointer(7, SHA256)


@pytest.mark.parametrize("version", [True, False, "7", "../7", 7.0, None, [7], {}, 0, -7])
def test_a_version_that_is_no_number_is_refused(version: Any) -> None:
    """It becomes a part of a path, so nothing but a number may pass."""
    refused({"version": version, "manifest_sha256": SHA256})


@pytest.mark.parametrize("record", [{}, {"version": 7}, {"manifest_sha256": SHA256},
                                    {"version": 7, "manifest_sha256": 7},
                                    {"version": 7, "manifest_sha256": SHA256, "line\nbreak": 1}])  # fmt: skip
def test_what_is_no_pointer_is_refused(record: dict[str, Any]) -> None:
    refused(record)


def refused(record: dict[str, Any]) -> None:
    with pytest.raises(SnapshotDamaged) as error:
        parse_pointer("snapshots/CURRENT", json.dumps(record).encode())
    said = "snapshots/CURRENT: is not a pointer, which is a `version` (an integer) and a `manifest_sha256`"
    assert str(error.value) == said


def manifest(categories: Any) -> bytes:
    file = {"path": "f", "bytes": 1, "sha256": SHA256, "rows": 0, "retailer": None, "segment": None}
    files = [file | {"table": table} for table in ("garments", "products")]
    said = {"schema_version": 1, "version": 1, "parent": None, "encoder": None, "content": {}}
    changes = {"path": "c", "bytes": 1, "sha256": SHA256}
    return json.dumps(said | {"files": files, "changes": changes, "facts": {"categories": categories}}).encode()


def node(parent: str | None = None, shape: Any = 1, colour: Any = 1) -> dict[str, Any]:
    return {"parent": parent, "shape": shape, "colour": colour}


def test_a_taxonomy_is_read_in_its_order() -> None:
    found = parse_manifest("m", manifest({"a": node(), "b": node("a", 2, 8)})).categories
    assert found == {"a": Category(None, 1, 1), "b": Category("a", 2, 8)}


@pytest.mark.parametrize("categories", [
    {"b": node("a"), "a": node()}, {"a": node("a")}, {"a": node(shape=-1)}, {"a": node(shape=0, colour=0)},
    {"a": node(colour=255)}, {"a": node(shape="x")}, {"a": {"parent": None}}, {"a": 7}, [node()], 7,
])  # fmt: skip
def test_what_is_no_taxonomy_is_damage(categories: Any) -> None:
    with pytest.raises(SnapshotDamaged, match="m: is not a manifest"):
        parse_manifest("m", manifest(categories))
