"""What is merely not there takes nothing out of the index; only a decision does."""

import shutil

import pytest
from deltalake import DeltaTable

from tests.night.conftest import ATELIER, LANE
from tests.night.house import House

pytestmark = pytest.mark.night


def without_spec(house: House, *retailers: str) -> None:
    for retailer in retailers:
        shutil.rmtree(house.mappings / retailer)


def test_a_retailer_without_a_spec_is_held_and_named(house: House) -> None:
    before = house.manifest()
    without_spec(house, LANE)
    ended = house.night()
    assert ended.code == 4, ended.err
    assert ended.json["retailers"][LANE]["status"] == "held"
    reason = ended.json["retailers"][LANE]["reason"]
    assert "mappings/lane/retailer.yaml is missing" in reason
    assert "selvedge withdraw lane --reason TEXT" in reason
    assert house.manifest().content_digest == before.content_digest
    assert house.selvedge("publish", "--date", "2026-06-30", "--json").code == 4, "a missing spec starts no clock"
    assert LANE in house.manifest().counts


def test_no_spec_at_all_starts_nothing(house: House) -> None:
    before, versions = house.manifest(), house.table_versions()
    without_spec(house, ATELIER, LANE)
    ended = house.night()
    assert ended.code == 2
    assert "no retailer's spec (NAME/retailer.yaml) is in this folder" in ended.err
    assert (house.manifest(), house.table_versions()) == (before, versions)


def test_a_held_retailer_leaves_by_the_command_that_names_it(house: House) -> None:
    without_spec(house, LANE)
    ended = house.selvedge("withdraw", LANE, "--reason", "the contract ended", "--json")
    assert ended.code == 0, ended.err
    assert set(house.manifest().counts) == {ATELIER}
    assert house.night().code == 0


@pytest.mark.long
def test_a_withdrawal_ends_where_the_retailer_comes_back(house: House) -> None:
    kept = house.root / "kept"
    shutil.copytree(house.mappings / LANE, kept)
    without_spec(house, LANE)
    assert house.selvedge("withdraw", LANE, "--reason", "the contract ended", "--json").code == 0
    shutil.copytree(kept, house.mappings / LANE)
    assert house.night().code == 0
    assert LANE in house.manifest().counts
    without_spec(house, LANE)
    ended = house.night()
    assert ended.code == 4, ended.err
    assert ended.json["retailers"][LANE]["status"] == "held"
    assert LANE in house.manifest().counts


def test_a_retailer_with_a_spec_is_not_withdrawn_by_the_command(house: House) -> None:
    ended = house.selvedge("withdraw", LANE, "--reason", "no more")
    assert ended.code == 2
    assert "set `enabled: false`" in ended.err
    unknown = house.selvedge("withdraw", "nobody", "--reason", "no more")
    assert unknown.code == 2
    assert "nobody is not in the index" in unknown.err
    assert set(house.manifest().counts) == {ATELIER, LANE}


def test_an_empty_version_is_never_published(house: House) -> None:
    before = house.manifest()
    for retailer in (ATELIER, LANE):
        house.edit_spec(retailer, enabled=False)
    ended = house.night()
    assert ended.code == 3
    assert "the version would be empty" in ended.err
    assert house.manifest() == before


def test_a_retailer_whose_feeds_are_gone_from_the_lake_is_held(house: House) -> None:
    before = house.manifest()
    DeltaTable(str(house.lake / "tables" / "feeds")).delete(f"retailer = '{LANE}'")
    ended = house.selvedge("publish", "--json")
    assert ended.code == 4, ended.err
    assert "has no feed of this retailer any more" in ended.json["retailers"][LANE]["reason"]
    assert house.manifest().content_digest == before.content_digest
    assert house.night().code == 0
