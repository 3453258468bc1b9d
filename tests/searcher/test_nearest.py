"""A search within a filter gives what comparing every garment gives, by codes and by vectors that are mapped too."""

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

import selvedge_searcher
from lake.candidate import Rows, prepare
from lake.segments import InMemory
from lake.snapshots import parent, publish, write
from lake.store import DiskStore
from schemas.manifest import Category
from selvedge_searcher import Snapshot, Where, snapshot
from selvedge_searcher.errors import SnapshotError
from selvedge_searcher.nearest import Codes, best
from tests.lake.published import NIGHT, catalog, facts

TREE = {
    "clothing": Category(parent=None, shape=1, colour=1),
    "shirt": Category(parent="clothing", shape=1, colour=3),
    "dress": Category(parent="clothing", shape=2, colour=1),
    "skirt": Category(parent="dress", shape=1, colour=0),
}
SHOPS = {"aa": 120, "bb": 40, "cc": 20}


@dataclass(frozen=True)
class Seen:
    vector: np.ndarray
    shape_code: np.ndarray
    colour_code: np.ndarray


def changed(table: pa.Table, **columns: list) -> pa.Table:
    for name, values in columns.items():
        at = table.schema.get_field_index(name)
        table = table.set_column(at, table.field(at), pa.array(values, table.field(at).type))
    return table


def rows_of(shops: dict[str, int]) -> Rows:
    """Prices, genders and currencies of products; codes that are signs of the vectors' halves."""
    drawn = catalog(shops)
    number = [int(title.split()[-1]) for title in drawn.products["title"].to_pylist()]
    products = changed(
        drawn.products,
        price=[None if at % 7 == 0 else Decimal(at) for at in number],
        gender=[("women", "men", None)[at % 3] for at in number],
        currency=["EUR" if shop != "cc" else "JPY" for shop in drawn.products["retailer"].to_pylist()],
    )
    gender = dict(zip(products["product_id"].to_pylist(), products["gender"].to_pylist(), strict=True))
    garments = changed(drawn.garments, gender=[gender[name] for name in drawn.garments["product_id"].to_pylist()])
    table = drawn.vectors.take(drawn.vectors.keys)
    vectors = np.stack(table["embedding"].to_numpy(zero_copy_only=False))
    codes = [list(map(bytes, np.packbits(half[:, :128] > 0, axis=1))) for half in (vectors, vectors[:, 128:])]
    return Rows(garments, products, InMemory(changed(table, shape_code=codes[0], colour_code=codes[1])))


def publish_night(root: Path, shops: dict[str, int]) -> None:
    store = DiskStore(root)
    candidate = prepare(store, rows_of(shops), parent(store))
    said = facts(*candidate.content).model_copy(update={"categories": TREE})
    publish(store, write(store, candidate, said), [], NIGHT)


