"""Reads pictures from shards for a visual function: decodes them at the needed scale, keeping the order of rows."""

import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from lake.shards import PictureLost, Place, read_picture
from lake.store import Store, open_store
from schemas.errors import Stop
from schemas.rejects import Code
from schemas.table import DONE, Table
from udfs.pictures.decode import decode
from udfs.pictures.inspect import PictureRefused
from udfs.runtime.isolation import rejected

READERS = 4
"""Threads that read and decode pictures ahead of the model; decoding releases the GIL."""

Pixels = np.ndarray
Look = Callable[[Sequence[Pixels], pa.RecordBatch], dict[str, Any]]
"""A visual function: takes pixels and their rows, gives one column of values for each column of the table."""


@dataclass(frozen=True)
class OverPixels:
    """The work of a stage over pictures. The columns `shard, offset, length` say where a row's picture is stored."""

    lake: str
    table: Table
    side: int  # the shorter side is opened at no less than this
    look: Look

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        opened = self._open(batch)
        good = [at for at, found in enumerate(opened) if not isinstance(found, PictureRefused)]
        answers: dict[int, pa.RecordBatch] = {}
        for at, found in enumerate(opened):
            if isinstance(found, PictureRefused):
                answers[at] = rejected(self.table, batch.slice(at, 1), found.code, found.detail)
        if good:
            rows = batch.take(pa.array(good))
            seen = self._rows(rows, self.look([opened[at] for at in good], rows))
            answers |= {at: seen.slice(place, 1) for place, at in enumerate(good)}
        schema = pa.schema([field for field in self.table.schema if field.name != "function"])
        return (
            pa.Table.from_batches([answers[at] for at in range(batch.num_rows)], schema)
            .combine_chunks()
            .to_batches()[0]
        )

    def _open(self, batch: pa.RecordBatch) -> list[Any]:
        store = open_store(self.lake)
        rows = batch.to_pylist()

        def one(row: dict[str, Any]) -> Pixels | PictureRefused:
            try:
                return decode(_proven(store, row), self._side(row))
            except PictureRefused as refused:
                return refused
            except PictureLost as lost:
                return PictureRefused(Code.INTERNAL, str(lost))
            except OSError as error:  # of the disk or the store: no row is at fault
                raise Stop(
                    f"shards/{row['shard']}: {error}; to act: the data engineer (check the store, then run again)"
                ) from error

        with ThreadPoolExecutor(READERS) as readers:
            return list(readers.map(one, rows))

    def _side(self, row: dict[str, Any]) -> int:
        """The side to decode at: the smaller the box, the larger the picture has to be."""
        box = row.get("box")
        return round(self.side / max(min(box[2] - box[0], box[3] - box[1]), 0.1)) if box else self.side

    def _rows(self, rows: pa.RecordBatch, columns: dict[str, Any]) -> pa.RecordBatch:
        count = rows.num_rows
        fixed = {"status": [DONE] * count, "code": [None] * count, "detail": [None] * count}
        schema = pa.schema([field for field in self.table.schema if field.name != "function"])
        arrays = []
        for field in schema:
            if field.name in fixed:
                arrays.append(pa.array(fixed[field.name], field.type))
            elif field.name in columns:
                arrays.append(_column(columns[field.name], field.type))
            else:
                arrays.append(rows.column(field.name).cast(field.type))
        return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _proven(store: Store, row: dict[str, Any]) -> bytes:
    """The bytes of a row's picture; raises PictureLost where they are no longer those that were fetched."""
    body = read_picture(store, Place(row["shard"], row["offset"], row["length"]))
    if hashlib.sha256(body).digest() != row["picture"]:
        raise PictureLost(f"shards/{row['shard']}: holds other bytes at {row['offset']} than were fetched")
    return body


def _column(values: Any, kind: pa.DataType) -> pa.Array:
    if isinstance(values, pa.Array):
        return values.cast(kind)
    if isinstance(values, np.ndarray) and values.ndim == 2 and pa.types.is_fixed_size_list(kind):
        return pa.FixedSizeListArray.from_arrays(pa.array(values.ravel(), kind.value_type), kind.list_size)
    if isinstance(values, np.ndarray) and values.ndim == 2:
        return pa.array([row.tobytes() for row in values], kind)
    return pa.array(values, kind)
