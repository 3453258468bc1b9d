import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from lake.candidate import Base, Candidate, Rows, missing_vectors, prepare, rows_of
from lake.content_digest import sorted_table_digest
from lake.published_files import ROW_TABLES, StoredPart
from lake.segments import InMemory
from lake.snapshots import parent
from lake.store import Store, open_store
from schemas.manifest import DataFile, Manifest
from tests.lake.published import NO_VECTORS, catalog, publish_night


@pytest.fixture
def store(tmp_path) -> Store:
    return open_store(str(tmp_path / "lake"))


def first(store: Store, rows: Rows) -> Manifest:
    published = publish_night(store, rows)
    assert published is not None
    return published.manifest


def carried(candidate: Candidate) -> list[DataFile]:
    """The parent's files of garments and products that stay."""
    held = [part.files if isinstance(part, StoredPart) else part.kept for part in candidate.parts.values()]
    return [file for table in ROW_TABLES for files in held for file in files.get(table, [])]


def without_vectors(rows: Rows) -> Rows:
    return Rows(rows.garments, rows.products, NO_VECTORS)


def test_the_same_rows_in_another_order_are_nothing_new(store):
    rows = catalog({"aa": 6, "bb": 4})
    first(store, rows)
    order = np.random.default_rng(1).permutation(len(rows.garments))
    shuffled = Rows(rows.garments.take(order), rows.products.take(order[order < 10]), NO_VECTORS)
    candidate = prepare(store, shuffled, parent(store))
    assert not candidate.is_new
    assert candidate.content_digest == parent(store).content_digest
    assert candidate.changes.num_rows == 0


def test_a_price_change_touches_products_alone(store):
    old = first(store, catalog({"aa": 6, "bb": 4}))
    dearer = catalog({"aa": 6}, price="12.50")
    kept = catalog({"bb": 4})
    rows = Rows(
        pa.concat_tables([dearer.garments, kept.garments]),
        pa.concat_tables([dearer.products, kept.products]),
        NO_VECTORS,
    )
    candidate = prepare(store, rows, old)
    assert candidate.is_new
    assert not candidate.shelf.new
    assert {(file.table, file.retailer) for file in carried(candidate)} == {
        ("garments", "aa"),
        ("garments", "bb"),
        ("products", "bb"),
    }
    assert candidate.changes.to_pylist() == [
        {"table": "products", "id": f"aa:{n:04}", "change": "changed"} for n in range(6)
    ]


def test_only_vectors_that_no_segment_holds_are_asked_for_and_written(store):
    old = first(store, catalog({"aa": 6}))
    rows = catalog({"aa": 8})
    new = missing_vectors(Base.of(store, old).held, rows.garments["vector_key"])
    before = set(catalog({"aa": 6}).garments["vector_key"].to_pylist())
    assert set(new.to_pylist()) == set(rows.garments["vector_key"].to_pylist()) - before
    offered = InMemory(rows.vectors.take(new))
    candidate = prepare(store, Rows(rows.garments, rows.products, offered), old)
    assert candidate.shelf.carried == old.of("vectors")
    assert [len(keys) for keys in candidate.shelf.new.values()] == [len(new)]


def test_a_segment_is_rewritten_once_more_than_a_quarter_is_dead(store):
    rows = catalog({"aa": 8})  # 12 garments
    old = first(store, rows)
    quarter = prepare(store, without_vectors(catalog({"aa": 6})), old)  # 9 of 12 live
    assert quarter.shelf.carried == old.of("vectors")
    more = prepare(store, without_vectors(catalog({"aa": 5})), old)  # 7 of 12 live
    assert more.shelf.carried == []
    assert [len(keys) for keys in more.shelf.new.values()] == [7]
    assert {file.table for file in carried(more)} == set()  # its garments point elsewhere now


def test_rewriting_moves_the_garments_of_other_retailers_but_is_no_change_to_them(store):
    old = first(store, catalog({"aa": 2, "bb": 4}))
    candidate = prepare(store, without_vectors(catalog({"aa": 2})), old)
    assert candidate.content["aa"] == old.content["aa"]
    assert [(file.table, file.retailer) for file in carried(candidate)] == [("products", "aa")]
    assert set(candidate.changes["change"].to_pylist()) == {"removed"}


def test_a_vector_that_was_dead_is_found_again(store):
    first(store, catalog({"aa": 8}))
    first(store, without_vectors(catalog({"aa": 6})))
    again = prepare(store, without_vectors(catalog({"aa": 8})), parent(store))
    assert again.garments["segment"].null_count == 0
    assert not again.shelf.new


