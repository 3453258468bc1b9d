"""Versions over a bump of the minor schema version, and what the program of before does with them."""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable

import selvedge_searcher
from lake import snapshots
from lake.candidate import prepare, rows_of
from lake.published_files import TABLES
from lake.snapshots import current, live, manifest, parent, rollback, verify
from lake.store import DiskStore
from lake.tables import Tables
from schemas.errors import WrongInput
from schemas.manifest import Manifest
from schemas.published import SCHEMA_MINOR, SCHEMA_VERSION
from schemas.version import program_version
from tests.lake.published import NEWER_MINOR, become_newer, catalog, facts, publish_night, woven

SHOPS = {"aa": 5, "bb": 3}


@pytest.fixture
def store(tmp_path) -> DiskStore:
    """A lake in which the program of before published."""
    older = DiskStore(tmp_path / "lake")
    publish_night(older, catalog(SHOPS))
    return older


@pytest.fixture
def newer() -> Iterator[pytest.MonkeyPatch]:
    """The program after it; `undo` brings the one before back."""
    with pytest.MonkeyPatch.context() as patch:
        become_newer(patch)
        yield patch


def paths(version: Manifest, table: str) -> set[str]:
    return {file.path for file in version.of(table)}


def end_to_end(store: DiskStore, version: Manifest, table: str) -> pa.Table:
    """A version's files as the first searcher laid them: it wants the same columns in all of them."""
    return pa.concat_tables(pq.read_table(store.root / file.path) for file in version.of(table))


def test_a_column_without_a_value_is_nothing_new(store, newer):
    candidate = prepare(store, woven(catalog(SHOPS)), parent(store))
    assert not candidate.is_new
    assert candidate.content == manifest(store, 1).content
    assert candidate.changes.num_rows == 0
    assert publish_night(store, woven(catalog(SHOPS))) is None


def test_a_value_changes_the_shop_that_states_it_and_no_other(store, newer):
    version = publish_night(store, woven(catalog(SHOPS), aa="twill")).manifest
    assert (version.schema_version, version.schema_minor) == (SCHEMA_VERSION, NEWER_MINOR)
    before = manifest(store, 1)
    assert version.content["bb"] == before.content["bb"]
    assert version.content["aa"].garments == before.content["aa"].garments
    assert version.content["aa"].products != before.content["aa"].products
    changed = pq.read_table(store.root / version.changes.path).to_pylist()
    assert changed == [{"table": "products", "id": f"aa:{n:04}", "change": "changed"} for n in range(5)]


def test_all_files_of_a_version_have_the_same_columns_and_vectors_stay(store, newer):
    version = publish_night(store, woven(catalog(SHOPS), aa="twill")).manifest
    for table in ("garments", "products"):
        assert "weave" in end_to_end(store, version, table).schema.names
    assert paths(version, "vectors") == paths(manifest(store, 1), "vectors")
    assert verify(store, 2) == []
    after = publish_night(store, woven(catalog({"aa": 5}), aa="twill")).manifest
    assert paths(after, "products") < paths(version, "products")


def test_a_price_alone_brings_the_column_too(store, newer):
    version = publish_night(store, woven(catalog(SHOPS, price="12.00"))).manifest
    assert end_to_end(store, version, "products")["weave"].null_count == 8
    assert version.content["aa"].garments == manifest(store, 1).content["aa"].garments


def test_rows_of_before_have_nulls(store, newer):
    garments, products = rows_of(store, manifest(store, 1), ["aa"])
    assert (garments["weave"].null_count, products["weave"].null_count) == (len(garments), 5)


def test_a_value_that_goes_is_a_change_back(store, newer):
    publish_night(store, woven(catalog(SHOPS), aa="twill"))
    version = publish_night(store, woven(catalog(SHOPS))).manifest
    assert version.content_digest == manifest(store, 1).content_digest


