"""The state of a retailer's feed, and who leaves the index."""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from jobs.live.retailers import missing, retailer_states, taken_out
from lake.withdrawals import Withdrawal, withdraw
from schemas.manifest import Counts, Facts, Manifest, RetailerState
from schemas.tables import FEEDS
from tests.jobs.lake_of_offers import FEED, FIRST, Shops

NOTHING = Counts(garments=1, products=1, categories={})
LAST = RetailerState(status="fresh", feed_sha256=FEED.hex(), feed_age_hours=1.0)


def parent(*counted: str, version: int = 3, states: dict[str, RetailerState] | None = None) -> Manifest:
    known = dict.fromkeys(counted, LAST) if states is None else states
    facts = Facts.model_construct(retailers=known)
    return Manifest.model_construct(version=version, counts=dict.fromkeys(counted, NOTHING), facts=facts)


@pytest.fixture
def shops(tmp_path: Path) -> Shops:
    return Shops(tmp_path, first=["https://shop.test/1"], second=["https://shop.test/2"])


def feeds(shops: Shops, *rows: dict[str, Any]) -> None:
    shops.night().tables.open(FEEDS).delete()
    old = {"attempt": 1, "function": bytes(32), "feed": FEED, "status": "done", "acquired_at": datetime.now(UTC)}
    shops.write(FEEDS, [old | row for row in rows])


REFUSED = {"retailer": "first", "status": "rejected", "code": "feed_empty", "detail": "first: empty"}


def test_a_retailer_without_a_feed_waits_and_one_refused_at_once_is_held(shops: Shops) -> None:
    feeds(shops, REFUSED, {"retailer": "second"})
    (shops.root / "mappings" / "third").mkdir()
    shutil.copy(shops.root / "mappings" / "first" / "retailer.yaml", shops.root / "mappings" / "third")
    states = retailer_states(shops.night(), None)
    assert states["first"] == RetailerState(status="held", reason="first: empty")
    assert (states["second"].status, states["second"].reason) == ("fresh", None)
    assert states["third"] == RetailerState(status="waiting")


def test_a_refusal_without_a_detail_is_still_explained(shops: Shops) -> None:
    feeds(shops, REFUSED | {"detail": None})
    states = retailer_states(shops.night(), None)
    assert states["first"] == RetailerState(status="held", reason="no feed has been accepted yet")


def test_a_newer_refused_feed_holds_the_accepted_one_with_its_age(shops: Shops) -> None:
    night = shops.night()
    made = night.now() - timedelta(hours=5_000)
    feeds(shops, {"retailer": "first", "acquired_at": made}, REFUSED | {"attempt": 2, "acquired_at": night.now()})
    state = retailer_states(shops.night(), parent("first"))["first"]
    assert (state.status, state.reason, state.feed_age_hours) == ("held", "first: empty", 5_000.0)


def test_the_feed_of_the_version_before_is_unchanged(shops: Shops) -> None:
    feeds(shops, {"retailer": "first"}, {"retailer": "second", "feed": bytes([7]) * 32})
    states = retailer_states(shops.night(), parent("first", "second"))
    assert {name: state.status for name, state in states.items()} == {"first": "unchanged", "second": "fresh"}


def test_what_a_retailer_that_is_missing_had_last_is_kept(shops: Shops) -> None:
    night = shops.night()
    states = retailer_states(night, parent("gone", "unknown", states={"gone": LAST}))
    spec = night.settings.mappings / "gone" / "retailer.yaml"
    reason = f"{spec} is missing; to act: the data engineer (restore it, or `selvedge withdraw gone --reason TEXT`)"
    assert states["gone"] == LAST.model_copy(update={"status": "held", "reason": reason})
    assert states["unknown"].status == "held"


def test_a_retailer_whose_feeds_are_lost_is_missing(shops: Shops) -> None:
    feeds(shops, {"retailer": "second"})
    assert missing(shops.night(), parent("first", "second")) == {
        "first": "the lake has no feed of this retailer any more; to act: nobody (the next night requests it)"
    }
    assert missing(shops.night(), None) == {}


def test_a_broken_retailer_is_missing_whether_it_was_published_or_not(shops: Shops) -> None:
    (shops.root / "mappings" / "first" / "retailer.yaml").write_text("language: english\n")
    night = shops.night()
    assert set(missing(night, parent("first", "second"))) == {"first"}
    for before in (None, parent("second"), parent("first")):
        state = retailer_states(night, before)["first"]
        assert state.status == "held"
        assert str(state.reason).endswith("; to act: the data engineer (correct the file)")


def test_only_a_decision_takes_a_retailer_out(shops: Shops) -> None:
    spec = shops.root / "mappings" / "first" / "retailer.yaml"
    spec.write_text(spec.read_text().replace('"language"', '"enabled": false, "language"'))
    night = shops.night()
    at = datetime.combine(FIRST, datetime.min.time(), UTC)
    for name, version in (("early", 2), ("now", 3), ("second", 3)):
        withdraw(night.store, name, Withdrawal(version=version, who="me", why="over", at=at))
    assert taken_out(night, parent("first", "second", "early", "now", "gone")) == {"first", "now"}
