"""The parts of a version's manifest that this package reads; the whole manifest is in `Manifest.record`."""

import json
from dataclasses import dataclass, replace
from typing import Any

from selvedge_searcher.errors import SchemaUnknown, SnapshotDamaged

SCHEMA_VERSION = 1
"""The major version that this package reads, with any minor one: those add columns and take none away."""

MOST_WEIGHT = 255
"""Of a category's two weights together: weighted distances of 128 bits fit in 16."""


@dataclass(frozen=True)
class File:
    """A file of the lake, with its expected size and sha256."""

    path: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class DataFile(File):
    """A Parquet file of a published table."""

    table: str
    rows: int
    retailer: str | None
    segment: str | None


@dataclass(frozen=True)
class EncoderFiles:
    """The version's encoder folder."""

    digest: str
    files: tuple[File, ...]


@dataclass(frozen=True)
class SecondFiles:
    """Another embedding of the same garments: its release, encoder, segments, and where each garment's vector is."""

    model: str  # digest of the release
    encoder: EncoderFiles
    vectors: tuple[DataFile, ...]
    places: File


@dataclass(frozen=True)
class Category:
    """A node of the taxonomy: the one around it, and what the two codes count for in a search for likeness."""

    parent: str | None
    shape: int
    colour: int


@dataclass(frozen=True)
class Manifest:
    """The manifest of a version: its files, and the digests of each retailer's content."""

    version: int
    parent: int | None
    files: tuple[DataFile, ...]
    changes: File
    encoder: EncoderFiles | None
    second: SecondFiles | None  # in versions of before schema 1.4, and in most others, there is none
    places: File | None  # where the vectors of the garments are, if garments do not say it themselves
    content: dict[str, dict[str, str]]  # by retailer
    categories: dict[str, Category]  # by code; empty in versions of before schema 1.3
    record: dict[str, Any]

    def of(self, table: str) -> list[DataFile]:
        """The files of a table in the order of its rows."""
        return [file for file in self.files if file.table == table]

    @property
    def by_second(self) -> "Manifest | None":
        """The same version by its second embedding."""
        if self.second is None:
            return None
        rows = [file for file in self.files if file.table != "vectors"]
        return replace(
            self,
            files=(*rows, *self.second.vectors),
            encoder=self.second.encoder,
            places=self.second.places,
            second=None,
        )


@dataclass(frozen=True)
class Pointer:
    """Which version is live."""

    version: int
    manifest_sha256: str


def parse_manifest(path: str, body: bytes) -> Manifest:
    """Read a manifest; raises SnapshotDamaged where it is cut off or is none, SchemaUnknown for another major one."""
    record = _parsed(path, body)
    try:
        if record["schema_version"] != SCHEMA_VERSION:
            raise SchemaUnknown(_unknown(path, record))
        manifest = Manifest(
            version=record["version"],
            parent=record["parent"],
            files=tuple(DataFile(**entry) for entry in record["files"]),
            changes=File(**record["changes"]),
            encoder=_encoder(record["encoder"]) if record["encoder"] else None,
            second=_second(record.get("second")),
            places=None,
            content=record["content"],
            categories=_categories(record.get("facts", {}).get("categories", {})),
            record=record,
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise SnapshotDamaged(f"{path}: is not a manifest ({error})") from error
    if not manifest.of("garments") or not manifest.of("products"):
        raise SnapshotDamaged(f"{path}: lists no garments or no products")
    return manifest


def _unknown(path: str, record: dict[str, Any]) -> str:
    found = f"{record['schema_version']}.{record.get('schema_minor', 0)}"
    made_by = f", made by selvedge {record['made_by']}" if record.get("made_by") else ""
    return (
        f"{path}: schema version {found}{made_by}; this package reads "
        f"{SCHEMA_VERSION}.0 and every later {SCHEMA_VERSION}.x: upgrade selvedge-searcher to that selvedge's release, "
        "and stay on the version that is open until then"
    )


def parse_pointer(path: str, body: bytes) -> Pointer:
    """Read the pointer; raises SnapshotDamaged."""
    record = _parsed(path, body)
    version, sha256 = record.get("version"), record.get("manifest_sha256")
    if type(version) is not int or version < 1 or not isinstance(sha256, str) or len(record) > 2:  # a bool is an int
        raise SnapshotDamaged(f"{path}: is not a pointer, which is a `version` (an integer) and a `manifest_sha256`")
    return Pointer(version, sha256)


def _encoder(record: dict[str, Any]) -> EncoderFiles:
    return EncoderFiles(record["digest"], tuple(File(**entry) for entry in record["files"]))


def _second(record: dict[str, Any] | None) -> SecondFiles | None:
    if record is None:
        return None
    return SecondFiles(
        record["model"],
        _encoder(record["encoder"]),
        tuple(DataFile(**entry) for entry in record["vectors"]),
        File(**record["places"]),
    )


def _categories(record: dict[str, Any]) -> dict[str, Category]:
    """A node after the one around it; raises TypeError, KeyError, ValueError or AttributeError for anything else."""
    found: dict[str, Category] = {}
    for code, said in record.items():
        node = Category(said["parent"], int(said["shape"]), int(said["colour"]))
        if node.parent is not None and node.parent not in found:
            raise ValueError(f"category {code} stands before {node.parent}")
        if min(node.shape, node.colour) < 0 or not 0 < node.shape + node.colour <= MOST_WEIGHT:
            raise ValueError(f"category {code} has weights of {node.shape} and {node.colour}")
        found[code] = node
    return found


def _parsed(path: str, body: bytes) -> dict[str, Any]:
    try:
        record = json.loads(body)
    except ValueError as error:
        raise SnapshotDamaged(f"{path}: is cut off or damaged ({error})") from error
    if not isinstance(record, dict):
        raise SnapshotDamaged(f"{path}: is not a JSON object")
    return record
