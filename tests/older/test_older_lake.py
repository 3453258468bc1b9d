"""A lake that older code made: this code opens it and goes on from it, and older searchers read what it publishes."""

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import selvedge_searcher
from lake import snapshots
from schemas.published import SCHEMA_MINOR
from schemas.tables import RUNS, STAGE_TABLES, VECTORS
from tests.night.house import Ended
from tests.older.house import OlderHouse, older_house

pytestmark = pytest.mark.night

LAKES = [1]
TABLES = (*STAGE_TABLES, RUNS)
WORKED = ("fetch", "screen", "classify", "fingerprint", "dedup", "detect", "embed")
"""Stages that read pictures or run a model."""
MADE_ANEW = {"map", "screen", "fingerprint", "dedup", "detect", "choose", "embed"}
"""Stages over pixels, and over what these say: pictures are opened by another revision than when that lake was made.
And `map`, whose keys did not hold the mapping file then."""
CHOSEN_AS_THEN = {"CHOICE__BOX_UNSURE": "1", "CHOICE__BOX_AREA": "0.005"}
"""Settings by which boxes are chosen as they were for that lake."""
MATERIALS = {
    "harbour:hg1:red": "cotton", "harbour:hg3:blue": "linen", "meadow:m1:зелёный": "viscose",
    "meadow:m2:синий": "cotton", "meadow:m3:тёмно-синий": "wool",
}  # fmt: skip
MATERIAL = re.compile(r"<(?:g:material|param name=\"Material\")>[^<]*</(?:g:material|param)>")


def worked(ended: Ended) -> list[str]:
    """The stages that had something to do."""
    return [stage for stage, counts in ended.json["stages"].items() if counts["due"]]


@pytest.fixture(params=LAKES, ids=lambda number: f"lake {number}")
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OlderHouse]:
    with older_house(request.param, tmp_path / "moved") as unpacked:
        yield unpacked


def test_it_holds_what_it_held(house: OlderHouse) -> None:
    facts = house.facts
    counted = {table.name: house.rows(f"select count(*) n from {table.name}", table)[0]["n"] for table in TABLES}
    assert counted == {name: facts["rows"].get(name, 0) for name in counted}, "a table that came later has no rows"
    live = house.manifest()
    assert (live.version, live.content_digest) == (1, facts["content_digest"])
    assert {table: live.rows(table) for table in facts["published"]} == facts["published"]
    assert snapshots.verify(house.store, 1) == []


def test_a_later_night_publishes_what_the_feeds_said_of_materials(house: OlderHouse) -> None:
    """A shop is asked for its feed, as on every night, and for no picture: they are opened anew from the lake."""
    ended = house.later_night(**CHOSEN_AS_THEN)
    assert ended.code == 0, ended.err or ended.text
    assert (ended.json["snapshot"], ended.json["published"]) == (2, True)
    assert set(worked(ended)) == {"acquire", "parse", "publish"} | MADE_ANEW
    assert set(house.shops.seen) == {f"/{retailer}/feed.xml" for retailer in house.shops.retailers}
    vectors = house.rows(f"select count(*) n from {VECTORS.name}", VECTORS)[0]["n"]
    assert vectors == 2 * house.facts["rows"]["vectors"]
    before, after = house.manifest(1), house.manifest(2)
    assert (before.schema_minor, after.schema_minor) == (0, SCHEMA_MINOR)
    old, new = (selvedge_searcher.open(str(house.lake), version) for version in (1, 2))
    assert np.array_equal(new.vectors, old.vectors)
    assert new.garments.drop_columns(["segment", "row"]).equals(old.garments.drop_columns(["segment", "row"]))
    again = house.later_night(**CHOSEN_AS_THEN)
    assert (again.code, again.json["snapshot"], again.json["published"]) == (0, 2, False)
    assert worked(again) == []


def test_search_tiers_of_both_days_read_the_new_version_and_can_go_back(house: OlderHouse) -> None:
    assert house.later_night().code == 0
    old, new = (selvedge_searcher.open(str(house.lake), version) for version in (1, 2))
    stated = dict(zip(new.products["product_id"].to_pylist(), new.products["material"].to_pylist(), strict=True))
    assert stated == MATERIALS
    assert old.products["material"].null_count == len(old.products) == len(MATERIALS)
    changed = [{"table": "products", "id": product, "change": "changed"} for product in sorted(MATERIALS)]
    for found in (selvedge_searcher.changes(old, new), selvedge_searcher.changes(new, old)):
        assert [row for row in found.to_pylist() if row["table"] == "products"] == changed
    photo = house.picture(new.garments["image_url"][0].as_py())
    seen = house.older_searcher_looks(photo)
    assert (seen["version"], seen["vectors"]) == (2, list(new.vectors.shape))
    assert seen["columns"] == new.products.column_names

    assert house.selvedge("rollback", "1", "--why", "to see that it goes").code == 0
    assert snapshots.verify(house.store, 1) == []
    seen = house.older_searcher_looks(photo)
    assert (seen["version"], "material" in seen["columns"]) == (1, False)
    assert house.selvedge("live", "2").code == 0
    assert selvedge_searcher.open(str(house.lake)).version == 2


