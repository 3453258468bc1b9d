"""How a shop is asked for its feed."""

from pathlib import Path

from jobs.acquire import _request
from tests.jobs.lake_of_offers import Shops


def test_a_feed_is_asked_for_under_the_name_that_pictures_are(tmp_path: Path) -> None:
    night = Shops(tmp_path, shop=[]).night(user_agent="ours/1 (+mailto:us@ours.test)", connect_seconds=3)
    request = _request(night, night.retailers["shop"], None)
    assert (request.user_agent, request.connect_s) == ("ours/1 (+mailto:us@ours.test)", 3)
