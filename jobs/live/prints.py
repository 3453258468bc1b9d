"""Fingerprints of pictures, out of the lake."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jobs.engine.night import Night
from jobs.live.functions import fingerprint_function
from lake.tables import literal
from schemas.table import DONE
from schemas.tables import FINGERPRINTS
from udfs.pictures.fingerprint import Prints, empty


def prints_of(rows: pa.Table | pa.RecordBatch) -> Prints:
    """The columns of FINGERPRINTS as arrays; all rows are done."""
    widths = {name: FINGERPRINTS.schema.field(name).type.byte_width for name in Prints._fields}
    return Prints(*(_matrix(rows[name], width) for name, width in widths.items()))


def _matrix(column: pa.ChunkedArray | pa.Array, width: int) -> np.ndarray:
    """(N, width) uint8."""
    plain = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    fixed = plain.cast(pa.binary(width))
    values = np.frombuffer(fixed.buffers()[1], np.uint8) if len(fixed) else np.empty(0, np.uint8)
    return values[fixed.offset * width : (fixed.offset + len(fixed)) * width].reshape(len(fixed), width)


def read_prints(night: Night, pictures: pa.Array) -> tuple[np.ndarray, Prints]:
    """Which of N distinct pictures have a fingerprint, (N,) bool, and the fingerprints in the order of pictures."""
    found, prints = np.zeros(len(pictures), bool), empty(len(pictures))
    query = f"""
        select picture, {", ".join(Prints._fields)} from {FINGERPRINTS.name}
        where function = {literal(fingerprint_function())} and status = '{DONE}'"""  # noqa: S608
    for batch in night.tables.batches(query, [FINGERPRINTS]):
        at = pc.index_in(batch["picture"], pictures)
        rows = at.drop_null().to_numpy()
        found[rows] = True
        for whole, values in zip(prints, prints_of(batch.filter(at.is_valid())), strict=True):
            whole[rows] = values
    return found, prints
