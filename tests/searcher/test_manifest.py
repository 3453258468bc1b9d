"""The pointer: a file of a stranger until it is proven to name a version."""

import json
from typing import Any

import pytest

from selvedge_searcher import SnapshotDamaged
from selvedge_searcher.manifest import Pointer, parse_pointer

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
