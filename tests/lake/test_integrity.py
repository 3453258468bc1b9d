from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pytest

from lake.candidate import Rows, prepare
from lake.integrity import Finding, integrity, vector_integrity
from lake.segments import InMemory
from lake.store import open_store
from tests.lake.published import NO_VECTORS, catalog, vectors


def examined(tmp_path, spoil: Callable[[Rows], Rows], norm_tolerance: float = 1e-3) -> list[Finding]:
    candidate = prepare(open_store(str(tmp_path)), spoil(catalog({"aa": 4, "bb": 2})), None)
    new = (candidate.shelf.vectors_of(name) for name in candidate.shelf.new)
    return integrity(candidate) + [found for vectors in new for found in vector_integrity(vectors, norm_tolerance)]


def replaced(table: pa.Table, column: str, row: int, value: object) -> pa.Table:
    at = table.schema.get_field_index(column)
    values = table[column].to_pylist()
    values[row] = value
    field = table.schema.field(at)
    return table.set_column(at, field.with_nullable(True), pa.array(values, field.type))


def garments(column: str, value: object) -> Callable[[Rows], Rows]:
    return lambda rows: Rows(replaced(rows.garments, column, 1, value), rows.products, rows.vectors)


def embedding(change: Callable[[np.ndarray], np.ndarray]) -> Callable[[Rows], Rows]:
    def spoil(rows: Rows) -> Rows:
        vectors = rows.vectors.take(rows.vectors.keys)
        values = change(np.array(vectors["embedding"][1].as_py(), np.float32))
        return Rows(rows.garments, rows.products, InMemory(replaced(vectors, "embedding", 1, values.tolist())))

    return spoil


def with_nan(vector: np.ndarray) -> np.ndarray:
    vector[17] = np.nan
    return vector


def twice(table: pa.Table) -> pa.Table:
    """The first row is there again."""
    return pa.concat_tables([table, table[:1]])


def test_whole_rows_pass(tmp_path):
    assert examined(tmp_path, lambda rows: rows) == []


def test_the_gate_says_how_far_a_length_may_be_from_1(tmp_path):
    longer = embedding(lambda vector: vector * 1.01)
    assert examined(tmp_path, longer, norm_tolerance=0.02) == []
    assert [finding.check for finding in examined(tmp_path, longer, norm_tolerance=0.001)] == ["norm"]


@pytest.mark.parametrize(
    ("spoil", "check", "table"),
    [
        (garments("category", None), "null", "garments"),
        (garments("score", float("nan")), "nan", "garments"),
        (garments("box", [0.0, float("nan"), 1.0, 1.0]), "nan", "garments"),
        (garments("product_id", "aa:9999"), "no_product", "garments"),
        (garments("garment_id", "aa:0000/0"), "repeated_id", "garments"),
        (garments("garment_key", None), "null", "garments"),
        (embedding(with_nan), "nan", "vectors"),
        (embedding(lambda vector: vector * 1.01), "norm", "vectors"),
        (embedding(lambda vector: vector * 0), "norm", "vectors"),
        (lambda r: Rows(r.garments, r.products, InMemory(r.vectors.take(r.vectors.keys[1:]))), "no_place", "garments"),
        (lambda rows: Rows(rows.garments, rows.products.slice(1), rows.vectors), "no_product", "garments"),
        (lambda r: Rows(r.garments, twice(r.products), r.vectors), "repeated_id", "products"),
    ],
)  # fmt: skip
def test_one_bad_row_is_found_and_named(tmp_path, spoil, check, table):
    findings = [finding for finding in examined(tmp_path, spoil) if (finding.check, finding.table) == (check, table)]
    assert len(findings) == 1
    assert findings[0].count == 1
    assert findings[0].example in str(findings[0])


def test_garments_without_any_segment_have_no_place(tmp_path):
    findings = examined(tmp_path, lambda rows: Rows(rows.garments, rows.products, NO_VECTORS))
    assert [(finding.check, finding.count) for finding in findings] == [("no_place", 9)]


def test_a_vector_that_is_there_twice_or_lacks_a_value_is_found():
    rows = vectors([bytes(32), bytes([1]) * 32])
    assert [finding.check for finding in vector_integrity(twice(rows), 1e-3)] == ["repeated_id"]
    lacking = replaced(rows, "embedding", 1, None)
    assert [(found.check, found.example) for found in vector_integrity(lacking, 1e-3)] == [("null", "01" * 32)]
