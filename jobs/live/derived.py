"""Rows that were made of other rows and are not keyed by what these say: they go if those turn out to be wrong.

All else follows by itself, since its key holds what it was made from.
"""

from collections.abc import Iterable
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from jobs.engine.night import Night
from jobs.engine.recheck import without
from jobs.live.catalog import Catalog
from jobs.live.coverage import KEY as COVERAGE_KEY
from jobs.live.coverage import function_of
from jobs.live.feeds import digests_by_retailer, live_feeds
from jobs.live.functions import choose_function, duplicates_function
from lake.vacuum.rows import Keep
from schemas.tables import COVERAGE, DUPLICATES, GARMENTS


def choices_by_picture(night: Night, pictures: pa.Array) -> list[Keep]:
    """The choices of the products that show these pictures."""
    shown = Catalog.of(night).pictures
    return _choices(night, shown.filter(pc.is_in(shown["picture"], pictures))["product"])


def choices_by_text(night: Night, texts: pa.Array) -> list[Keep]:
    """The choices of the products with these texts."""
    stated = Catalog.of(night).products["text_key"].cast(pa.binary())
    return _choices(night, pc.indices_nonzero(pc.is_in(stated, texts)))


def _choices(night: Night, products: Any) -> list[Keep]:
    keys = Catalog.of(night).keys
    keys = keys.filter(pc.is_in(keys["product"], pc.unique(products).cast(pa.int64())))
    return [without(GARMENTS, keys["product_key"].combine_chunks(), choose_function(night))]


def groups_of(night: Night, pictures: pa.Array) -> list[Keep]:
    """The places of these pictures among near duplicates, and of those in the groups around them."""
    current = pa.scalar(duplicates_function(night), pa.binary())

    def stays(rows: pa.Table) -> pa.ChunkedArray:
        named = pc.or_(pc.is_in(rows["picture"], pictures), pc.is_in(rows["medoid"], pictures))
        return pc.invert(pc.and_(named, pc.equal(rows["function"], current)))

    return [Keep(DUPLICATES, ("picture", "medoid", "function"), stays)]


def coverage_of(night: Night, retailers: Iterable[str]) -> Keep:
    """What was counted of the retailers' live feeds with their present mapping files."""
    named = set(retailers)
    feeds = digests_by_retailer(live_feeds(night))
    live = {(name, feed, function_of(night, name)) for name, feed in feeds.items() if name in named}

    def stays(rows: pa.Table) -> pa.Array:
        return pa.array([tuple(row.values()) not in live for row in rows.select(COVERAGE_KEY).to_pylist()], pa.bool_())

    return Keep(COVERAGE, COVERAGE_KEY, stays)
