"""Parts of large retailers: where they begin, and what a night does to those that it does not touch."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable, QueryBuilder

import selvedge_searcher
from lake import snapshots
from lake.candidate import KEYED_GARMENTS, Base, NewPart, Rows, missing_vectors, prepare, rows_of
from lake.content_digest import sorted_table_digest
from lake.integrity import integrity
from lake.parts import parts_of
from lake.published_files import read_rows, with_vector_keys
from lake.segments import InMemory
from lake.snapshots import manifest, parent, publish, write
from lake.store import DiskStore
from schemas.manifest import Manifest
from schemas.published import GARMENTS, PRODUCTS
from tests.lake.published import NIGHT, catalog, facts, publish_night

SHOPS = {"aa": 40, "bb": 5, "cc": 30}


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts of eight products, of retailers with more than ten."""
    monkeypatch.setattr("lake.parts.WHOLE", 10)
    monkeypatch.setattr("lake.parts.MEAN", 8)


@pytest.fixture
def store(tmp_path) -> DiskStore:
    return DiskStore(tmp_path / "lake")


def joined(*some: Rows, unchanged: frozenset[str] = frozenset()) -> Rows:
    tables = ([getattr(rows, name) for rows in some] for name in ("garments", "products", "vectors"))
    return Rows(*map(pa.concat_tables, tables), unchanged)


def only(rows: Rows, *shops: str, unchanged: frozenset[str] = frozenset()) -> Rows:
    wanted = pa.array(shops, pa.string())
    garments, products = (table.filter(pc.is_in(table["retailer"], wanted)) for table in (rows.garments, rows.products))
    return Rows(garments, products, rows.vectors, unchanged)


def without(rows: Rows, *products: str) -> Rows:
    gone = pa.array(products, pa.string())
    garments, left = (
        table.filter(pc.invert(pc.is_in(table["product_id"], gone))) for table in (rows.garments, rows.products)
    )
    return Rows(garments, left, rows.vectors)


def dearer(rows: Rows, *products: str) -> Rows:
    """The rows with another title for some products."""
    chosen = pc.is_in(rows.products["product_id"], pa.array(products, pa.string()))
    titles = pc.if_else(chosen, "Dearer shirt", rows.products["title"])
    at = rows.products.schema.get_field_index("title")
    return Rows(rows.garments, rows.products.set_column(at, "title", titles), rows.vectors)


def paths(version: Manifest, table: str) -> set[str]:
    return {file.path for file in version.of(table)}


def starts(rows: Rows) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for part in parts_of(rows.garments, rows.products):
        found.setdefault(part.retailer, []).append(part.start)
    return found


def whole_digests(store: DiskStore, version: Manifest) -> dict[str, tuple[str, str]]:
    """The digests of before there were parts, which know none: of all rows of a retailer, read and sorted."""
    garments = with_vector_keys(store, version.of("vectors"), read_rows(store, "garments", version.of("garments")))
    garments = garments.select(KEYED_GARMENTS.names)
    products = read_rows(store, "products", version.of("products"))
    return {
        name: tuple(
            sorted_table_digest(table.filter(pc.equal(table["retailer"], name)).sort_by(key), ("material",))
            for table, key in ((garments, "garment_id"), (products, "product_id"))
        )
        for name in version.content
    }


def test_a_small_retailer_is_one_part_and_a_large_one_several_that_hold_every_row_once():
    rows = catalog(SHOPS)
    parts = list(parts_of(rows.garments, rows.products))
    counted = {name: len(found) for name, found in starts(rows).items()}
    assert counted["bb"] == 1
    assert min(counted["aa"], counted["cc"]) > 2
    assert [part.key for part in parts] == sorted(part.key for part in parts)
    products = pa.concat_tables(part.products for part in parts)
    assert products.equals(rows.products.sort_by([("retailer", "ascending"), ("product_id", "ascending")]))
    assert sum(len(part.garments) for part in parts) == len(rows.garments)
    for part in parts:
        assert part.garments.equals(part.garments.sort_by("garment_id"))
        assert set(part.garments["product_id"].to_pylist()) <= set(part.products["product_id"].to_pylist())
        assert part.start in ("", part.products["product_id"][0].as_py())


def test_parts_do_not_depend_on_the_order_of_rows_nor_on_how_many_are_sorted_together(monkeypatch):
    rows = catalog(SHOPS)
    order = np.random.default_rng(3).permutation(len(rows.products))
    shuffled = Rows(rows.garments.take(np.arange(len(rows.garments))[::-1]), rows.products.take(order), rows.vectors)
    expected = [
        (part.key, part.garments_digest, part.products_digest) for part in parts_of(rows.garments, rows.products)
    ]
    for at_once in (1_000_000, 60, 1):
        monkeypatch.setattr("lake.parts.ROWS_AT_ONCE", at_once)
        found = parts_of(shuffled.garments, shuffled.products)
        assert [(part.key, part.garments_digest, part.products_digest) for part in found] == expected


