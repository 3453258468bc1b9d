"""Offers that a feed keeps no longer: left out by the shop, or rejected by us."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from jobs.answers.notes import notes
from jobs.engine.night import Night
from jobs.live.feeds import feed_states
from jobs.live.views import offers
from jobs.stages.acquire import acquire
from jobs.stages.parse import parse
from schemas.tables import FEEDS, OFFERS
from tests.jobs.lake_of_offers import Shops
from tests.udfs.feeds.small_feeds import feed

ROW = """<offer id="{id}"><name>Red dress {at}</name><price>20</price><currencyId>EUR</currencyId>
<picture>https://shop.test/{at}.jpg</picture></offer>"""


class Shop:
    """A shop that sends a feed a night through the folder of feeds."""

    def __init__(self, root: Path) -> None:
        self.shops, self.feeds, self.nights = Shops(root), root / "feeds", 0
        folder = root / "mappings" / "shop"
        folder.mkdir()
        self.feeds.mkdir()
        (folder / "retailer.yaml").write_text(json.dumps({"language": "en", "feed": {"url": "feed.xml"}}))

    def sends(self, body: bytes) -> Night:
        """The night after the shop sent a feed."""
        (self.feeds / "feed.xml").write_bytes(body)
        self.nights += 1
        night = self.shops.night(self.nights)
        feeds = night.settings.feeds.model_copy(update={"folder": self.feeds})
        night.settings = night.settings.model_copy(update={"feeds": feeds})
        acquire(night)
        parse(night)
        return night


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def sent(ids: list[str]) -> bytes:
    return feed("".join(ROW.format(id=name, at=at) for at, name in enumerate(ids)))


def live(night: Night) -> set[str]:
    found = night.tables.sql(f"select offer_id from ({offers(night).sql})", [OFFERS])
    return set(found["offer_id"].to_pylist())


def state(night: Night) -> tuple[str, str | None, str]:
    (newest,) = (row for row in feed_states(night) if row["kind"] == "newest")
    return newest["status"], newest["code"], newest["detail"] or ""


IDS = [f"a{at}" for at in range(100)]


def test_offers_whose_ids_became_empty_stay_and_the_feed_is_refused(shop: Shop) -> None:
    shop.sends(sent(IDS))
    night = shop.sends(sent([*IDS[:65], *[""] * 35]))
    status, code, detail = state(night)
    assert (status, code) == ("rejected", "feed_gate")
    assert "offer_drop is 35, allowed 30" in detail
    assert "reject_jump of offer_no_id is 0.35, allowed 0.2" in detail
    assert live(night) == set(IDS)


def test_offers_are_told_apart_by_id_and_not_by_their_number(shop: Shop) -> None:
    shop.sends(sent(IDS))
    new = [f"b{at}" for at in range(35)]
    night = shop.sends(sent([*IDS[:65], *new]))
    assert state(night)[:2] == ("done", "feed_deletions")
    assert live(night) == {*IDS, *new}


def test_withheld_are_also_offers_that_are_rejected_now(shop: Shop) -> None:
    shop.sends(sent(IDS))
    rest = sent(IDS[:65]).decode().replace("Red dress 7<", "<")
    night = shop.sends(rest.encode())
    assert state(night)[:2] == ("done", "feed_deletions")
    assert live(night) == set(IDS), "a7 has no title any more, and stays with the missing ones"


def test_a_small_jump_of_rejects_is_said(shop: Shop) -> None:
    shop.sends(sent(IDS))
    night = shop.sends(sent([*IDS[:85], *[""] * 15]))
    assert state(night)[0] == "done"
    assert notes(night)[0] == (
        "shop: offer_no_id now takes 15% more of the offers than in the feed before; the report has samples"
    )
    assert len(live(night)) == 85


def test_a_feed_of_which_nothing_can_be_kept_is_refused_the_first_time_too(shop: Shop) -> None:
    night = shop.sends(sent([""] * 3))
    status, code, detail = state(night)
    assert (status, code) == ("rejected", "feed_nothing_kept")
    assert "all 3 offers were rejected (offer_no_id: " in detail


@pytest.mark.field
def test_a_real_shop_drops_offers_and_then_loses_ids(shop: Shop, shared_data: Path) -> None:
    good, dropped, empty = (re.sub(rb"<created_at>[^<]*", b"<created_at>", body) for body in cases(shared_data))
    all_ids = live(shop.sends(good))
    assert len(all_ids) == 200
    night = shop.sends(dropped)
    assert state(night)[:2] == ("done", "feed_deletions")
    assert live(night) == all_ids
    night = shop.sends(empty)
    assert state(night)[:2] == ("rejected", "feed_gate")
    assert live(night) == all_ids
    assert len(night.tables.sql(f"select 1 from {FEEDS.name}", [FEEDS])) == 3


def cases(shared_data: Path) -> Iterator[bytes]:
    return ((shared_data / "cases" / f"ids-{name}.xml").read_bytes() for name in ("good", "dropped", "empty"))