def test_a_garment_without_a_vector_has_no_place(store):
    candidate = prepare(store, without_vectors(catalog({"aa": 3})), None)
    assert candidate.garments["segment"].null_count == candidate.garments["row"].null_count == 4


def test_the_rows_of_a_version_can_be_published_again(store):
    old = first(store, catalog({"aa": 5, "bb": 3}))
    garments, products = rows_of(store, old, ["aa", "bb"])
    rows = Rows(garments, products, catalog({}).vectors)
    assert not prepare(store, rows, old).is_new


def test_another_vector_of_the_same_crop_is_a_change(store):
    """A new model: every value of the garment is as it was, its vector is not."""
    old = first(store, catalog({"aa": 3}))
    rows = catalog({"aa": 3})
    fresh = [bytes(reversed(key)) for key in rows.garments["vector_key"].to_pylist()]
    at = rows.garments.schema.get_field_index("vector_key")
    garments = rows.garments.set_column(at, "vector_key", pa.array(fresh, pa.binary(32)))
    keys = pa.array([bytes(reversed(key)) for key in rows.vectors.keys.to_pylist()], pa.binary(32))
    vectors = InMemory(rows.vectors.table.set_column(0, "vector_key", keys))
    candidate = prepare(store, Rows(garments, rows.products, vectors), old)
    assert candidate.content["aa"].products == old.content["aa"].products
    assert candidate.content["aa"].garments != old.content["aa"].garments
    assert candidate.changes["change"].to_pylist() == ["changed"] * 4


def test_nothing_is_written_and_no_argument_is_changed(store):
    rows = catalog({"aa": 3})
    before = rows.garments.to_pylist()
    prepare(store, rows, None)
    assert store.list("published") == store.list("snapshots") == []
    assert rows.garments.to_pylist() == before


def test_changes_name_what_came_and_went(store):
    old = first(store, catalog({"aa": 3, "bb": 1}))
    candidate = prepare(store, catalog({"aa": 2, "cc": 1}), old)
    found = {(row["table"], row["id"]): row["change"] for row in candidate.changes.to_pylist()}
    assert found == {
        ("garments", "aa:0002/0"): "removed",
        ("garments", "bb:0000/0"): "removed",
        ("garments", "cc:0000/0"): "added",
        ("products", "aa:0002"): "removed",
        ("products", "bb:0000"): "removed",
        ("products", "cc:0000"): "added",
    }


def test_a_first_version_is_new_from_its_first_product_and_adds_all_rows(store):
    assert not prepare(store, catalog({}), None).is_new
    candidate = prepare(store, catalog({"aa": 1}), None)
    assert candidate.is_new
    assert candidate.changes.to_pylist() == [
        {"table": "garments", "id": "aa:0000/0", "change": "added"},
        {"table": "products", "id": "aa:0000", "change": "added"},
    ]


def test_another_encoder_is_a_new_version(store):
    old = first(store, catalog({"aa": 2}))
    assert not prepare(store, catalog({"aa": 2}), old).is_new
    assert prepare(store, catalog({"aa": 2}), old, encoder="0" * 64).is_new


def test_a_retailer_in_one_part_has_the_digests_of_its_sorted_rows(store):
    rows = catalog({"aa": 4, "bb": 2})
    candidate = prepare(store, rows, None)
    for shop in ("aa", "bb"):
        garments = rows.garments.filter(pc.equal(rows.garments["retailer"], shop)).sort_by("garment_id")
        assert candidate.content[shop].vectors == sorted_table_digest(garments.select(["vector_key"]))
        assert candidate.content[shop].garments == sorted_table_digest(garments)


def test_a_retailer_without_garments_has_products_and_the_digest_of_none(store):
    rows = catalog({"aa": 2, "bb": 1})
    only_aa = rows.garments.filter(pc.equal(rows.garments["retailer"], "aa"))
    content = prepare(store, Rows(only_aa, rows.products, rows.vectors), None).content
    assert content["bb"].garments == sorted_table_digest(rows.garments.slice(0, 0))
    assert content["bb"].products != content["aa"].products


def test_each_missing_vector_is_asked_for_once(store):
    keys = pa.chunked_array([pa.array([b"b" * 32, b"a" * 32]), pa.array([b"b" * 32])])
    assert missing_vectors(Base.of(store, None).held, keys).to_pylist() == [b"b" * 32, b"a" * 32]
