"""The products of the live offers, made in groups of feeds, so that memory is bounded whatever the shops send."""

from collections.abc import Iterator, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from jobs.engine.night import Night
from jobs.live.feeds import LiveFeed, feed_states, live_feeds
from jobs.live.takedowns import is_barred_product
from jobs.live.views import live_offers
from schemas.table import wide
from udfs.rules.products import OFFER_COLUMNS, PRODUCTS, products_of
from udfs.rules.sales import SALE_COLUMNS, priced_on

GROUP_OFFERS = 300_000
"""Offers of the feeds whose products are made at once; a feed with more of them is alone."""

PART_ROWS = 100_000
"""Products in one array."""

COLUMNS = tuple(dict.fromkeys((*OFFER_COLUMNS, *SALE_COLUMNS)))


def live_products(night: Night) -> pa.Table:
    """`udfs.rules.products.PRODUCTS` of the live offers by product id, without blocked products."""
    made = [merged(night, feeds) for feeds in _groups(night)]
    products = pa.concat_tables([PRODUCTS.empty_table(), *made])
    return products.filter(pc.invert(is_barred_product(night, products["product_id"])))


def merged(night: Night, feeds: Sequence[LiveFeed]) -> pa.Table:
    """The products of some feeds as they are tonight, by product id."""
    found = live_offers(feeds)
    rows = night.tables.sql(f"select {', '.join(COLUMNS)}, max_pictures from ({found.sql})", found.tables)  # noqa: S608
    return products_of(priced_on(rows, night.today), rows["max_pictures"])


def _groups(night: Night) -> Iterator[list[LiveFeed]]:
    """The live feeds in the order of their products' ids."""
    offers = {(state["retailer"], state["feed"]): state["offers"] or 0 for state in feed_states(night)}
    group: list[LiveFeed] = []
    held = 0
    for feed in sorted(live_feeds(night), key=lambda feed: f"{feed.retailer}:"):
        count = offers.get((feed.retailer, feed.feed), 0)
        if group and held + count > GROUP_OFFERS:
            yield group
            group, held = [], 0
        group.append(feed)
        held += count
    if group:
        yield group


def taken(rows: pa.Table, places: pa.Array | pa.ChunkedArray) -> pa.Table:
    """Rows by their place, in any order and number."""
    found = rows.cast(wide(rows.schema)).take(places)
    parts = [found.slice(at, PART_ROWS).cast(rows.schema) for at in range(0, found.num_rows, PART_ROWS)]
    return pa.concat_tables([rows.schema.empty_table(), *parts])
