"""When and why an offer left: by its feed, by a reject, by its retailer's state, or erased."""

import json
import shutil
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from jobs.answers.explain import explain
from jobs.live.functions import parser_of
from jobs.live.verdict import Verdict
from lake.erased import hash_of, note_erased
from lake.withdrawals import Withdrawal, withdraw
from schemas.errors import WrongInput
from schemas.rejects import Code
from schemas.tables import FEEDS, OFFERS
from tests.jobs.lake_of_offers import Shops
from tests.lake.published import catalog, publish_night

WITHHELD = {"code": str(Code.FEED_DELETIONS), "detail": "offer_drop is 40, allowed 30"}
REFUSED = {"status": "rejected", "code": str(Code.FEED_EMPTY), "detail": "shop: the feed is empty; to act: the shop"}
SEEN = "last seen in the feed of 2026-01-01, line 7"


class Lake:
    """A shop whose feeds are written as rows, one a day from 2026-01-01 on."""

    def __init__(self, root: Path) -> None:
        self.shops, self.days = Shops(root, shop=[]), 0
        self.folder = root / "mappings" / "shop"
        self.shops.night().tables.open(FEEDS).delete()
        self.function = parser_of(self.shops.night().retailers["shop"].files[0])

    def feed(self, offers: dict[str, dict[str, Any]] | None, **row: Any) -> None:
        """A feed of some offers by id, each with what differs from a kept one; None: not parsed yet."""
        self.days += 1
        key = {"retailer": "shop", "feed": bytes([self.days]) * 32, "function": self.function, "status": "done"}
        at = datetime(2026, 1, self.days, 3, tzinfo=UTC)
        self.shops.write(FEEDS, [key | {"attempt": self.days, "acquired_at": at} | row])
        kept = {"line": 7, "position": 1, "title": "Coat", "pictures": []}
        rows = [
            key | kept | {"offer_id": name, "product_id": f"shop:{name}"} | changed
            for name, changed in (offers or {}).items()
        ]
        self.shops.write(OFFERS, rows)

    def spec(self, **parts: Any) -> None:
        file = self.folder / "retailer.yaml"
        file.write_text(json.dumps(json.loads(file.read_text()) | parts))

    def publish(self, **shops: int) -> None:
        assert publish_night(self.shops.night().store, catalog(shops)) is not None

    def says(self, asked: str = "coat", nights: int = 0) -> Verdict:
        """The one verdict on what was asked."""
        (verdict,) = explain(self.shops.night(nights), asked)
        return verdict


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path)


@pytest.mark.parametrize("asked", ["coat", "shop:coat"])
def test_an_offer_that_its_feed_no_longer_has(lake: Lake, asked: str) -> None:
    for offers in ({"coat": {}, "hat": {}}, {"hat": {}}, {"hat": {}}):
        lake.feed(offers)
    said = lake.says(asked)
    assert (said.stage, said.what, said.status) == ("acquire", "shop:coat", "left")
    assert said.detail == f"no longer in the accepted feed of 2026-01-02; {SEEN}"
    assert said.change.endswith("to act: the shop")


def test_a_feed_whose_offers_are_not_in_the_lake_tells_nothing(lake: Lake) -> None:
    for offers in ({"coat": {}}, None, {"hat": {}}):
        lake.feed(offers)
    assert lake.says().detail == f"no longer in the accepted feed of 2026-01-03; {SEEN}"


def test_an_offer_that_was_rejected(lake: Lake) -> None:
    lake.feed({"coat": {}, "hat": {}})
    reject = {"status": "rejected", "code": str(Code.OFFER_NO_TITLE), "detail": "line 3: no title", "product_id": None}
    lake.feed({"coat": reject, "hat": {}})
    in_live = [said.status for said in explain(lake.shops.night(), "shop:coat") if said.stage == "parse"]
    assert in_live == ["rejected"], "in the live feed it is found as it is"
    lake.feed({"hat": {}})
    said = lake.says()
    assert (said.stage, said.status) == ("parse", "left")
    assert said.detail == f"rejected in the accepted feed of 2026-01-02: offer_no_title: line 3: no title; {SEEN}"
    assert said.change == "the offer has no title; to act: the shop"


