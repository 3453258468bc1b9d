"""What stands in `snapshots/`: a version's manifest, the pointer to the live version and the note that holds it."""

import json
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

PublishedTable = Literal["garments", "products", "vectors"]
Sha256 = str


class _Record(BaseModel):
    """Unknown keys are refused: a manifest of another schema version is never half understood."""

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


class Encoder(_Record):
    """The models that a customer's picture must go through: `encoders/<digest>/`."""

    digest: Sha256
    files: list[StoredFile]


class Content(_Record):
    """Digests of one retailer's published values, sorted by id, `segment` and `row` aside."""

    garments: Sha256
    products: Sha256
    vectors: Sha256


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


class Facts(_Record):
    """What publish knows of the night and the rows do not say."""

    retailers: dict[str, RetailerState]
    models: dict[str, Sha256]
    taxonomy: Sha256
    mappings: dict[str, Sha256] = Field(description="digest of each retailer's mapping file")


class Manifest(_Record):
    """A version of the index, readable without Delta."""

    version: int = Field(ge=1)
    parent: int | None
    published_at: datetime | None = Field(description="null while the gates are still to pass")
    schema_version: int
    delta: dict[PublishedTable, int] = Field(description="version of each Delta table that holds the same rows")
    files: list[DataFile]
    changes: StoredFile
    encoder: Encoder | None
    content_digest: Sha256
    content: dict[str, Content] = Field(description="by retailer")
    counts: dict[str, Counts] = Field(description="by retailer")
    facts: Facts
    gates: list[Gate]

    def of(self, table: PublishedTable) -> list[DataFile]:
        """The files of one table, in the order of its rows."""
        return [file for file in self.files if file.table == table]

    def rows(self, table: PublishedTable) -> int:
        return sum(file.rows for file in self.of(table))


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
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Manifest.model_json_schema()}


if __name__ == "__main__":
    print(json.dumps(json_schema(), indent=1))
