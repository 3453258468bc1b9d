"""What is true of a sample shop: a row a picture and a row an offer, as Parquet beside the feed."""

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

PUBLISHED = "published"
"""Fate of an offer that should reach the index; any other fate is a reject code."""

SEEN = pa.struct([
    pa.field("class", pa.string()),  # the detector's
    pa.field("leaf", pa.string()),
    pa.field("colour", pa.string()),
    pa.field("box", pa.list_(pa.float32(), 4)),  # left, top, right, bottom, each 0..1
])  # fmt: skip

PICTURES = pa.schema([
    pa.field("file", pa.string()),  # below the shop's folder
    pa.field("url", pa.string()),
    pa.field("kind", pa.string()),  # one of SCREEN_CLASSES, or out_of_scope
    pa.field("scene", pa.string()),  # flat, hanger, worn, outfit or repeat; the kind, where it is not wanted
    pa.field("seen", pa.list_(SEEN)),
    pa.field("repeats", pa.string()),  # file that this one is a near copy of
    pa.field("repeat_kind", pa.string()),
    pa.field("fault", pa.string()),  # reject code of a picture that is broken on purpose
    pa.field("source", pa.string()),  # of a photo: the file that it was made of
])  # fmt: skip

OFFERS = pa.schema([
    pa.field("position", pa.int32()),  # 0-based place in the feed
    pa.field("offer_id", pa.string()),
    pa.field("group", pa.string()),
    pa.field("title", pa.string()),
    pa.field("leaf", pa.string()),  # of the taxonomy, or out_of_scope, or null where nobody knows
    pa.field("class", pa.string()),  # the detector's, or null
    pa.field("gender", pa.string()),
    pa.field("colour", pa.string()),  # as the feed states it
    pa.field("size", pa.string()),
    pa.field("price", pa.string()),
    pa.field("pictures", pa.list_(pa.string())),  # files, in the feed's order
    pa.field("same_as", pa.string()),  # group that this offer lists again
    pa.field("fate", pa.string()),
])  # fmt: skip

OFFERS_FILE = Path("truth") / "offers.parquet"
PICTURES_FILE = Path("truth") / "pictures.parquet"

ROWS_AT_ONCE = 5_000


class TruthWriter:
    """Writes one truth table as a stream; use it as a context manager."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._schema, self._rows = schema, list[Mapping[str, Any]]()
        self._writer = pq.ParquetWriter(path, schema)

    def add(self, row: Mapping[str, Any]) -> None:
        """Adds a row; columns that it lacks are null."""
        self._rows.append(row)
        if len(self._rows) == ROWS_AT_ONCE:
            self._flush()

    def copy(self, table: pa.Table) -> None:
        """Adds rows that were written before."""
        self._writer.write_table(table)

    def _flush(self) -> None:
        self._writer.write_table(pa.Table.from_pylist(self._rows, schema=self._schema))
        self._rows = []

    def __enter__(self) -> "TruthWriter":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._rows and kind is None:
            self._flush()
        self._writer.close()


def offers_truth(folder: Path) -> TruthWriter:
    """The truth of a shop's offers, to be written anew."""
    return TruthWriter(folder / OFFERS_FILE, OFFERS)


def pictures_truth(folder: Path) -> TruthWriter:
    """The truth of a shop's pictures, to be written anew."""
    return TruthWriter(folder / PICTURES_FILE, PICTURES)
