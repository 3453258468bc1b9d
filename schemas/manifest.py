"""What stands in `snapshots/`: a version's manifest, the pointer to the live version and the note that holds it."""

import json
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from schemas.errors import WrongInput
from schemas.published import SCHEMA_MINOR, SCHEMA_VERSION
from schemas.version import program_version

PublishedTable = Literal["garments", "products", "vectors"]
Sha256 = str


class _Record(BaseModel):
    """Unknown keys are refused: a manifest is never half understood. Those of a newer minor version are left out."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class StoredFile(_Record):
    """A file of the lake as it must be found again."""

    path: str = Field(description="relative to the lake's root")
    bytes: int
    sha256: Sha256


class DataFile(StoredFile):
    """A Parquet file of a published table."""

    table: PublishedTable
    rows: int
    retailer: str | None = Field(None, description="garments and products: the one retailer whose rows it holds")
    segment: str | None = Field(None, description="vectors: the name by which garments refer to it")


FILES = ("StoredFile", "DataFile")
"""Records to which no minor version adds a key: the first searchers refuse it there, and ignore it elsewhere."""


class Encoder(_Record):
    """The models that a customer's picture must go through: `encoders/<digest>/`."""

    digest: Sha256
    files: list[StoredFile]


class Second(_Record):
    """A second embedding: vectors of the same garments by another release, in files that no other table lists."""

    model: Sha256 = Field(description="digest of the release of `embed`")
    encoder: Encoder
    garments: int = Field(description="garments of the version that have a vector here")
    vectors: list[DataFile]
    places: StoredFile = Field(description="a Parquet file: where the vector of each of them is")

    @property
    def files(self) -> list[StoredFile]:
        """Those that no other part of the manifest names, without the encoder's."""
        return [*self.vectors, self.places]


class Content(_Record):
    """Digests of one retailer's published values, `segment` and `row` aside (`lake.content_digest`)."""

    garments: Sha256
    products: Sha256
    vectors: Sha256


class Part(_Record):
    """Some rows of a large retailer, which are written and compared by themselves."""

    start: str = Field(description="the least product id; empty for the retailer's first part")
    content: Content
    files: list[str] = Field(description="paths of its files of garments and products")


class Counts(_Record):
    """What one retailer has in this version."""

    garments: int
    products: int
    categories: dict[str, int] = Field(description="garments of each category")


class RetailerState(_Record):
    """Where one retailer's rows come from."""

    feed_sha256: Sha256 | None = None
    feed_age_hours: float | None = None
    status: str = Field(description="fresh, unchanged, or held at its last good rows")
    reason: str | None = None


class Gate(_Record):
    """One check before the pointer moved."""

    name: str
    retailer: str | None = None
    value: float
    bound: float
    passed: bool
    accepted_because: str | None = Field(None, description="why an engineer let it through")


class Category(_Record):
    """A node of the taxonomy."""

    parent: str | None
    shape: int = Field(description="weight of the shape code in a search for likeness")
    colour: int = Field(description="weight of the colour code")


class Facts(_Record):
    """What publish knows of the night and the rows do not say."""

    retailers: dict[str, RetailerState]
    models: dict[str, Sha256]
    taxonomy: Sha256
    mappings: dict[str, Sha256] = Field(description="digest of each retailer's mapping file")
    made_from: dict[str, Sha256] = Field(
        {}, description="digest of all that each retailer's rows follow from: where it stays, so do the rows"
    )
    categories: dict[str, Category] = Field(
        {}, description="the whole taxonomy by code, a node after the one around it"
    )


class _Schema(_Record):
    """How a manifest and its tables are to be read."""

    schema_version: int = Field(description="major: columns that go, or change their name, type or meaning, raise it")
    schema_minor: int = Field(0, description="minor: columns that are added, and may be null, raise it")
    made_by: str | None = Field(None, description="the program's version")


class _Seen(_Schema):
    """That alone, of a manifest of any version."""

    model_config = ConfigDict(extra="ignore")


class Manifest(_Schema):
    """A version of the index, readable without Delta."""

    version: int = Field(ge=1)
    parent: int | None
    published_at: datetime | None = Field(description="null while the gates are still to pass")
    delta: dict[PublishedTable, int] = Field(description="version of each Delta table that holds the same rows")
    files: list[DataFile]
    changes: StoredFile
    encoder: Encoder | None
    second: Second | None = Field(None, description="another embedding to compare with; a search can do without it")
    content_digest: Sha256
    content: dict[str, Content] = Field(description="by retailer")
    parts: dict[str, list[Part]] = Field({}, description="by retailer, of those in several parts, in their order")
    references: dict[str, list[int]] = Field(
        {}, description="by retailer, the garments whose vector lies in each segment, in the order of the segments"
    )
    counts: dict[str, Counts] = Field(description="by retailer")
    facts: Facts
    gates: list[Gate]

    def of(self, table: PublishedTable) -> list[DataFile]:
        """The files of one table, in the order of its rows."""
        return [file for file in self.files if file.table == table]

    def rows(self, table: PublishedTable) -> int:
        return sum(file.rows for file in self.of(table))


def read_manifest(place: str, body: bytes) -> Manifest:
    """A manifest of any minor version of our major one; keys that a newer minor added are left out.

    Raises WrongInput for another major version, and ValueError for what is no manifest. `place` is for the message.
    """
    seen = _Seen.model_validate_json(body)
    if seen.schema_version != SCHEMA_VERSION:
        newer = seen.schema_version > SCHEMA_VERSION
        todo = "upgrade selvedge" if newer else "publish again, or use the selvedge that made it"
        raise WrongInput(place, None, f"{_said(seen)}; to act: the data engineer ({todo})")
    return Manifest.model_validate_json(body, extra="ignore" if seen.schema_minor > SCHEMA_MINOR else None)


def check_parent(parent: Manifest | None) -> None:
    """Raises WrongInput where a version has columns that this program would leave out of the next one."""
    if parent is not None and parent.schema_minor > SCHEMA_MINOR:
        text = f"{_said(parent)}, and would take columns out; to act: the data engineer (upgrade selvedge)"
        raise WrongInput(f"snapshots/{parent.version}/manifest.json", None, text)


def _said(seen: _Schema) -> str:
    by = f", made by selvedge {seen.made_by}" if seen.made_by else ""
    return (
        f"has schema version {seen.schema_version}.{seen.schema_minor}{by}; this program ({program_version()}) reads "
        f"{SCHEMA_VERSION}.x and writes {SCHEMA_VERSION}.{SCHEMA_MINOR}"
    )


class Pointer(_Record):
    """`snapshots/CURRENT`: the live version."""

    version: int
    manifest_sha256: Sha256


class Hold(_Record):
    """`snapshots/HOLD`: nights publish versions but leave the pointer."""

    version: int
    who: str
    why: str
    since: datetime


def json_schema() -> dict[str, object]:
    """The JSON schema of a manifest, as kept in `schemas/manifest.schema.json`."""
    schema = Manifest.model_json_schema()
    for part in (schema, *(part for name, part in schema["$defs"].items() if name not in FILES)):
        del part["additionalProperties"]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


if __name__ == "__main__":
    print(json.dumps(json_schema(), indent=1))
