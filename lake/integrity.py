"""Faults that no version may have, whatever the gates say: nulls, NaN, wrong norms, repeated ids, missing places."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lake.candidate import Candidate
from lake.segments import fixed_width, one_array
from schemas.published import GARMENTS, PRODUCTS, VECTORS
from schemas.table import Table


@dataclass(frozen=True)
class Finding:
    """One reason why a candidate must not be published."""

    check: str  # null, nan, norm, repeated_id, no_product, no_place
    table: str
    count: int
    example: str

    def __str__(self) -> str:
        return f"{self.table}: {self.count} rows fail {self.check!r}, {self.example} among them"


def integrity(candidate: Candidate) -> list[Finding]:
    """All faults of a candidate's rows. Those that are as their files in the parent are were checked when they were
    new."""
    findings = []
    for table, rows in ((GARMENTS, candidate.garments), (PRODUCTS, candidate.products)):
        findings += _nulls(table, rows) + _repeated(table, rows)
    return findings + _numbers(candidate.garments) + _without_product(candidate) + _without_place(candidate)


def vector_integrity(vectors: pa.Table, norm_tolerance: float) -> list[Finding]:
    """All faults of the vectors of a new segment. An embedding's length may differ from 1 by `norm_tolerance`."""
    return _nulls(VECTORS, vectors) + _repeated(VECTORS, vectors) + _embeddings(vectors, norm_tolerance)


def _found(check: str, table: str, ids: pa.ChunkedArray | pa.Array, bad: pa.Array | np.ndarray) -> list[Finding]:
    failing = ids.filter(pa.array(bad) if isinstance(bad, np.ndarray) else bad)
    if not len(failing):
        return []
    example = failing[0].as_py()
    return [Finding(check, table, len(failing), example.hex() if isinstance(example, bytes) else str(example))]


def _nulls(table: Table, rows: pa.Table) -> list[Finding]:
    findings = []
    for field in table.schema:
        if not field.nullable and field.name not in ("segment", "row"):  # a missing place has a check of its own
            findings += _found("null", table.name, rows[table.key[0]], rows[field.name].is_null())
    return findings


def _repeated(table: Table, rows: pa.Table) -> list[Finding]:
    findings = []
    for name in [*table.key, *(name for name in rows.column_names if name == "garment_key")]:
        counts = rows[name].value_counts()
        findings += _found("repeated_id", table.name, counts.field("values"), pc.greater(counts.field("counts"), 1))
    return findings


def _numbers(garments: pa.Table) -> list[Finding]:
    score = pc.fill_null(garments["score"], 0)
    box = one_array(garments["box"]).fill_null([0] * 4)
    finite = np.isfinite(fixed_width(pa.chunked_array([box]))).all(axis=1)
    bad = pc.or_(pc.invert(pc.is_finite(score)), pa.chunked_array([pa.array(~finite)]))
    return _found("nan", "garments", garments["garment_id"], bad)


def _embeddings(vectors: pa.Table, norm_tolerance: float) -> list[Finding]:
    present = vectors.filter(vectors["embedding"].is_valid())
    if not len(present):
        return []
    norm = lengths(present)
    finite = np.isfinite(norm)
    keys = present["vector_key"]
    wrong = finite & (np.abs(norm - 1) > norm_tolerance)
    return _found("nan", "vectors", keys, ~finite) + _found("norm", "vectors", keys, wrong)


def lengths(vectors: pa.Table) -> np.ndarray:
    """(N,) float64: the length of each embedding, of which none is null."""
    embedding = fixed_width(vectors["embedding"])
    length: np.ndarray = np.sqrt(np.einsum("nd,nd->n", embedding, embedding, dtype=np.float64))
    return length


def _without_product(candidate: Candidate) -> list[Finding]:
    garments = candidate.garments
    known = pc.is_in(garments["product_id"], one_array(candidate.products["product_id"]))
    return _found("no_product", "garments", garments["garment_id"], pc.invert(known))


def _without_place(candidate: Candidate) -> list[Finding]:
    garments, sizes = candidate.garments, candidate.shelf.rows
    segment = pc.index_in(garments["segment"], pa.array(list(sizes), pa.string()))
    size = pa.array(list(sizes.values()), pa.int64()).take(one_array(segment))
    row = one_array(garments["row"])
    inside = pc.fill_null(pc.and_(pc.greater_equal(row, 0), pc.less(row, size)), False)
    return _found("no_place", "garments", garments["garment_id"], pc.invert(inside))