def test_an_offer_that_was_never_kept(lake: Lake) -> None:
    lake.feed({"coat": {"status": "rejected", "code": str(Code.OFFER_NO_TITLE), "detail": "line 3: no title"}})
    lake.feed({"hat": {}})
    assert lake.says().detail == (
        f"no longer in the accepted feed of 2026-01-02; {SEEN}, rejected: offer_no_title: line 3: no title"
    )


def test_a_deletion_that_is_withheld_and_then_accepted(lake: Lake) -> None:
    lake.feed({"coat": {}, "hat": {}})
    lake.feed({"hat": {}}, **WITHHELD)
    acquire = [said for said in explain(lake.shops.night(), "coat") if said.stage == "acquire"]
    assert [(said.what[:9], said.status) for said in acquire] == [("shop, fee", "held"), ("shop:coat", "withheld")]
    assert acquire[1].detail == "not in the feed received 2026-01-02 03:00; its deletion is withheld"
    assert acquire[1].change == "`selvedge publish --accept shop/offer_drop --reason TEXT` removes it"
    assert [said.status for said in explain(lake.shops.night(), "hat") if said.stage == "acquire"] == ["held"]

    gate = {"name": "offer_drop", "value": 40.0, "bound": 30.0, "passed": False, "accepted_because": "winter is over"}
    lake.feed(None, feed=bytes([2]) * 32, gates=[gate])
    assert lake.says().detail == (
        f"no longer in the accepted feed of 2026-01-02, deletion withheld until 2026-01-03: winter is over; {SEEN}"
    )


def test_a_deletion_that_was_withheld_for_too_long(lake: Lake) -> None:
    lake.feed({"coat": {}, "hat": {}})
    lake.feed({"hat": {}}, **WITHHELD)
    said = lake.says(nights=10)
    assert said.status == "left"
    assert "deletion withheld for as long as `withdraw_after` allows" in said.detail


def test_a_retailer_that_is_held_for_too_long(lake: Lake) -> None:
    lake.feed({"coat": {}})
    lake.feed(None, **REFUSED)
    assert "left" not in {said.status for said in explain(lake.shops.night(), "coat")}
    said = lake.says(nights=10)
    assert (said.status, said.change) == ("left", "the next good feed brings it back")
    why = "shop is held since 2026-01-02, for longer than `withdraw_after` (14 days): shop: the feed is empty; "
    assert said.detail == f"{why}to act: the shop; {SEEN}"


def test_a_feed_that_is_not_parsed_yet(lake: Lake) -> None:
    lake.feed({"coat": {}})
    lake.feed(None)
    assert (lake.says().status, lake.says().detail) == ("waiting", f"its feed is accepted and not parsed yet; {SEEN}")


def test_a_retailer_that_is_disabled(lake: Lake) -> None:
    lake.feed({"coat": {}})
    lake.spec(enabled=False)
    spec = lake.folder / "retailer.yaml"
    disabled = f"shop is disabled (`enabled: false` in {spec})"
    assert lake.says().detail == f"{disabled}; {SEEN}"
    lake.publish(shop=2, other=1)
    said = lake.says()
    assert (said.status, said.change) == ("left", "an engineer has to set `enabled: true`")
    assert said.detail == f"{disabled}, and leaves the index with the next version; {SEEN}"
    lake.publish(other=1)
    lake.publish(other=2)
    assert lake.says().detail == f"{disabled}, out of the index since version 2 of 2026-03-01; {SEEN}"


