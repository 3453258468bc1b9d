"""A retailer's products of the last night, and its last kept feed read anew, for a comparison. Writes nothing."""

from collections.abc import Iterator
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from jobs.engine.night import Night
from jobs.live.feeds import Kinds, LiveFeed, live_feed, states_by_retailer
from jobs.live.views import live_offers
from jobs.stages.acquire import reading_options
from lake.feeds import open_feed
from schemas.errors import WrongInput
from schemas.retailer import FeedFile
from schemas.tables import OFFERS
from udfs.feeds.compare import READ, compared, read_compared
from udfs.feeds.summary import FeedSummary

PART = 100_000
"""Places of the feed whose offers are in memory with their texts."""


def last_night(night: Night, spec: FeedFile) -> pa.Table:
    """COMPARED of the live offers as the last night read them, those whose deletion is withheld included.

    Raises WrongInput where the lake has none.
    """
    feed, kinds = _last(night, spec)
    found = live_offers([_as_read(feed, kinds)])
    last = night.tables.sql(f"select max(position) last from ({found.sql})", found.tables)["last"][0].as_py()  # noqa: S608
    if last is None:
        text = f"the lake has no offers of its feed of {feed.acquired_at:%Y-%m-%d %H:%M} UTC yet; run a night first"
        raise WrongInput(spec.title, None, text)

    columns = ", ".join(("position", *READ))

    def parts() -> Iterator[pa.Table]:
        for first in range(0, last + 1, PART):
            of = f"position between {first} and {first + PART - 1}"
            query = f"select {columns} from ({found.sql}) where {of}"  # noqa: S608
            rows = night.tables.sql(query, [OFFERS]).sort_by("position")
            shop = len(spec.name) + 1  # a feed's own reading has no `retailer:` before its products
            product = pc.utf8_slice_codeunits(rows["product_id"], shop, None)
            yield rows.set_column(rows.schema.get_field_index("product_id"), "product_id", product)

    return compared(parts(), night.today)


def kept_feed(night: Night, spec: FeedFile) -> tuple[FeedSummary, pa.Table]:
    """The summary of the last accepted feed and COMPARED, read as the spec says now. Raises WrongInput, FeedRefused."""
    feed, kinds = _last(night, spec)
    with open_feed(night.store, feed.feed) as source:
        return read_compared(source, reading_options(night, spec, kinds["accepted"]["charset"]), night.today)


def _last(night: Night, spec: FeedFile) -> tuple[LiveFeed, Kinds]:
    kinds = states_by_retailer(night).get(spec.name, {}).get(spec.part, {})
    feed = live_feed(night, spec, kinds)
    if feed is None:
        reason = "held for too long" if "accepted" in kinds else "none was ever accepted"
        raise WrongInput(spec.title, None, f"it has no live feed to compare with ({reason})")
    return feed, kinds


def _as_read(feed: LiveFeed, kinds: Kinds) -> LiveFeed:
    """The feed with the digests of how the last night read it: the spec may be edited since."""
    earlier = feed.completed_by and feed.completed_by._replace(function=kinds["whole"]["function"])
    return replace(feed, function=kinds["accepted"]["function"], completed_by=earlier)