@pytest.fixture(scope="module")
def lake(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("lake")
    publish_night(root, SHOPS | {"cc": 5})
    publish_night(root, SHOPS)
    return root


@pytest.fixture(params=["in memory", "mapped"])
def opened(request, lake: Path, tmp_path: Path, monkeypatch) -> Snapshot:
    if request.param == "mapped":
        monkeypatch.setattr(snapshot, "IN_MEMORY", 0)
    return selvedge_searcher.open(str(lake), cache=tmp_path / "cache")


def seen_at(found: Snapshot, row: int) -> Seen:
    return Seen(found.vectors_of(np.array([row]))[0], found.shape_codes[row], found.colour_codes[row])


def facts_of(found: Snapshot) -> list[dict]:
    products = {row["product_id"]: row for row in found.products.to_pylist()}
    return [products[row["product_id"]] | row for row in found.garments.to_pylist()]


KEPT = {
    "nothing": (Where(), lambda row: True),
    "a leaf": (Where(category="skirt"), lambda row: row["category"] == "skirt"),
    "a node and what is below": (Where(category="dress"), lambda row: row["category"] in ("dress", "skirt")),
    "the root": (Where(category="clothing"), lambda row: True),
    "two categories": (Where(category=["shirt", "skirt"]), lambda row: row["category"] in ("shirt", "skirt")),
    "a shop": (Where(shop="bb"), lambda row: row["retailer"] == "bb"),
    "a shop without a garment": (Where(shop="zz"), lambda row: False),
    "a gender": (Where(gender="men"), lambda row: row["gender"] == "men"),
    "a least price": (
        Where(price=(10, None), currency="EUR"),
        lambda row: row["currency"] == "EUR" and row["price"] is not None and row["price"] >= 10,
    ),
    "a price from to": (
        Where(price=(Decimal("3"), 9.0), currency="JPY"),
        lambda row: row["currency"] == "JPY" and row["price"] is not None and 3 <= row["price"] <= 9,
    ),
    "all of it": (
        Where(category="dress", shop=("aa", "bb"), gender=["women", "men"], price=(None, 30), currency="EUR"),
        lambda row: (
            row["category"] != "shirt"
            and row["retailer"] != "cc"
            and row["gender"]
            and row["price"] is not None
            and row["price"] <= 30
        ),
    ),
}


@pytest.mark.parametrize("kept", KEPT)
def test_only_what_the_filter_lets_through_and_the_nearest_of_it(opened: Snapshot, kept: str) -> None:
    where, holds = KEPT[kept]
    asked = seen_at(opened, 7)
    rows, cosines = opened.nearest(asked.vector, 1000, where)
    allowed = [at for at, row in enumerate(facts_of(opened)) if holds(row)]
    assert sorted(rows.tolist()) == allowed
    expected = opened.vectors_of(rows) @ asked.vector
    assert np.allclose(cosines, expected, atol=1e-6)
    assert cosines.tolist() == sorted(cosines, reverse=True)
    few, _ = opened.nearest(asked.vector, 3, where)
    assert few.tolist() == rows[:3].tolist()


def test_codes_choose_what_is_compared(opened: Snapshot, monkeypatch) -> None:
    monkeypatch.setattr(snapshot, "COMPARED", 60)
    asked = seen_at(opened, 7)
    rows, cosines = opened.nearest(asked, 1000)
    distances = opened._codes.distances(asked, snapshot.CUT_WEIGHTS)
    assert len(rows) == 60
    assert rows[0] == 7
    assert distances[rows].max() <= np.sort(distances)[60]
    exact = opened.nearest(asked.vector, 5)[0]
    assert set(rows[:5]) >= set(exact[:2])
    assert np.allclose(cosines, opened.vectors_of(rows) @ asked.vector, atol=1e-6)
    within, _ = opened.nearest(asked, 1000, Where(shop="aa"))
    assert len(within) == 60
    assert set(opened.garments["retailer"].take(within).to_pylist()) == {"aa"}


def test_distances_are_bits_times_weights_in_any_chunk(monkeypatch) -> None:
    monkeypatch.setattr("selvedge_searcher.nearest.CHUNK", 7)
    dice = np.random.default_rng(1)
    shape, colour = dice.integers(0, 256, (2, 40, 16), np.uint8)
    asked = Seen(np.zeros(256), shape[3], ~colour[3])
    bits = [
        np.unpackbits(codes ^ code, axis=1).sum(axis=1) for codes, code in ((shape, shape[3]), (colour, ~colour[3]))
    ]
    codes, rows = Codes(shape, colour), np.array([3, 9, 10, 38])
    for weights in ((1, 1), (3, 0), (10, 245)):
        expected = weights[0] * bits[0] + weights[1] * bits[1]
        assert codes.distances(asked, weights).tolist() == expected.tolist()
        assert codes.distances(asked, weights, rows).tolist() == expected[rows].tolist()
        nearest = codes.cut(asked, weights, 5)
        assert nearest.tolist() == sorted(np.argsort(expected, kind="stable")[:5].tolist())
    assert codes.cut(asked, (1, 1), 9, rows).tolist() == rows.tolist()


def test_the_best_are_the_first_of_equal_ones() -> None:
    values = np.array([0.5, 0.9, 0.5, 0.1, 0.9, 0.5], np.float32)
    assert best(values, 4).tolist() == [1, 4, 0, 2]
    assert best(values, 100).tolist() == [1, 4, 0, 2, 5, 3]
    assert best(values, 0).tolist() == best(values[:0], 3).tolist() == []


def test_what_cannot_be_asked_is_said(opened: Snapshot) -> None:
    vector = seen_at(opened, 0).vector
    with pytest.raises(ValueError, match="the version has no category gloves"):
        opened.nearest(vector, where=Where(category="gloves"))
    with pytest.raises(ValueError, match="a price needs one currency: the version has EUR, JPY"):
        opened.nearest(vector, where=Where(price=(1, 2)))
    with pytest.raises(ValueError, match="all of them numbers"):
        opened.nearest(vector * np.nan)


def test_a_segment_is_written_once_and_a_spoilt_file_is_made_again(lake: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(snapshot, "IN_MEMORY", 0)
    cache = tmp_path / "cache"
    before = selvedge_searcher.open(str(lake), 1, cache)
    vector = before.vectors_of(np.array([0]))[0]
    before.nearest(vector)
    first = {path.name: path.stat().st_mtime_ns for path in cache.iterdir()}
    live = selvedge_searcher.open(str(lake), cache=cache, held=before)
    expected = live.nearest(vector, 50)
    assert first.keys() == {file.sha256 + ".vectors" for file in before.manifest.of("vectors")}
    assert first.items() <= {path.name: path.stat().st_mtime_ns for path in cache.iterdir()}.items()
    assert all(live._mapped[file] is before._mapped[file] for file in before.manifest.of("vectors"))
    assert not live._mapped[live.manifest.of("vectors")[0]].flags.writeable
    for path in cache.iterdir():
        body = bytearray(path.read_bytes())
        body[len(body) // 2] ^= 64
        path.unlink()
        path.write_bytes(body)
    again = selvedge_searcher.open(str(lake), cache=cache).nearest(vector, 50)
    assert (again[0].tolist(), again[1].tolist()) == (expected[0].tolist(), expected[1].tolist())
    assert selvedge_searcher.prune(cache, before.files()) > 0
    assert {path.name for path in cache.iterdir()} == first.keys()


def test_a_folder_that_takes_nothing_is_named(lake: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(snapshot, "IN_MEMORY", 0)
    (tmp_path / "file").write_text("")
    found = selvedge_searcher.open(str(lake), cache=tmp_path / "file" / "below")
    with pytest.raises(SnapshotError, match=r"cannot keep vectors there .*; name another folder by `cache`"):
        found.nearest(np.ones(256) / 16)


def test_a_version_without_a_taxonomy_knows_its_own_categories_alone(tmp_path: Path) -> None:
    store = DiskStore(tmp_path)
    publish(store, write(store, prepare(store, catalog({"aa": 6}), None), facts("aa")), [], NIGHT)
    found = selvedge_searcher.open(str(tmp_path))
    rows, _ = found.nearest(np.ones(256) / 16, where=Where(category="dress"))
    assert set(pc.unique(found.garments["category"].take(rows)).to_pylist()) == {"dress"}
    with pytest.raises(ValueError, match="no category clothing"):
        found.nearest(np.ones(256) / 16, where=Where(category="clothing"))
