"""Rejects of what is live now: nothing that an older release or a shop that is switched off left behind."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from jobs.answers.rejects import reject_rows
from jobs.live.catalog import Catalog
from jobs.live.functions import choose_function, detect_function, fingerprint_function, parser_of, screen_function
from jobs.stage_list import STAGE_NAMES
from jobs.stages.declared import record_of
from jobs.stages.record import rejects_of
from schemas.rejects import Code
from schemas.tables import BOXES, FEEDS, FETCHES, FINGERPRINTS, GARMENTS, OFFERS, PICTURES, SCREENS
from tests.jobs.lake_of_offers import FEED, FIRST, Shops

URL, PICTURE = "https://shop.test/0", b"p" * 32


@pytest.fixture
def shops(tmp_path: Path) -> Shops:
    shops = Shops(tmp_path, shop=[URL])
    fetched = {"url": URL, "attempt": 1, "function": bytes(32), "status": "done", "night": FIRST, "picture": PICTURE}
    shops.write(FETCHES, [fetched])
    shops.write(PICTURES, [{"picture": PICTURE, "function": bytes(32), "status": "done", "shard": "s.tar"}])
    return shops


def reject_counts(shops: Shops) -> list[dict[str, str | int]]:
    return [{"stage": row.stage, "code": row.code, "count": row.count} for row in reject_rows(shops.night())]


def test_a_picture_that_two_releases_rejected_counts_once(shops: Shops) -> None:
    functions = (screen_function(shops.night()), b"o" * 32)
    shops.write(SCREENS, [
        {"picture": PICTURE, "function": function, "status": "rejected", "code": str(Code.PICTURE_TRUNCATED)}
        for function in functions
    ])  # fmt: skip
    assert {"stage": "screen", "code": Code.PICTURE_TRUNCATED, "count": 1} in reject_counts(shops)


def test_a_shop_that_is_gone_has_no_refused_feed(shops: Shops) -> None:
    refused = {"attempt": 2, "function": bytes(32), "status": "rejected", "code": str(Code.FEED_EMPTY),
               "acquired_at": datetime.now(UTC)}  # fmt: skip
    shops.write(FEEDS, [refused | {"retailer": "gone"}])
    assert [row for row in reject_counts(shops) if row["stage"] == "acquire"] == []
    shops.write(FEEDS, [refused | {"retailer": "shop"}])
    assert {"stage": "acquire", "code": Code.FEED_EMPTY, "count": 1} in reject_counts(shops)


def found(shops: Shops, stage: str) -> list[dict[str, str]]:
    """Code, detail and what was rejected, of one stage."""
    return rejects_of(shops.night(), record_of(stage)).sort_by("what").to_pylist()


def test_nothing_was_rejected_by_any_stage(shops: Shops) -> None:
    assert reject_counts(shops) == []
    assert {stage: found(shops, stage) for stage in STAGE_NAMES} == {stage: [] for stage in STAGE_NAMES}


def test_rejects_stand_in_the_order_of_the_stages_with_the_most_frequent_first(shops: Shops) -> None:
    failed = {"function": bytes(32), "night": FIRST, "status": "rejected"}
    shops.add("other", [f"{URL}/{number}" for number in range(3)])
    shops.write(FETCHES, [
        failed | {"url": f"{URL}/{number}", "attempt": 1, "code": str(code)}
        for number, code in enumerate((Code.FETCH_DNS, Code.FETCH_404, Code.FETCH_404))
    ])  # fmt: skip
    refused = {"retailer": "shop", "attempt": 2, "function": bytes(32), "acquired_at": datetime.now(UTC)}
    shops.write(FEEDS, [refused | {"status": "rejected", "code": str(Code.FEED_EMPTY)}])
    screened = {"picture": PICTURE, "function": screen_function(shops.night()), "status": "rejected"}
    shops.write(SCREENS, [screened | {"code": str(Code.PICTURE_TRUNCATED)}])
    assert reject_counts(shops) == [
        {"stage": "acquire", "code": "feed_empty", "count": 1},
        {"stage": "fetch", "code": "fetch_404", "count": 2},
        {"stage": "fetch", "code": "fetch_dns", "count": 1},
        {"stage": "screen", "code": "picture_truncated", "count": 1},
    ]


def test_a_refused_feed_is_its_shops_newest(shops: Shops) -> None:
    refused = {"retailer": "shop", "function": bytes(32), "status": "rejected", "acquired_at": datetime.now(UTC)}
    shops.write(FEEDS, [refused | {"attempt": 2, "code": str(Code.FEED_EMPTY), "detail": "empty"}])
    shops.write(FEEDS, [refused | {"attempt": 3, "code": str(Code.FEED_GATE), "detail": "half of it"}])
    assert found(shops, "acquire") == [{"code": "feed_gate", "detail": "half of it", "what": "shop"}]
    shops.write(FEEDS, [refused | {"attempt": 4, "status": "done"}])
    assert found(shops, "acquire") == []


def test_offers_that_the_live_feed_turned_away(shops: Shops) -> None:
    night = shops.night()
    parser = parser_of(night.retailers["shop"].files[0])
    offer = {"retailer": "shop", "feed": FEED, "function": parser, "status": "rejected"}
    shops.write(OFFERS, [
        offer | {"position": 1, "offer_id": "a7", "line": 12, "code": str(Code.OFFER_NO_TITLE), "detail": "no title"},
        offer | {"position": 2, "offer_id": None, "line": 20, "code": str(Code.OFFER_NO_ID), "detail": "no id"},
        offer | {"position": 3, "feed": b"o" * 32, "line": 9, "code": str(Code.OFFER_NO_ID)},
    ])  # fmt: skip
    assert found(shops, "parse") == [
        {"code": "offer_no_id", "detail": "no id", "what": "shop"},
        {"code": "offer_no_title", "detail": "no title", "what": "shop:a7"},
    ]


def test_addresses_whose_last_try_failed(shops: Shops) -> None:
    failed = {"function": bytes(32), "night": FIRST, "status": "rejected", "code": str(Code.FETCH_404), "detail": "404"}
    shops.write(FETCHES, [failed | {"url": URL, "attempt": 2}, failed | {"url": "https://gone.test/", "attempt": 1}])
    assert found(shops, "fetch") == [{"code": "fetch_404", "detail": "404", "what": URL}]
    shops.write(FETCHES, [failed | {"url": URL, "attempt": 3, "status": "done", "picture": PICTURE}])
    assert found(shops, "fetch") == []


@pytest.mark.parametrize("stage", ["screen", "fingerprint", "detect"])
def test_live_pictures_that_a_stage_could_not_do(shops: Shops, stage: str) -> None:
    night = shops.night()
    table, function = {
        "screen": (SCREENS, screen_function(night)), "fingerprint": (FINGERPRINTS, fingerprint_function()),
        "detect": (BOXES, detect_function(night)),
    }[stage]  # fmt: skip
    row = {"function": function, "status": "rejected", "code": str(Code.PICTURE_TRUNCATED), "detail": "cut off"}
    if stage == "detect":  # it looks at what is wanted alone
        screened = {"function": screen_function(night), "status": "done", "wanted": 1}
        shops.write(SCREENS, [screened | {"picture": PICTURE}, screened | {"picture": b"o" * 32}])
    shops.write(table, [row | {"picture": PICTURE}, row | {"picture": b"o" * 32}])
    assert found(shops, stage) == [{"code": "picture_truncated", "detail": "cut off", "what": PICTURE.hex()}]
    assert reject_counts(shops) == [{"stage": stage, "code": "picture_truncated", "count": 1}]


def test_products_that_were_turned_away(shops: Shops) -> None:
    night = shops.night()
    shops.write(GARMENTS, [
        {"product_key": key, "function": choose_function(night), "status": "rejected", "product_id": "shop:0",
         "code": str(Code.NO_CATEGORY), "detail": "unsure", "retailer": "shop"}
        for key in Catalog.of(night).keys["product_key"].to_pylist()
    ])  # fmt: skip
    assert reject_counts(shops) == [{"stage": "choose", "code": "no_category", "count": 1}]
    assert found(shops, "choose") == [{"code": "no_category", "detail": "unsure", "what": "shop:0"}]
