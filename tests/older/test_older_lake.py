"""A lake that older code made: this code opens it and goes on from it, and older searchers read what it publishes."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import selvedge_searcher
from lake import snapshots
from schemas.tables import RUNS, STAGE_TABLES
from tests.older.house import OlderHouse, older_house

pytestmark = pytest.mark.night

LAKES = [1]
TABLES = (*STAGE_TABLES, RUNS)
WORKED = ("fetch", "screen", "classify", "fingerprint", "dedup", "detect", "embed")
"""Stages that read pictures or run a model."""


@pytest.fixture(params=LAKES, ids=lambda number: f"lake {number}")
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OlderHouse]:
    with older_house(request.param, tmp_path / "moved") as unpacked:
        yield unpacked


def test_it_holds_what_it_held(house: OlderHouse) -> None:
    facts = house.facts
    counted = {table.name: house.rows(f"select count(*) n from {table.name}", table)[0]["n"] for table in TABLES}
    assert counted == facts["rows"]
    live = house.manifest()
    assert (live.version, live.content_digest) == (1, facts["content_digest"])
    assert {table: live.rows(table) for table in facts["published"]} == facts["published"]
    assert snapshots.verify(house.store, 1) == []


def test_a_later_night_finds_nothing_new(house: OlderHouse) -> None:
    ended = house.later_night()
    assert ended.code == 0, ended.err or ended.text
    assert (ended.json["snapshot"], ended.json["published"]) == (1, False)
    assert {stage: counts["due"] for stage, counts in ended.json["stages"].items() if counts["due"]} == {}
    assert set(house.shops.seen) == {f"/{retailer}/feed.xml" for retailer in house.shops.retailers}
    assert house.manifest().content_digest == house.facts["content_digest"]


def test_products_chosen_anew_have_the_vectors_that_they_had(house: OlderHouse) -> None:
    """Which new code asks for as soon as the choice has one more setting."""
    ended = house.later_night(CHOICE__UNSURE="0.87")
    assert ended.code == 0, ended.err or ended.text
    assert ended.json["stages"]["choose"]["due"] == house.facts["rows"]["garments"]
    assert [stage for stage in WORKED if ended.json["stages"][stage]["due"]] == []
    assert house.shops.pictures_asked == 0
    assert house.manifest().content_digest == house.facts["content_digest"]


def test_new_prices_are_published_for_both_searchers_and_no_picture_is_touched(house: OlderHouse) -> None:
    before = selvedge_searcher.open(str(house.lake))
    feed = house.shops.feed("harbour")
    feed.write_text(feed.read_text(encoding="utf-8").replace("79.00 EUR", "69.00 EUR"), encoding="utf-8")
    ended = house.later_night()
    assert ended.code == 0, ended.err or ended.text
    assert (ended.json["snapshot"], ended.json["published"]) == (2, True)
    assert [stage for stage in WORKED if ended.json["stages"][stage]["due"]] == []
    assert house.shops.pictures_asked == 0
    after = selvedge_searcher.open(str(house.lake))
    assert np.array_equal(after.vectors, before.vectors)
    garment = after.garments.to_pylist()[0]
    seen = house.older_searcher_looks(house.picture(garment["image_url"]))
    assert (seen["version"], seen["vectors"]) == (2, list(after.vectors.shape))
    assert (seen["product"], seen["url"]) == (garment["product_id"], garment["image_url"])
    assert seen["prices"]["harbour:hg1:red"] == "69.00"


def test_both_searchers_read_it_and_encode_a_photo_as_the_catalog_did(house: OlderHouse) -> None:
    snapshot = selvedge_searcher.open(str(house.lake))
    for at, garment in enumerate(snapshot.garments.to_pylist()):
        photo = house.picture(garment["image_url"])
        assert float(snapshot.encode(photo) @ snapshot.vectors[at]) >= 0.9999
    seen = house.older_searcher_looks(photo)
    assert seen["version"] == 1
    assert (seen["product"], seen["url"]) == (garment["product_id"], garment["image_url"])
    assert seen["cosine"] >= 0.9999