def test_a_retailer_that_was_withdrawn(lake: Lake) -> None:
    lake.feed({"coat": {}})
    lake.publish(shop=2, other=1)
    shutil.rmtree(lake.folder)
    at = datetime(2026, 1, 5, tzinfo=UTC)
    withdraw(lake.shops.night().store, "shop", Withdrawal(version=1, who="ada", why="closed down", at=at))
    why = "shop was withdrawn by ada on 2026-01-05: closed down"
    assert lake.says().detail == f"{why}, and leaves the index with the next version; {SEEN}"
    lake.publish(other=1)
    said = lake.says()
    assert (said.status, said.detail) == (
        "left", f"{why}, out of the index since version 2 of 2026-03-01; {SEEN}"
    )  # fmt: skip


def test_a_retailer_whose_spec_is_missing_or_broken_is_held_in_the_index(lake: Lake) -> None:
    lake.feed({"coat": {}})
    lake.publish(shop=2, other=1)
    spec = lake.folder / "retailer.yaml"
    spec.write_text("language: english\n")
    said = lake.says()
    assert (said.status, said.detail) == ("held", f"shop is held at its rows of version 1; {SEEN}")
    assert "to act: the data engineer (correct the file)" in said.change
    shutil.rmtree(lake.folder)
    assert f"{spec} is missing; to act: the data engineer" in lake.says().change
    lake.publish(other=1)
    assert (lake.says().status, lake.says().detail) == (
        "left", f"shop is in no version, and {spec} is missing; {SEEN}"
    )  # fmt: skip


def test_a_broken_retailer_of_no_version(lake: Lake) -> None:
    lake.feed({"coat": {}})
    (lake.folder / "retailer.yaml").write_text("language: english\n")
    assert (lake.says().status, lake.says().change) == ("held", "an engineer has to correct the file")


def test_an_offer_that_left_before_its_retailer_did(lake: Lake) -> None:
    lake.feed({"coat": {}})
    lake.feed({"hat": {}})
    lake.spec(enabled=False)
    assert lake.says().detail == f"no longer in the accepted feed of 2026-01-02; {SEEN}"


@pytest.mark.parametrize("asked", ["shop:coat", "coat", "https://shop.test/a.jpg", "ab" * 32, "gone-shop:hat"])
def test_what_was_erased_is_known_by_hash_and_date_alone(lake: Lake, asked: str) -> None:
    erased = [hash_of(text) for text in ("shop:coat", "https://shop.test/a.jpg", "gone-shop")]
    note_erased(lake.shops.night().store, [*erased, bytes.fromhex("ab" * 32)], date(2026, 1, 9))
    said = lake.says(asked)
    assert (said.status, said.detail) == ("erased", "on 2026-01-09; what it was is not known any more, only its hash")


def test_an_offer_of_two_shops_is_told_for_each(lake: Lake) -> None:
    lake.feed({"coat": {}})
    lake.feed({"hat": {}})
    lake.shops.add("atelier", [])
    key = {"retailer": "atelier", "feed": bytes(32), "function": lake.function, "status": "done"}
    lake.shops.write(OFFERS, [key | {"position": 1, "line": 1, "offer_id": "coat", "product_id": "atelier:coat"}])
    lake.shops.write(FEEDS, [key | {"feed": b"z" * 32, "attempt": 2, "acquired_at": datetime(2026, 1, 3, tzinfo=UTC)}])
    lake.shops.write(OFFERS, [key | {"feed": b"z" * 32, "position": 1, "line": 1, "offer_id": "x"}])
    assert [said.what for said in explain(lake.shops.night(), "coat")] == ["atelier:coat", "shop:coat"]


def test_what_the_lake_never_knew_is_wrong_input(lake: Lake) -> None:
    lake.feed({"coat": {}})
    for asked in ("boat", "shop:boat", "other:coat", "it's"):
        with pytest.raises(WrongInput, match=f"{asked}: no offer, product, garment, picture or URL has this id"):
            explain(lake.shops.night(), asked)
