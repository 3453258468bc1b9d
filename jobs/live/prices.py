"""Puts what the files of prices say into the live offers.

A file of prices counts for a part while it is not older than that part: by the dates that both state, else by when they
came (what came in one night counts as equally old, and then the prices are the newer). Of two files of prices the one
that the spec lists first counts, field by field. Nothing else of an offer changes, so no picture, text or choice does.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from jobs.engine.night import Night
from jobs.live.feeds import AHEAD, LiveFeed, by_retailer, live_feeds, live_prices
from jobs.live.verdict import Verdict
from jobs.live.views import live_offers
from lake.tables import literal, one_of
from schemas.table import DONE
from schemas.tables import OFFERS
from udfs.rules.updates import UPDATE_COLUMNS, UPDATED, Used, one_an_id, with_update

ONE_NIGHT = timedelta(hours=6)


@dataclass(frozen=True)
class PricesUsed:
    """A live file of prices, and what became of it."""

    feed: LiveFeed
    used: Used
    older_than: list[LiveFeed]
    """Parts of which it changes nothing."""


def priced(night: Night, offers: pa.Table) -> pa.Table:
    """The live offers with what the files of prices say.

    offers: `udfs.rules.updates.UPDATED`, `retailer`, `offer_id` and `feed`.
    """
    for retailer, feeds in by_retailer(live_prices(night)).items():
        mine = pc.equal(offers["retailer"], retailer)
        rows = offers.filter(mine)
        for feed in reversed(feeds):
            rows, _ = _put(night, rows, feed)
        offers = pa.concat_tables([offers.filter(pc.invert(mine)), rows])
    return offers


def prices_used(night: Night) -> list[PricesUsed]:
    """What became of each live file of prices."""
    return night.kept("prices_used", lambda: [*_uses(night)])


def _uses(night: Night) -> Iterator[PricesUsed]:
    parts = live_feeds(night)
    names = ", ".join(("retailer", "offer_id", "feed", *UPDATED))
    for feed in live_prices(night):
        found = live_offers(part for part in parts if part.retailer == feed.retailer)
        rows = night.tables.sql(f"select {names} from ({found.sql})", found.tables)  # noqa: S608
        _, used = _put(night, rows, feed)
        yield PricesUsed(feed, used, [part for part in _parts(night, feed) if not counts_for(feed, part)])


def _put(night: Night, rows: pa.Table, feed: LiveFeed) -> tuple[pa.Table, Used]:
    query = f"""
        select {", ".join(UPDATE_COLUMNS)} from {OFFERS.name} where retailer = {literal(feed.retailer)}
        and feed = {literal(feed.feed)} and function = {literal(feed.function)} and status = '{DONE}'"""  # noqa: S608
    update = one_an_id(night.tables.sql(query, [OFFERS]))
    newer = [sha for part in _parts(night, feed) if not counts_for(feed, part) for sha in _contents(part)]
    older = pc.invert(pc.is_in(rows["feed"], pa.array(newer, pa.binary())))
    return with_update(rows, update, older)


def _parts(night: Night, feed: LiveFeed) -> list[LiveFeed]:
    return [part for part in live_feeds(night) if part.retailer == feed.retailer]


def _contents(part: LiveFeed) -> list[bytes]:
    return [part.feed, *([part.completed_by.feed] if part.completed_by else [])]


def counts_for(prices: LiveFeed, part: LiveFeed) -> bool:
    """Whether a file of prices is not older than a part. A stated date that is still to come says nothing."""
    stated = [feed.made_at for feed in (prices, part) if feed.made_at and feed.made_at <= feed.acquired_at + AHEAD]
    if len(stated) < len((prices, part)):
        return prices.acquired_at + ONE_NIGHT >= part.acquired_at
    return stated[0] >= stated[1]


def said_of(night: Night, offers: Iterable[dict[str, Any]]) -> Iterator[Verdict]:
    """What the files of prices say of some live offers, and whether that counts.

    offers: rows with `retailer`, `offer_id`, `feed` and `status`.
    """
    kept = [offer for offer in offers if offer["status"] == DONE]
    for feed in live_prices(night):
        mine = {offer["offer_id"]: offer["feed"] for offer in kept if offer["retailer"] == feed.retailer}
        if not mine:
            continue
        query = f"""
            select line, {", ".join(UPDATE_COLUMNS)} from {OFFERS.name} where retailer = {literal(feed.retailer)}
            and feed = {literal(feed.feed)} and function = {literal(feed.function)} and status = '{DONE}'
            and {one_of("offer_id", mine)} order by position"""  # noqa: S608
        for row in night.tables.sql(query, [OFFERS]).to_pylist():
            part = next((part for part in _parts(night, feed) if mine[row["offer_id"]] in _contents(part)), None)
            what, said = f"{feed.retailer}:{row['offer_id']}", f"{feed.title}, line {row['line']}: {_said(row)}"
            if part is None or counts_for(feed, part):
                yield Verdict("parse", what, "updated", said)
            else:
                why = f"this file is older than {part.title}; to act: the shop (it has to send a newer one)"
                yield Verdict("parse", what, "not updated", said, why)


def _said(row: dict[str, Any]) -> str:
    price, old = row["price"], row["old_price"]
    parts = (
        price is not None and f"{price} {row['currency'] or ''}".strip(),
        old is not None and f"before {old}",
        row["available"] is not None and ("in stock" if row["available"] else "sold out"),
        row["sizes"] and f"sizes {', '.join(row['sizes'])}",
    )
    return ", ".join(part for part in parts if part)
