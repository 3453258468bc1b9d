"""What is said of an offer: over what is live, whatever else the tables hold."""

import os
import random
from pathlib import Path
from typing import Any

import pytest

from jobs.answers.explain import explain
from jobs.live.catalog import Catalog
from jobs.live.functions import classify_function, parser_of
from jobs.live.verdict import Verdict
from schemas.errors import WrongInput
from schemas.rejects import Code
from schemas.tables import FEEDS, OFFERS, TEXTS
from tests.jobs.lake_of_offers import FEED, Shops
from tests.jobs.live.lake_of_nights import Nights
from tests.jobs.stages.publishing import Tried

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


def test_one_offer_is_explained_without_the_whole_catalog(monkeypatch: pytest.MonkeyPatch, shops: Shops) -> None:
    offers(
        shops,
        FEED,
        {"offer_id": "coat", "product_id": "shop:coat", "pictures": [f"https://shop.test/{at}" for at in range(60)]},
    )
    monkeypatch.setattr(Catalog, "of", lambda night: pytest.fail("the whole catalog was read"))
    for asked in ("coat", "https://shop.test/0"):
        assert said(shops, asked)["fetch"]


@pytest.mark.parametrize("seed", [int(seed) for seed in os.environ.get("SELVEDGE_TEST_NIGHTS", "4").split()])
def test_of_one_thing_the_same_is_said_as_over_the_whole_catalog(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    Tried().patch(monkeypatch)
    lake = Nights(tmp_path, seed)
    draw = random.Random(seed)
    for _ in range(int(os.environ.get("SELVEDGE_TEST_ROUNDS", "1"))):
        for _ in range(3):
            lake.happens()
        for stage in lake.stages(8):
            lake.work(stage)
        pictures = [row["picture"].hex() for row in lake.rows("select picture from pictures")]
        products = [f"{shop}:{at}" for shop, its in lake.products.items() for at in its]
        named = (*draw.sample(products, 2), draw.choice(sorted(lake.answers)), draw.choice(sorted(pictures)))
        for one in named:
            assert answer(lake, one) == over_everything(lake, one, monkeypatch), one


def answer(lake: Nights, asked: str) -> list[Verdict] | str:
    try:
        return explain(lake.night(lake.on), asked)
    except WrongInput as error:
        return str(error)


def over_everything(lake: Nights, asked: str, monkeypatch: pytest.MonkeyPatch) -> list[Verdict] | str:
    with monkeypatch.context() as whole:
        whole.setattr("jobs.live.asked.few", lambda night, *of: Catalog.of(night))
        return answer(lake, asked)
