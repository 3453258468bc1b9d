"""The map stage's work over batches."""

import pickle
from pathlib import Path

import numpy as np
import pyarrow as pa

from schemas.tables import MAPPED
from tests.udfs.rules.mappings import TAXONOMY, mapping_file
from udfs.rules.map_categories import DECIDED, FOUND, MapCategories, decide_products
from udfs.rules.mapping import Mapping, Verdict

CATEGORIES = pa.schema(
    [MAPPED.schema.field(name) for name in ("category_key", "retailer", "category_path", "category_ids")]
)


def batch(*rows: tuple[str, list[str] | None, list[str] | None]) -> pa.RecordBatch:
    keyed = [(bytes([number]) * 32, *row) for number, row in enumerate(rows)]
    return pa.RecordBatch.from_pylist([dict(zip(CATEGORIES.names, row, strict=True)) for row in keyed], CATEGORIES)


def test_one_row_a_category_with_the_tables_schema(tmp_path: Path) -> None:
    file = mapping_file(tmp_path, '<rule path="Hats" title="cap" to="cap" %/>', '<rule path="Hats" to="hat" %/>')
    mapping = Mapping.read(file, TAXONOMY)
    work = pickle.loads(pickle.dumps(MapCategories({"shop": mapping})))
    file.unlink()  # what was read is what is applied
    found = work(
        batch(
            ("shop", ["Hats"], ["1"]), ("other", ["Hats"], ["1"]), ("shop", None, None), ("shop", ["x", None], [None])
        )
    )
    assert found.schema == FOUND
    rows = found.to_pylist()
    assert [verdict["node"] for verdict in rows[0]["verdicts"]] == ["cap", "hat"]
    assert [row["verdicts"] for row in rows[1:]] == [[], [], []]
    assert {row["status"] for row in rows} == {"done"}
    assert [row["category_key"][0] for row in rows] == [0, 1, 2, 3]
    assert work(batch()).num_rows == 0


def test_decisions_of_products() -> None:
    skirt = Verdict("c:2", "skirt", None, "юбк*", None)
    toner = Verdict("c:3", None, "toner", None, None)
    boys = Verdict("c:4", "hat", None, None, "boys")
    rows = [(0, "Юбка", None), (0, None, None), (1, "Юбка", None), (2, "Юбка", "boys"), (2, "Юбка", None)]
    categories, titles, genders = zip(*rows, strict=True)
    products = pa.table({"product_id": list("12345"), "retailer": ["shop"] * 5, "title": titles})
    found = decide_products(products, np.array(categories), [[skirt, toner], [], [boys]], genders)
    assert found.schema == DECIDED
    assert [tuple(row.values())[2:] for row in found.to_pylist()] == [
        ("mapped", "skirt", "c:2", None),
        ("ignored", None, "c:3", "toner"),
        ("unmapped", None, None, None),
        ("mapped", "hat", "c:4", None),
        ("unmapped", None, None, None),
    ]