def test_feeds_that_state_no_material_are_nothing_new(house: OlderHouse) -> None:
    for retailer in house.shops.retailers:
        feed = house.shops.feed(retailer)
        feed.write_text(MATERIAL.sub("", feed.read_text(encoding="utf-8")), encoding="utf-8")
    ended = house.later_night()
    assert ended.code == 0, ended.err or ended.text
    assert ended.json["stages"]["parse"]["done"] > 0
    before, after = house.manifest(1), house.manifest()
    for retailer in house.shops.retailers:
        assert after.content[retailer].products == before.content[retailer].products


def test_products_chosen_anew_have_the_vectors_that_they_had(house: OlderHouse) -> None:
    """Which new code asks for as soon as the choice has one more setting."""
    assert house.later_night().code == 0
    ended = house.later_night(CHOICE__UNSURE="0.87")
    assert ended.code == 0, ended.err or ended.text
    assert ended.json["stages"]["choose"]["due"] == house.facts["rows"]["garments"]
    assert worked(ended) == ["choose"]
    assert house.shops.pictures_asked == 0
    assert (ended.json["snapshot"], ended.json["published"]) == (2, False)


def test_columns_of_a_later_month_are_added_too(house: OlderHouse) -> None:
    ended = house.next_program("night", "--json", "--date", house.facts["later"], CHOICE__UNSURE="0.87")
    assert ended.code == 0, ended.err
    assert set(worked(ended)) == {"acquire", "parse", "publish"} | MADE_ANEW
    assert house.shops.pictures_asked == 0
    new = selvedge_searcher.open(str(house.lake), 2)
    assert new.products["weave"].to_pylist() == new.products["material"].to_pylist()
    assert new.garments["weave"].null_count == len(new.garments)
    old = selvedge_searcher.open(str(house.lake), 1)
    changed = selvedge_searcher.changes(old, new).to_pylist()
    assert [row["id"] for row in changed if row["table"] == "products"] == sorted(MATERIALS)
    seen = house.older_searcher_looks(house.picture(new.garments["image_url"][0].as_py()))
    assert (seen["version"], seen["columns"][-2:]) == (2, ["material", "weave"])


def test_this_program_goes_back_from_a_later_one_and_does_no_more(house: OlderHouse) -> None:
    assert house.next_program("night", "--date", house.facts["later"]).code == 0
    held = house.store.list("tables")
    for words in (["night", "--date", house.facts["later"]], ["stage", "map"], ["publish"], ["explain", "h1"]):
        refused = house.selvedge(*words)
        assert refused.code == 2, words
        assert "tables/offers" in refused.err
        assert "has the column weave, which this program" in refused.err
        assert "upgrade selvedge" in refused.err
        assert refused.err.count("\n") == 1
    assert house.store.list("tables") == held
    assert '"version": 2' in house.selvedge("snapshots", "--json").text
    assert "files intact" in house.selvedge("describe", "2").text
    assert house.selvedge("rollback", "1").code == 0
    assert selvedge_searcher.open(str(house.lake)).version == 1


def test_new_prices_are_published_for_both_searchers_and_no_picture_is_touched(house: OlderHouse) -> None:
    assert house.later_night().code == 0
    before = selvedge_searcher.open(str(house.lake))
    feed = house.shops.feed("harbour")
    feed.write_text(feed.read_text(encoding="utf-8").replace("79.00 EUR", "69.00 EUR"), encoding="utf-8")
    ended = house.later_night()
    assert ended.code == 0, ended.err or ended.text
    assert (ended.json["snapshot"], ended.json["published"]) == (3, True)
    assert [stage for stage in WORKED if ended.json["stages"][stage]["due"]] == []
    assert house.shops.pictures_asked == 0
    after = selvedge_searcher.open(str(house.lake))
    assert np.array_equal(after.vectors, before.vectors)
    garment = after.garments.to_pylist()[0]
    seen = house.older_searcher_looks(house.picture(garment["image_url"]))
    assert (seen["version"], seen["vectors"]) == (3, list(after.vectors.shape))
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
