import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

import schemas.manifest
from schemas.errors import WrongInput
from schemas.manifest import FILES, Content, Facts, Manifest, StoredFile, check_parent, read_manifest
from schemas.published import SCHEMA_MINOR, SCHEMA_VERSION
from schemas.version import program_version

WRITTEN = Path(schemas.manifest.__file__).with_name("manifest.schema.json")
FIRST = {
    "StoredFile": {"path", "bytes", "sha256"},
    "DataFile": {"path", "bytes", "sha256", "table", "rows", "retailer", "segment"},
}
"""What the first searcher makes of a file: another key is an error to it."""

KEYS = {
    "Manifest": "schema_version schema_minor made_by version parent published_at delta files changes encoder second "
    "content_digest content parts references counts facts gates",
    "StoredFile": "path bytes sha256",
    "DataFile": "path bytes sha256 table rows retailer segment",
    "Encoder": "digest files",
    "Second": "model encoder garments vectors places",
    "Content": "garments products vectors",
    "Part": "start content files",
    "Counts": "garments products categories",
    "Facts": "retailers models taxonomy mappings made_from categories",
    "Category": "parent shape colour",
    "RetailerState": "feed_sha256 feed_age_hours status reason",
    "Gate": "name retailer value bound passed accepted_because",
}
"""The keys of minor version 4: programs of that version call a manifest of it damaged that has another."""

NEWER = SCHEMA_MINOR + 1


def record(**changes: Any) -> dict[str, Any]:
    """A manifest as JSON."""
    made = Manifest(
        version=4, parent=3, published_at=datetime(2026, 1, 2, 3, tzinfo=UTC), schema_version=SCHEMA_VERSION, delta={},
        files=[], changes=StoredFile(path="c", bytes=1, sha256="0" * 64), encoder=None, content_digest="1" * 64,
        content={"aa": Content(garments="2", products="3", vectors="4")}, counts={},
        facts=Facts(retailers={}, models={}, taxonomy="5", mappings={}), gates=[],
    )  # fmt: skip
    return made.model_dump(mode="json") | changes


def read(**changes: Any) -> Manifest:
    return read_manifest("snapshots/4/manifest.json", json.dumps(record(**changes)).encode())


def test_the_schema_file_is_current():
    """Made by `python -m schemas.manifest > schemas/manifest.schema.json`."""
    assert json.loads(WRITTEN.read_text()) == schemas.manifest.json_schema()


def test_a_file_has_the_keys_that_the_first_searcher_knows():
    described = json.loads(WRITTEN.read_text())["$defs"]
    assert {name: set(described[name]["properties"]) for name in FILES} == FIRST
    assert [name for name, part in described.items() if part.get("additionalProperties") is False] == sorted(FILES)


def test_another_key_is_another_minor_version():
    described = json.loads(WRITTEN.read_text())
    records = {"Manifest": described} | described["$defs"]
    assert SCHEMA_MINOR == 4
    assert {name: set(part["properties"]) for name, part in records.items()} == {
        name: set(keys.split()) for name, keys in KEYS.items()
    }


def test_a_manifest_of_before_the_minor_versions():
    older = record()
    del older["schema_minor"], older["made_by"]
    found = read_manifest("m", json.dumps(older).encode())
    assert (found.schema_version, found.schema_minor, found.made_by) == (SCHEMA_VERSION, 0, None)


def test_what_a_newer_minor_version_added_is_left_out():
    facts = record()["facts"] | {"weather": "rain"}
    newer = read(schema_minor=NEWER, made_by="9.8.7", looms=[1], facts=facts)
    assert (newer.schema_minor, newer.made_by) == (NEWER, "9.8.7")
    assert newer.model_dump(mode="json") == record(schema_minor=NEWER, made_by="9.8.7")


@pytest.mark.parametrize("minor", range(SCHEMA_MINOR + 1))
def test_unknown_keys_of_a_version_that_is_known_are_refused(minor: int):
    with pytest.raises(ValidationError, match="looms"):
        read(schema_minor=minor, looms=[1])
    with pytest.raises(ValidationError, match="weather"):
        read(schema_minor=minor, facts=record()["facts"] | {"weather": "rain"})


@pytest.mark.parametrize("changes", [{"version": "four"}, {"content": None}, {"schema_minor": "one"}])
def test_a_newer_minor_version_is_still_to_be_whole(changes: dict[str, Any]):
    with pytest.raises(ValidationError):
        read(**({"schema_minor": NEWER} | changes))


@pytest.mark.parametrize(
    ("major", "todo"),
    [(SCHEMA_VERSION + 1, "upgrade selvedge"), (SCHEMA_VERSION - 1, "publish again, or use the selvedge that made it")],
)
def test_another_major_version_says_what_to_do(major: int, todo: str):
    with pytest.raises(WrongInput) as refused:
        read(schema_version=major, schema_minor=2, made_by="9.8.7", looms=[1])
    assert refused.value.exit_code == 2
    assert str(refused.value) == (
        f"snapshots/4/manifest.json: has schema version {major}.2, made by selvedge 9.8.7; this program "
        f"({program_version()}) reads {SCHEMA_VERSION}.x and writes {SCHEMA_VERSION}.{SCHEMA_MINOR}; "
        f"to act: the data engineer ({todo})"
    )


@pytest.mark.parametrize("body", [b"[]", b"{}", b"null", b"{"])
def test_what_is_no_manifest(body: bytes):
    with pytest.raises(ValidationError):
        read_manifest("m", body)


def test_only_a_version_of_a_newer_program_cannot_be_followed():
    check_parent(None)
    check_parent(read())
    check_parent(read(schema_minor=0))
    with pytest.raises(WrongInput, match="would take columns out"):
        check_parent(read(schema_minor=NEWER))
