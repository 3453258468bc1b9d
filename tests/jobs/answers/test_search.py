"""A search in a published version: the nearest products by vector and by codes, each once."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import selvedge_searcher
from jobs.answers.search import BY_CODE, BY_VECTOR, Search
from lake.candidate import prepare
from lake.snapshots import publish, write
from lake.store import DiskStore
from selvedge_searcher.encoder import Seen
from tests.lake.published import NIGHT, catalog, facts, publish_with_second


@pytest.fixture
def search(tmp_path: Path) -> Search:
    store = DiskStore(tmp_path)
    publish(store, write(store, prepare(store, catalog({"aa": 60, "bb": 5}), None), facts("aa", "bb")), [], NIGHT)
    return Search(selvedge_searcher.open(str(tmp_path)), store)


def seen_at(search: Search, row: int) -> Seen:
    snapshot = search.snapshot
    codes = snapshot.shape_codes[row], snapshot.colour_codes[row]
    return Seen("top", 0.9, (0.0, 0.0, 1.0, 1.0), snapshot.vectors[row], *codes)


def test_the_same_garment_is_first_and_every_product_stands_once(search: Search) -> None:
    near = search._near(seen_at(search, 3))
    assert (near[0].vector, near[0].shape, near[0].colour) == (pytest.approx(1, abs=1e-3), 1, 1)
    assert near[0].url.startswith("https://aa.example/")
    assert near[0].price == "10.00 EUR"
    assert BY_VECTOR <= len(near) <= BY_VECTOR + 2 * BY_CODE
    assert len({one.url for one in near}) == len(near)
    assert [one.vector for one in near] == sorted((one.vector for one in near), reverse=True)


def test_products_near_by_code_alone_are_there_too(search: Search) -> None:
    asked = seen_at(search, 3)
    near = search._near(replace(asked, vector=-asked.vector))
    assert (1.0, 1.0) in {(one.shape, one.colour) for one in near}
    assert np.isclose(near[-1].vector, -1, atol=1e-3)


def test_a_picture_that_the_lake_does_not_keep_is_left_out(search: Search) -> None:
    assert search._pictures(["ab" * 32]) == {}


def test_a_product_that_is_another_one_once_more_is_not_shown(search: Search) -> None:
    asked = seen_at(search, 3)
    (first, *_) = search._near(asked)
    stands = search._stands.copy()
    stands[search.snapshot.product_rows[3]] = False
    search.__dict__["_stands"] = stands
    assert first.url not in {one.url for one in search._near(asked)}


@pytest.mark.parametrize(("have", "said"), [(9, ""), (2, ", 2 of 9 garments")])
def test_a_second_embedding_is_named_with_what_is_missing_in_it(tmp_path: Path, have: int, said: str) -> None:
    store = DiskStore(tmp_path)
    publish_with_second(store, catalog({"aa": 4, "bb": 2}), have)
    snapshot = selvedge_searcher.open(str(tmp_path))
    assert Search(snapshot, store).empty().embeddings is None
    assert Search(snapshot, store, snapshot.second).empty().embeddings == ("0" * 12, "2" * 12 + said)
