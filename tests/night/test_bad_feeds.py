"""A feed that cannot be used costs its retailer one line; everybody else's night goes on."""

from collections.abc import Callable

import pytest

from tests.long import few_of
from tests.night.conftest import ATELIER, LANE
from tests.night.house import DATE, House

pytestmark = pytest.mark.night

BOMB = b"""<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY a "aaaaaaaaaa">
<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">
<!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;">]><rss><channel><item><title>&d;</title></item></channel></rss>"""
EXTERNAL = b"""<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]>
<rss><channel><item><title>&x;</title></item></channel></rss>"""

EVILS: dict[str, Callable[[bytes], bytes | None]] = {
    "missing": lambda feed: None,
    "empty": lambda feed: b"",
    "cut off": lambda feed: feed[: len(feed) // 2],
    "not XML": lambda feed: b"%PDF-1.4 this is no feed",
    "a web page": lambda feed: b"<!DOCTYPE html><html><body>Log in</body></html>",
    "entity bomb": lambda feed: BOMB,
    "external entity": lambda feed: EXTERNAL,
}


@pytest.mark.parametrize("evil", few_of(EVILS, 3))
def test_a_bad_feed_keeps_the_last_rows(evil: str, house: House) -> None:
    before = house.manifest()
    feed = house.shops.feed(LANE)
    body = EVILS[evil](feed.read_bytes())
    if body is None:
        feed.unlink()
    else:
        feed.write_bytes(body)
    checked = house.selvedge("feeds", "check", LANE, "--json")
    ended = house.night()
    assert (checked.code, ended.code) == (4, 4), ended.err
    state = ended.json["retailers"][LANE]
    assert checked.json["reason"] == state["reason"].removeprefix(f"{LANE}: ")
    assert state["status"] == "held"
    assert "to act:" in state["reason"], "the line names who has to do something"
    assert "\n" not in state["reason"]
    assert "Traceback" not in ended.err
    assert "root:" not in ended.out.decode()
    assert ended.json["retailers"][ATELIER]["status"] == "unchanged"
    assert house.manifest().content_digest == before.content_digest
    again = house.night()
    assert again.code == 4
    assert again.json["retailers"][LANE]["status"] == "held"


def test_a_shop_whose_pictures_are_gone_publishes_nothing_and_says_why(new_house: House) -> None:
    for retailer in new_house.shops.retailers:
        feed = new_house.shops.feed(retailer)
        feed.write_text(feed.read_text().replace("/images/", "/no-images/"))
    ended = new_house.night()
    assert ended.code == 0, ended.err
    assert (ended.json["snapshot"], ended.json["published"], ended.json["garments"]) == (None, False, 0)
    counts = ended.json["stages"]["fetch"]
    assert counts["due"] == counts["rejected"] > 0
    assert ended.json["rejects"]["fetch_404"] == counts["rejected"]
    assert ended.json["rejects"]["no_picture_left"] > 0
    assert "Nothing to publish" in new_house.selvedge("night", "--date", DATE).text


def test_a_retailer_that_is_switched_off_is_withdrawn(house: House) -> None:
    house.edit_spec(LANE, enabled=False)
    ended = house.night()
    assert ended.code == 0, ended.err
    assert set(ended.json["retailers"]) == {ATELIER}
    assert set(house.manifest().counts) == {ATELIER}
    assert house.shops.pictures_asked == 0