def test_a_product_that_goes_takes_no_other_cut_with_it():
    rows = catalog(SHOPS)
    before = starts(rows)["aa"]
    assert starts(without(rows, "aa:0001", "aa:0039"))["aa"] == before
    gone = before[2]
    assert starts(without(rows, gone))["aa"] == [start for start in before if start != gone]


def test_a_garment_without_a_product_lies_in_the_first_part_of_its_retailer():
    rows = catalog(SHOPS)
    at = next(iter(parts_of(rows.garments, rows.products.filter(pc.not_equal(rows.products["product_id"], "aa:0039")))))
    assert at.key == ("aa", "")
    assert "aa:0039" in at.garments["product_id"].to_pylist()


def test_a_night_rewrites_the_parts_that_it_touches_and_reads_no_other(store, monkeypatch):
    rows = catalog(SHOPS)
    old = publish_night(store, rows).manifest
    read: list[str] = []
    monkeypatch.setattr(
        "lake.candidate.read_rows",
        lambda store, table, files, *columns: (
            read.extend(file.path for file in files if not columns),
            read_rows(store, table, files, *columns),
        )[1],
    )
    candidate = prepare(store, dearer(without(rows, "cc:0003"), "aa:0020"), parent(store))
    touched = [key for key, part in candidate.parts.items() if isinstance(part, NewPart)]
    assert [shop for shop, _ in touched] == ["aa", "cc"]
    assert {(row["id"], row["change"]) for row in candidate.changes.to_pylist()} == {
        ("aa:0020", "changed"), ("cc:0003", "removed"), ("cc:0003/0", "removed"), ("cc:0003/1", "removed"),
    }  # fmt: skip
    files = {path for part in [*old.parts["aa"], *old.parts["cc"]] for path in part.files
             if (("aa" if part in old.parts["aa"] else "cc"), part.start) in touched}  # fmt: skip
    assert set(read) == files
    new = publish(store, write(store, candidate, facts(*SHOPS)), [], NIGHT).manifest
    assert len(paths(new, "products") - paths(old, "products")) == 2
    assert len(paths(new, "garments") - paths(old, "garments")) == 1, "a price is no garment's"
    assert snapshots.verify(store, 2) == []


def test_retailers_that_are_said_to_be_unchanged_need_not_be_handed_in(store):
    rows = catalog(SHOPS)
    old = publish_night(store, rows).manifest
    night = dearer(rows, "aa:0020")
    whole = prepare(store, night, parent(store))
    named = prepare(store, only(night, "aa", unchanged=frozenset({"bb", "cc"})), parent(store))
    assert (named.content, named.counts, named.references) == (whole.content, whole.counts, whole.references)
    assert named.changes.equals(whole.changes)
    assert {key for key, part in named.parts.items() if isinstance(part, NewPart)} == {
        key for key, part in whole.parts.items() if isinstance(part, NewPart)
    }
    publish(store, write(store, named, facts(*SHOPS)), [], NIGHT)
    assert rows_of(store, manifest(store, 2), ["bb", "cc"])[1].equals(rows_of(store, old, ["bb", "cc"])[1])
    with pytest.raises(ValueError, match="no dd that could be unchanged"):
        prepare(store, only(night, "aa", unchanged=frozenset({"dd"})), parent(store))


def test_the_digest_follows_from_the_rows_and_from_no_night_before(store, tmp_path):
    rows = catalog(SHOPS)
    publish_night(store, without(rows, *starts(rows)["aa"][1:3]))
    publish_night(store, dearer(rows, "aa:0020"))
    last = publish_night(store, rows).manifest
    other = DiskStore(tmp_path / "other")
    fresh = publish_night(other, rows).manifest
    assert last.content_digest == fresh.content_digest
    assert [part.content for part in last.parts["aa"]] == [part.content for part in fresh.parts["aa"]]
    assert whole_digests(store, last) == whole_digests(other, fresh)
    assert publish_night(store, rows) is None


@pytest.mark.parametrize("night", range(4))
def test_parts_tell_two_versions_apart_exactly_where_their_rows_do(store, night):
    rows = catalog(SHOPS)
    before = publish_night(store, rows).manifest
    tonight = [
        dearer(rows, "cc:0000"), without(rows, "aa:0007"), without(rows, *starts(rows)["cc"][1:]),
        catalog({"aa": 9, "bb": 5, "cc": 31}),
    ][night]  # fmt: skip
    after = publish_night(store, tonight).manifest
    told = {name for name in SHOPS if before.content[name] != after.content[name]}
    old, new = whole_digests(store, before), whole_digests(store, after)
    assert told == {name for name in SHOPS if old[name] != new[name]}


