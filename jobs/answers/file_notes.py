"""Notes on retailers that send several files: ids in two parts, prices that found no offer, and files that left."""

from collections.abc import Iterable, Iterator

from jobs.engine.night import Night
from jobs.live.feeds import LiveFeed, by_retailer, live_feeds, states_by_retailer
from jobs.live.prices import PricesUsed, prices_used
from lake.tables import literal
from schemas.rejects import Code
from schemas.retailer import PRICES
from schemas.table import DONE
from schemas.tables import OFFERS

SAMPLES = 3


def in_their_files(night: Night) -> list[str]:
    """The lines on what stands in the files."""
    catalogs = by_retailer(live_feeds(night)).values()
    lines = [line for parts in catalogs if len(parts) > 1 for line in _in_two_parts(night, parts)]
    return lines + [line for found in prices_used(night) for line in _of_prices(found)]


def _in_two_parts(night: Night, feeds: list[LiveFeed]) -> Iterator[str]:
    """Ids of one retailer that more than one part keeps."""
    rows = ", ".join(f"({literal(feed.feed)}, {literal(feed.function)}, {at})" for at, feed in enumerate(feeds))
    query = f"""
        select o.offer_id from {OFFERS.name} o join (values {rows}) l(feed, function, part)
        on o.feed = l.feed and o.function = l.function
        where o.retailer = {literal(feeds[0].retailer)} and o.status = '{DONE}'
        group by o.offer_id having count(distinct l.part) > 1 order by o.offer_id"""  # noqa: S608
    ids = night.tables.sql(query, [OFFERS])["offer_id"].to_pylist()
    if ids:
        order = ", ".join(str(feed.part) for feed in feeds)
        yield f"{feeds[0].retailer}: {len(ids)} ids ({_some(ids)}) are in several parts; the first of {order} counts"


def _of_prices(found: PricesUsed) -> Iterator[str]:
    title, used = found.feed.title, found.used
    if used.unknown:
        yield f"{title}: {used.unknown} of its {used.ids} ids ({_some(used.samples, used.unknown)}) are in no live part"
    if used.currencies:
        yield f"{title}: {used.currencies} prices are in another currency than their offers, and were not taken"
    if found.older_than:
        names = ", ".join(part.title for part in found.older_than)
        yield f"{title}: is older than {names}, whose prices and stock stay as they are"


def left_tonight(night: Night) -> Iterator[str]:
    """The lines on files that left on the night's date."""
    for name in sorted(night.retailers):
        for kinds in states_by_retailer(night).get(name, {}).values():
            newest = kinds["newest"]
            if newest["code"] == Code.FEED_REMOVED and newest["acquired_at"].date() >= night.today:
                is_part = newest["file_kind"] != PRICES
                gone = "what no other part offers left the index" if is_part else "its prices count no more"
                yield f"{newest['detail']}; {gone}"


def _some(ids: Iterable[str], count: int | None = None) -> str:
    found = [*ids]
    return ", ".join(found[:SAMPLES]) + (", ..." if (count or len(found)) > SAMPLES else "")
