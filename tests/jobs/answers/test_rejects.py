"""Rejects of what is live now: nothing that an older release or a shop that is switched off left behind."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from jobs.answers.rejects import reject_counts
from jobs.live.functions import screen_function
from schemas.rejects import Code
from schemas.tables import FEEDS, FETCHES, PICTURES, SCREENS
from tests.jobs.lake_of_offers import FIRST, Shops

URL, PICTURE = "https://shop.test/0", b"p" * 32


@pytest.fixture
def shops(tmp_path: Path) -> Shops:
    shops = Shops(tmp_path, shop=[URL])
    fetched = {"url": URL, "attempt": 1, "function": bytes(32), "status": "done", "night": FIRST, "picture": PICTURE}
    shops.write(FETCHES, [fetched])
    shops.write(PICTURES, [{"picture": PICTURE, "function": bytes(32), "status": "done", "shard": "s.tar"}])
    return shops


def test_a_picture_that_two_releases_rejected_counts_once(shops: Shops) -> None:
    functions = (screen_function(shops.night()), b"o" * 32)
    shops.write(SCREENS, [
        {"picture": PICTURE, "function": function, "status": "rejected", "code": str(Code.PICTURE_TRUNCATED)}
        for function in functions
    ])  # fmt: skip
    assert {"stage": "screen", "code": Code.PICTURE_TRUNCATED, "count": 1} in reject_counts(shops.night())


def test_a_shop_that_is_gone_has_no_refused_feed(shops: Shops) -> None:
    refused = {"attempt": 2, "function": bytes(32), "status": "rejected", "code": str(Code.FEED_EMPTY),
               "acquired_at": datetime.now(UTC)}  # fmt: skip
    shops.write(FEEDS, [refused | {"retailer": "gone"}])
    assert [row for row in reject_counts(shops.night()) if row["stage"] == "acquire"] == []
    shops.write(FEEDS, [refused | {"retailer": "shop"}])
    assert {"stage": "acquire", "code": Code.FEED_EMPTY, "count": 1} in reject_counts(shops.night())
