"""What the date in a feed decides, from the bytes to the state of the shop."""

from pathlib import Path

from tests.jobs.stages.test_lost_offers import Shop, state
from tests.udfs.feeds.small_feeds import OFFER, feed


def dated(at: str) -> bytes:
    return feed(OFFER.format(1), head=f"<yml_catalog date='{at}'><shop><offers>")


def test_a_feed_from_the_future_is_taken_and_the_next_good_one_too(tmp_path: Path) -> None:
    shop = Shop(tmp_path)  # its nights follow 2026-01-10
    assert state(shop.sends(dated("2026-01-11 00:10")))[0] == "done"
    assert state(shop.sends(dated("2036-01-12 00:10")))[0] == "done"
    night = shop.sends(dated("2026-01-10 23:00"))
    status, _, detail = state(night)
    assert status == "rejected", "older than when the feed from the future came"
    assert "shop: older_than_last: its date 2026-01-10 23:00 UTC is " in detail
    assert " h before the last feed's, 2026-01-12 " in detail
    assert state(shop.sends(dated("2026-01-14 00:00")))[0] == "done"
