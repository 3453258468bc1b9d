"""What is said of an offer: over what is live, whatever else the tables hold."""

from pathlib import Path
from typing import Any

import pytest

from jobs.answers.explain import explain
from jobs.live.functions import classify_function, parser_of
from schemas.errors import WrongInput
from schemas.rejects import Code
from schemas.tables import FEEDS, OFFERS, TEXTS
from tests.jobs.lake_of_offers import FEED, Shops

TEXT = b"t" * 32


@pytest.fixture
def shops(tmp_path: Path) -> Shops:
    return Shops(tmp_path, shop=["https://shop.test/0"])


def offers(shops: Shops, feed: bytes, *rows: dict[str, Any]) -> None:
    common = {"retailer": "shop", "feed": feed, "function": parser_of(shops.night().retailers["shop"].files[0])}
    shops.write(OFFERS, [
        common | {"status": "done", "position": 100 + at, "line": 1, "text_key": TEXT} | row
        for at, row in enumerate(rows)
    ])  # fmt: skip


def said(shops: Shops, asked: str) -> dict[str, str]:
    return {verdict.stage: verdict.status for verdict in explain(shops.night(), asked)}


def test_offers_of_old_feeds_do_not_crowd_out_the_live_one(shops: Shops) -> None:
    for night in range(25):
        offers(shops, bytes([1, night]) * 16, {"offer_id": "coat", "product_id": "shop:coat"})
    with pytest.raises(WrongInput, match="coat: no offer"):
        explain(shops.night(), "coat")
    offers(shops, FEED, {"offer_id": "coat", "product_id": "shop:coat", "line": 7})
    assert said(shops, "coat")["parse"] == "done"


def test_an_offer_whose_deletion_is_withheld_is_live(shops: Shops) -> None:
    newer = bytes([2]) * 32
    row = shops.night().tables.sql("select * from feeds", [FEEDS]).to_pylist()[0]
    shops.write(FEEDS, [row | {"attempt": 2, "feed": newer, "code": str(Code.FEED_DELETIONS), "detail": "fewer"}])
    offers(shops, newer, {"offer_id": "new", "product_id": "shop:new"})
    for asked, status in (("new", "held"), ("0", "withheld")):
        assert said(shops, asked)["acquire"] == status
        assert said(shops, asked)["parse"] == "done"


def test_a_text_that_killed_its_worker_is_explained(shops: Shops) -> None:
    offers(shops, FEED, {"offer_id": "coat", "product_id": "shop:coat"})
    shops.write(TEXTS, [{"text_key": TEXT, "function": classify_function(shops.night()), "status": "rejected",
                         "code": str(Code.WORKER_KILLED), "detail": "signal 9"}])  # fmt: skip
    assert said(shops, "coat")["classify"] == "rejected"
