"""Poisoned rows of a model, through the whole house: found, dropped with what was made of them, and published right."""

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from lake.vacuum.rows import Keep, plan_rewrite, rewrite
from schemas.table import Table
from schemas.tables import GARMENTS, OFFERS, TEXTS
from tests.night.conftest import ATELIER
from tests.night.house import House

pytestmark = pytest.mark.night


def poison(house: House, leaf: str) -> None:
    """One text of a shop gets another answer under the same digest, and its product is chosen anew with that."""
    query = f"select product_key, product_id from {GARMENTS.name} where status = 'done' and retailer = '{ATELIER}'"
    product = min(house.rows(query, GARMENTS), key=lambda row: row["product_id"])
    drop(house, GARMENTS, "product_key", product["product_key"])
    texts = house.tables.sql(f"select * from {TEXTS.name}", [TEXTS])
    key = house.rows(f"select text_key from offers where product_id = '{product['product_id']}'", OFFERS)[0]
    row = texts.filter(pc.equal(texts["text_key"], pa.scalar(key["text_key"], pa.binary()))).to_pylist()[0]
    drop(house, TEXTS, "text_key", row["text_key"])
    house.tables.append(TEXTS, pa.Table.from_pylist([row | {"leaf": leaf, "probability": 1.0}], TEXTS.schema))


def drop(house: House, table: Table, key: str, value: bytes) -> None:
    keep = Keep(table, (key,), lambda rows: pc.not_equal(rows[key], pa.scalar(value, pa.binary())))
    rewrite(house.tables, plan_rewrite(house.tables, keep, any_dead=True))


def test_poisoned_texts_are_mended_and_published_right(house: House) -> None:
    right = house.manifest().content_digest
    poison(house, "out_of_scope")
    assert house.night().json["published"]
    assert house.manifest().content_digest != right
    assert house.night().json["published"] is False, "nothing is due, for ever"

    found = house.selvedge("recheck", "classify", ATELIER)
    assert found.code == 1
    assert '"leaf": "out_of_scope"' in found.text
    mended = house.selvedge("recheck", "classify", ATELIER, "--repair", "--json")
    assert (mended.code, mended.json["dropped"]) == (0, {"garments": 1, "texts": 1})
    assert house.night().json["published"]
    assert house.manifest().content_digest == right
