"""Deletions beyond both bounds stay away from the index until an engineer lets them through; all else flows."""

import re

import pytest

import selvedge_searcher
from schemas.tables import FEEDS
from tests.night.conftest import LANE
from tests.night.house import House

pytestmark = pytest.mark.night

ITEM = re.compile(r"<item\b.*?</item>\s*", re.DOTALL)
IDENTITY = re.compile("<g:id>([^<]*)")
PRICE = re.compile(r"(<g:(?:sale_)?price>)[^<]*")


def published(house: House) -> dict[str, object]:
    """Price by offer of the shop's published products."""
    rows = selvedge_searcher.open(house.store.uri).products.to_pylist()
    return {offer: row["price"] for row in rows if row["retailer"] == LANE for offer in row["offer_ids"]}


def test_deletions_wait_while_prices_flow(house: House) -> None:
    before = published(house)
    feed = house.shops.feed(LANE)
    text = feed.read_text(encoding="utf-8")
    items = ITEM.findall(text)
    kept = [PRICE.sub(r"\g<1>77777 JPY", item) for item in items[: len(items) * 6 // 10]]
    assert 0 < len(kept) < len(items) - 1
    feed.write_text(text.replace("".join(items), "".join(kept)), encoding="utf-8")

    checked = house.selvedge("feeds", "check", LANE, "--json")
    ended = house.night()
    assert (checked.code, ended.code) == (4, 4), ended.err
    reason = ended.json["retailers"][LANE]["reason"]
    assert "offer_drop is" in reason
    assert checked.json["reason"] == reason.removeprefix(f"{LANE}: ")
    assert f"selvedge publish --accept {LANE}/offer_drop --reason" in reason
    after = published(house)
    assert after.keys() == before.keys()
    changed = {offer for offer in after if after[offer] != before[offer]}
    assert 0 < len(changed) < len(after)
    assert {int(str(after[offer]).split(".")[0]) for offer in changed} == {77777}

    gates = (f"{LANE}/offer_drop", "products_drop", "garments_drop")  # the index's own gates see the same drop
    words = [word for gate in gates for word in ("--accept", gate)]
    accepted = house.selvedge("publish", *words, "--reason", "autumn is sold out", "--json")
    assert accepted.code == 0, accepted.err
    assert published(house).keys() == before.keys() & {IDENTITY.findall(item)[0] for item in kept}
    (row,) = house.rows(
        f"select gates from {FEEDS.name} where retailer = '{LANE}' order by attempt desc limit 1", FEEDS
    )
    assert "autumn is sold out" in [gate["accepted_because"] for gate in row["gates"]]