def test_the_segments_that_a_retailer_refers_to_are_counted(store):
    rows = catalog(SHOPS)
    publish_night(store, rows)
    publish_night(store, catalog({"aa": 41, "bb": 5, "cc": 30}))
    last = publish_night(store, catalog({"aa": 41, "bb": 4, "cc": 29})).manifest
    used = read_rows(store, "garments", last.of("garments"))
    for shop, counted in last.references.items():
        mine = used.filter(pc.equal(used["retailer"], shop))["segment"].to_pylist()
        assert counted == [mine.count(file.segment) for file in last.of("vectors")]
    assert last.references["aa"] == [60, 1]


def test_parts_whose_vectors_move_are_written_again_though_nobody_handed_them_in(store):
    publish_night(store, catalog(SHOPS))
    night = only(catalog({"aa": 1, "bb": 5, "cc": 30}), "aa", unchanged=frozenset({"bb", "cc"}))
    candidate = prepare(store, night, parent(store))
    assert not candidate.shelf.carried
    assert candidate.garments["retailer"].unique().to_pylist() == ["aa"], "the others are judged no second time"
    assert integrity(candidate) == []
    publish(store, write(store, candidate, facts(*SHOPS)), [], NIGHT)
    kept = {file.path for file in manifest(store, 1).of("products") if file.retailer != "aa"}
    assert kept < paths(manifest(store, 2), "products")
    old, new = (selvedge_searcher.open(store.uri, version) for version in (1, 2))
    listed = selvedge_searcher.changes(old, new)
    assert set(listed["change"].to_pylist()) == {"removed"}
    new.version, old.version = -2, -1  # nobody's parent: the rows themselves are compared
    assert selvedge_searcher.changes(old, new).equals(listed)
    kept = pc.is_in(old.garments["garment_id"], new.garments["garment_id"].combine_chunks())
    assert np.array_equal(old.vectors[kept.to_numpy()], new.vectors)


def test_a_version_of_before_the_parts_is_followed(store):
    """A large retailer's one digest does not tell its parts, so it is written once more; nothing of it has changed."""
    rows = catalog(SHOPS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lake.parts.WHOLE", 1000)
        patch.setattr("lake.snapshots.SCHEMA_MINOR", 1)
        old = publish_night(store, rows).manifest
    body = old.model_copy(update={"references": {}, "schema_minor": 1})
    assert old.parts == {}
    candidate = prepare(store, rows, body)
    assert candidate.changes.num_rows == 0
    assert {key[0] for key, part in candidate.parts.items() if isinstance(part, NewPart)} == {"aa", "cc"}
    assert candidate.references == old.references
    new = publish(store, write(store, candidate, facts(*SHOPS)), [], NIGHT).manifest
    assert whole_digests(store, new) == whole_digests(store, old)
    assert new.content["bb"] == old.content["bb"]


def test_readers_of_delta_see_the_live_rows_and_no_others(store):
    rows = catalog(SHOPS)
    nights = [rows, dearer(rows, "aa:0020"), without(rows, "aa:0030", "cc:0003"), catalog({"aa": 44, "cc": 30})]
    for night in nights:
        version = publish_night(store, night).manifest
        for table, key in ((GARMENTS, "garment_id"), (PRODUCTS, "product_id")):
            expected = sorted(getattr(night, table.name)[key].to_pylist())
            delta = DeltaTable(store.delta_uri(f"published/{table.name}"))
            assert sorted(delta.to_pyarrow_table()[key].to_pylist()) == expected
            engine = QueryBuilder().register(table.name, delta)
            asked = pa.table(engine.execute(f"select {key} from {table.name} order by {key}"))
            assert asked[key].to_pylist() == expected
            plain = pa.concat_tables(pq.read_table(store.root / file.path) for file in version.of(table.name))
            assert sorted(plain[key].to_pylist()) == expected


def test_a_new_vector_is_asked_for_by_the_part_that_needs_it(store):
    rows = catalog(SHOPS)
    publish_night(store, rows)
    night = catalog({"aa": 41, "bb": 5, "cc": 30})
    missing = missing_vectors(Base.of(store, parent(store)).held, night.garments["vector_key"])
    assert len(missing) == 1
    offered = InMemory(night.vectors.take(missing))
    candidate = prepare(store, Rows(night.garments, night.products, offered), parent(store))
    assert integrity(candidate) == []
    assert sum(map(len, candidate.shelf.new.values())) == 1
