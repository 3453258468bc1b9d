"""What the coverage gate compares: the version before by its own mapping, tonight by the file of now."""

from pathlib import Path

import pytest

from jobs.live.coverage import covered_share, covered_share_of
from jobs.live.functions import coverage_function
from schemas.manifest import Facts, Manifest, RetailerState
from schemas.tables import COVERAGE
from tests.jobs.lake_of_offers import FEED, Shops
from tests.udfs.rules.mappings import mapping_file

RULE = '<rule path="{}" to="hat" date="2026-11-21" by="AK"/>'
PUBLISHED, TRIED = b"p" * 32, b"t" * 32
"""Digests of the mapping that the last version was made with, and of one that never came to a version."""


@pytest.fixture
def shops(tmp_path: Path) -> Shops:
    shops = Shops(tmp_path, shop=["https://shop.test/0"])
    mapping_file(tmp_path / "mappings", RULE.format("Hats"))
    now = shops.night().mappings["shop"].digest
    shops.write(COVERAGE, [
        {"retailer": "shop", "feed": FEED, "function": coverage_function(mapping), "status": "done", "products": 10,
         "mapped": mapped, "ignored": 1, "unmapped": 9 - mapped}
        for mapping, mapped in ((PUBLISHED, 6), (TRIED, 9), (now, 5))
    ])  # fmt: skip
    return shops


def version(**mappings: str) -> Manifest:
    states = {"shop": RetailerState(feed_sha256=FEED.hex(), status="fresh")}
    facts = Facts(retailers=states, models={}, taxonomy="00", mappings=mappings)
    return Manifest.model_construct(facts=facts)


def test_a_mapping_that_was_only_tried_raises_no_bar(shops: Shops) -> None:
    assert covered_share_of(shops.night(), version(shop=PUBLISHED.hex()), "shop") == 0.7
    assert covered_share(shops.night(), "shop") == 0.6


def test_nothing_is_compared_with_what_was_never_counted(shops: Shops) -> None:
    assert covered_share_of(shops.night(), version(), "shop") is None
    assert covered_share_of(shops.night(), version(), "other") is None
    (shops.root / "mappings" / "shop" / "categories.xml").unlink()
    assert covered_share(shops.night(), "shop") is None
