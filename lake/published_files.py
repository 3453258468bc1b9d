"""The Parquet files of the published tables: written once under a new name, and read through a manifest."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import uuid4

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from lake.store import Store
from schemas.errors import REPAIR, DamagedLake
from schemas.manifest import Content, DataFile, Manifest, Part, PublishedTable, StoredFile
from schemas.published import GARMENTS, PRODUCTS, VECTORS
from schemas.table import Table
from schemas.tables import EMBEDDING_SIZE

TABLES: dict[PublishedTable, Table] = {"garments": GARMENTS, "products": PRODUCTS, "vectors": VECTORS}
ROW_TABLES: tuple[PublishedTable, ...] = ("garments", "products")
"""Written a file a part (`lake.parts`) or more; vectors lie in segments."""

PartKey = tuple[str, str]
"""Retailer, and the id of the product that the part begins with; empty for the retailer's first part."""

ROWS_PER_FILE = 65_536
ROWS_PER_SEGMENT = 131_072  # one row group of 140 MB, the batch in which Arrow reads: it decodes into one array
VECTOR_COLUMNS = VECTORS.schema.names
DENSE_VECTORS = VECTORS.schema.set(
    VECTORS.schema.get_field_index("embedding"),
    pa.field("embedding", pa.list_(pa.field("element", pa.float32(), nullable=False), EMBEDDING_SIZE), nullable=False),
)
"""The stored schema: a Parquet list of non-null numbers decodes a quarter faster."""


class DamagedSnapshot(DamagedLake):
    """A published file is missing, or is not what its manifest says."""


def nullable(schema: pa.Schema) -> pa.Schema:
    """The schema for rows that are not checked yet."""
    return pa.schema([field.with_nullable(True) for field in schema])


def folder(table: PublishedTable) -> str:
    """Where a published Delta table lies."""
    return f"published/{table}"


def stored(store: Store, path: str, body: bytes) -> StoredFile:
    """Write a file durably and say how to find it again."""
    store.write(path, body)
    return StoredFile(path=path, bytes=len(body), sha256=hashlib.sha256(body).hexdigest())


def write_rows(store: Store, table: PublishedTable, retailer: str | None, rows: pa.Table) -> list[DataFile]:
    """Write sorted rows of one retailer, `ROWS_PER_FILE` per file; without rows, one empty file."""
    files, schema = [], TABLES[table].schema
    for start in range(0, max(len(rows), 1), ROWS_PER_FILE):
        part = rows.slice(start, ROWS_PER_FILE).select(schema.names)
        body = parquet(part.cast(schema), compression="zstd")
        file = stored(store, f"{folder(table)}/{uuid4().hex}.parquet", body)
        files.append(DataFile(**file.model_dump(), table=table, rows=len(part), retailer=retailer))
    return files


def write_segment(store: Store, name: str, vectors: pa.Table, place: str = folder("vectors")) -> DataFile:
    """Write one segment of `vectors` under the name that garments already refer to."""
    body = parquet(vectors.cast(DENSE_VECTORS), compression="none")
    file = stored(store, f"{place}/{name}.parquet", body)
    return DataFile(**file.model_dump(), table="vectors", rows=len(vectors), segment=name)


def parquet(rows: pa.Table, compression: str) -> bytes:
    """The bytes of a Parquet file that every reader can open: plain lists, and no Arrow schema inside."""
    sink = pa.BufferOutputStream()
    dictionary = [name for name in rows.column_names if name not in VECTOR_COLUMNS]
    pq.write_table(
        rows.combine_chunks(),
        sink,
        compression=compression,
        use_dictionary=dictionary or False,
        row_group_size=ROWS_PER_SEGMENT,
        store_schema=False,
        write_statistics=dictionary or False,
    )
    return bytes(sink.getvalue())


def read_rows(
    store: Store, table: PublishedTable, files: Iterable[DataFile], columns: Sequence[str] | None = None
) -> pa.Table:
    """Rows of a table's files, in the files' order, with fixed-size lists and binaries; raises DamagedSnapshot."""
    empty = nullable(TABLES[table].schema).empty_table().select(columns or TABLES[table].schema.names)
    return pa.concat_tables([empty, *(_read(store, file, columns) for file in files)])


def _read(store: Store, file: DataFile, columns: Sequence[str] | None) -> pa.Table:
    schema = nullable(TABLES[file.table].schema)
    try:
        rows = pq.read_table(file.path, filesystem=store.filesystem, schema=schema, columns=columns)
    except (OSError, pa.ArrowInvalid) as error:
        raise DamagedSnapshot(f"{file.path}: cannot be read ({error}); to act: the data engineer ({REPAIR})") from error
    if len(rows) != file.rows:
        raise DamagedSnapshot(
            f"{file.path}: {len(rows)} rows, the manifest says {file.rows}; to act: the data engineer ({REPAIR})"
        )
    return rows


@dataclass(frozen=True)
class StoredPart:
    """A part of a published version: its digests and its files."""

    content: Content
    files: dict[PublishedTable, list[DataFile]]  # garments and products


def stored_parts(manifest: Manifest) -> dict[PartKey, StoredPart]:
    """The parts of a version, in their order. A retailer of a version before 1.2 is one part, whatever its size."""
    by_retailer: dict[str, list[DataFile]] = {}
    for file in manifest.files:
        if file.retailer is not None:
            by_retailer.setdefault(file.retailer, []).append(file)
    found = {}
    for retailer, content in sorted(manifest.content.items()):
        own = by_retailer.get(retailer, [])
        for part in manifest.parts.get(retailer) or [Part(start="", content=content, files=[f.path for f in own])]:
            paths = set(part.files)
            files = {table: [f for f in own if f.table == table and f.path in paths] for table in ROW_TABLES}
            found[retailer, part.start] = StoredPart(part.content, files)
    return found


def retailer_rows(store: Store, manifest: Manifest, table: PublishedTable, retailers: Iterable[str]) -> pa.Table:
    """A version's rows of some retailers, as published."""
    wanted = set(retailers)
    return read_rows(store, table, [file for file in manifest.of(table) if file.retailer in wanted])


def with_vector_keys(store: Store, segments: Iterable[DataFile], garments: pa.Table) -> pa.Table:
    """Replace `segment` and `row` by the key of the vector they lead to in a version's segments."""
    used = set(pc.unique(garments["segment"]).to_pylist())
    segments = [file for file in segments if file.segment in used]
    starts = pa.array(segment_starts(segments))
    names = pa.array([file.segment for file in segments], pa.string())
    rows = pc.add(starts.take(pc.index_in(garments["segment"], names)), pc.cast(garments["row"], pa.int64()))
    keys = read_rows(store, "vectors", segments, ["vector_key"])["vector_key"]
    return garments.drop_columns(["segment", "row"]).append_column("vector_key", keys.take(rows))


def segment_starts(segments: Sequence[DataFile]) -> np.ndarray:
    """(S + 1,) int64: where each segment's rows begin when all are laid end to end, and their sum."""
    return np.cumsum([0, *(file.rows for file in segments)], dtype=np.int64)