def test_delta_readers_see_every_version(store, newer):
    version = publish_night(store, woven(catalog(SHOPS), aa="twill")).manifest
    uri = store.delta_uri("published/products")
    weaves = [*["twill"] * 5, *[None] * 3]
    now = DeltaTable(uri).to_pyarrow_table().sort_by("product_id")
    assert now["weave"].to_pylist() == weaves
    assert DeltaTable(uri).version() == version.delta["products"]
    asked = Tables(store, "published").sql("select weave from products order by product_id", [TABLES["products"]])
    assert asked["weave"].to_pylist() == weaves
    then = DeltaTable(uri, version=manifest(store, 1).delta["products"]).to_pyarrow_table()
    assert "weave" not in then.schema.names


def test_delta_readers_see_old_files_beside_new_ones(store, newer):
    """Where a version that lacks the column is live again, and the table has it."""
    publish_night(store, woven(catalog(SHOPS), aa="twill"))
    rollback(store, 1, "ann", "to try")
    rows = DeltaTable(store.delta_uri("published/products")).to_pyarrow_table()
    assert (len(rows), rows["weave"].null_count) == (8, 8)
    live(store, 2)
    assert DeltaTable(store.delta_uri("published/products")).to_pyarrow_table()["weave"].null_count == 3


def test_a_version_after_a_rollback_is_laid_beside_the_newest(store, newer):
    publish_night(store, woven(catalog(SHOPS), aa="twill"))
    rollback(store, 1, "ann", "to try")
    assert publish_night(store, woven(catalog(SHOPS), aa="twill")) is None


def test_the_program_of_before_goes_back_but_publishes_nothing(store, newer):
    publish_night(store, woven(catalog(SHOPS), aa="twill"))
    newer.undo()
    with pytest.raises(WrongInput, match=r"snapshots/2/manifest\.json: has schema version") as refused:
        publish_night(store, catalog({"aa": 6}))
    said = str(refused.value)
    assert f"{SCHEMA_VERSION}.{NEWER_MINOR}, made by selvedge {program_version()}; this program" in said
    assert f"writes {SCHEMA_VERSION}.{SCHEMA_MINOR}, and would take columns out" in said
    assert refused.value.exit_code == 2
    assert verify(store, 2) == []
    rollback(store, 1, "ann", "the new program is no good")
    live(store, 2)
    live(store, 1)
    assert publish_night(store, catalog({"aa": 6})).manifest.parent == 1
    assert current(store) == 3


def test_the_version_says_which_program_made_it_and_its_content_does_not(store, monkeypatch):
    monkeypatch.setattr("lake.snapshots.program_version", lambda: "9.8.7")
    assert publish_night(store, catalog(SHOPS)) is None
    publish_night(store, catalog({"aa": 1}))
    again = publish_night(store, catalog(SHOPS)).manifest
    assert again.made_by == "9.8.7"
    assert manifest(store, 1).made_by == program_version()
    assert again.content_digest == manifest(store, 1).content_digest


def test_both_sides_of_the_bump_open_for_the_search_tier(store, newer):
    publish_night(store, woven(catalog(SHOPS), aa="twill"))
    old, new = (selvedge_searcher.open(store.uri, version) for version in (1, 2))
    assert "weave" not in old.products.schema.names
    assert new.products["weave"].to_pylist() == [*["twill"] * 5, *[None] * 3]
    assert (new.vectors == old.vectors).all()
    listed = selvedge_searcher.changes(old, new)
    assert listed["id"].to_pylist() == [f"aa:{n:04}" for n in range(5)]
    new.version, old.version = -2, -1  # nobody's parent: the rows themselves are compared
    assert selvedge_searcher.changes(old, new).equals(listed)
    assert selvedge_searcher.changes(new, old).equals(listed)


def test_a_draft_that_nobody_published_says_what_it_is(store, newer):
    snapshots.write(store, prepare(store, woven(catalog({"aa": 6})), parent(store)), facts("aa"))
    assert selvedge_searcher.open(store.uri, 2, candidate=True).manifest.record["schema_minor"] == NEWER_MINOR
