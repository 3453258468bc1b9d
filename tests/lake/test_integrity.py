from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pytest

from lake.candidate import Rows, prepare
from lake.integrity import Finding, integrity
from lake.store import open_store
from tests.lake.published import catalog


def examined(tmp_path, spoil: Callable[[Rows], Rows], norm_tolerance: float = 1e-3) -> list[Finding]:
    return integrity(prepare(open_store(str(tmp_path)), spoil(catalog({"aa": 4, "bb": 2})), None), norm_tolerance)


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
        values = change(np.array(rows.vectors["embedding"][1].as_py(), np.float32))
        return Rows(rows.garments, rows.products, replaced(rows.vectors, "embedding", 1, values.tolist()))

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
        (lambda rows: Rows(rows.garments, rows.products, rows.vectors.slice(1)), "no_place", "garments"),
        (lambda rows: Rows(rows.garments, rows.products.slice(1), rows.vectors), "no_product", "garments"),
        (lambda r: Rows(r.garments, twice(r.products), r.vectors), "repeated_id", "products"),
        (lambda r: Rows(r.garments, r.products, twice(r.vectors)), "repeated_id", "vectors"),
        (lambda r: Rows(r.garments, r.products, replaced(r.vectors, "embedding", 1, None)), "null", "vectors"),
    ],
)  # fmt: skip
def test_one_bad_row_is_found_and_named(tmp_path, spoil, check, table):
    findings = [finding for finding in examined(tmp_path, spoil) if (finding.check, finding.table) == (check, table)]
    assert len(findings) == 1
    assert findings[0].count == 1
    assert findings[0].example in str(findings[0])


def test_garments_without_any_segment_have_no_place(tmp_path):
    findings = examined(tmp_path, lambda rows: Rows(rows.garments, rows.products, rows.vectors.slice(0, 0)))
    assert [(finding.check, finding.count) for finding in findings] == [("no_place", 9)]
