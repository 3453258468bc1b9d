"""What a person should know of a night."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from jobs.answers.notes import notes
from lake.snapshots import HOLD
from schemas.manifest import Hold
from schemas.tables import FEEDS
from tests.jobs.lake_of_offers import Shops


def test_a_pointer_that_somebody_holds_is_said_each_night(tmp_path: Path) -> None:
    night = Shops(tmp_path, shop=[]).night()
    assert notes(night) == []
    held = Hold(version=3, who="ann", why="wrong prices", since=datetime(2026, 1, 9, 8, 30, tzinfo=UTC))
    night.store.write(HOLD, held.model_dump_json().encode())
    assert notes(night) == [
        "version 3 is held by ann since 2026-01-09 08:30: wrong prices; `selvedge live VERSION` ends the hold"
    ]


def test_a_feed_that_states_a_date_to_come_is_said(tmp_path: Path) -> None:
    shops = Shops(tmp_path, shop=[], other=[])
    at = datetime(2026, 1, 9, 3, tzinfo=UTC)
    state = shops.night().tables.sql("select * from feeds where retailer = 'shop'", [FEEDS]).to_pylist()[0]
    shops.write(FEEDS, [state | {"attempt": 2, "acquired_at": at, "made_at": datetime(2100, 1, 9, 3, tzinfo=UTC)}])
    assert notes(shops.night()) == [
        "shop: its feed states the date 2100-01-09 03:00 UTC, but came on 2026-01-09 03:00 UTC; it counts as made then"
    ]
    shops.write(FEEDS, [state | {"attempt": 3, "acquired_at": at, "made_at": at + timedelta(days=10)}])
    assert notes(shops.night()) == [], "that date has come, though the night runs under an earlier one"
