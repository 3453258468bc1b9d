"""The products of the live offers: kept by retailer in `merged`, so that those of unchanged feeds are not made again.

They are made in groups of retailers, so that memory is bounded whatever the shops send. A night and the one after it
have the same products of the same feeds unless a sale begins or ends between them.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import date
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jobs.engine.night import Night
from jobs.live.feeds import LiveFeed, by_retailer, feed_states, live_feeds, live_prices
from jobs.live.functions import digest_of, merge_function
from jobs.live.prices import counts_for, priced
from jobs.live.rows import encoded, runs, taken
from jobs.live.takedowns import is_barred_product
from jobs.live.views import live_offers
from lake.content_digest import sorted_table_digest
from lake.tables import literal, one_of
from schemas.table import DONE, wide
from schemas.tables import FEEDS, MERGED
from udfs.rules.products import OFFER_COLUMNS, PRODUCTS, products_of
from udfs.rules.sales import SALE_COLUMNS, nights_of, priced_on

GROUP_OFFERS = 300_000
"""Offers of the retailers whose products are made at once; a retailer with more of them is alone."""

COLUMNS = tuple(dict.fromkeys((*OFFER_COLUMNS, *SALE_COLUMNS, "feed")))

OF_CONTENT = ("product_id", "title", "gender", "age", "category_path", "category_ids", "pictures", "text_key")
"""What stages before `publish` read of a product, and of the offers that it is made of."""


class Kept(NamedTuple):
    """What the kept products of a retailer were made from."""

    digest: bytes
    attempt: int
    content: bytes | None
    """None: an older program kept them."""


def live_products(night: Night) -> pa.Table:
    """`udfs.rules.products.PRODUCTS` of the live offers by product id, without blocked products."""
    return _live(night, "true", lambda rows: rows)


def products_with(night: Night, ids: Collection[str], urls: Collection[str]) -> pa.Table:
    """Those that have one of some ids or picture URLs."""

    def named(rows: pa.RecordBatch) -> pa.RecordBatch:
        lists = rows["pictures"]
        shows = pc.is_in(lists.flatten(), pa.array(sorted(urls), pa.string()))
        showing = pc.is_in(pa.array(np.arange(rows.num_rows)), pc.list_parent_indices(lists).filter(shows))
        return rows.filter(pc.or_(pc.is_in(rows["product_id"], pa.array(sorted(ids), pa.string())), showing))

    those = ", ".join(map(literal, sorted(urls))) or "''"
    asked = f"{one_of('m.product_id', ids)} or array_has_any(m.pictures, make_array({those}))"
    return _live(night, asked, named)


def _live(night: Night, asked: str, named: Callable[[pa.RecordBatch], pa.RecordBatch]) -> pa.Table:
    """PRODUCTS that meet a condition, in SQL over what is kept and as a function over what is made now."""
    retailers = _in_order(feeds_keys(night))
    kept = _kept(night, retailers, asked)
    made = [
        pa.Table.from_batches(map(named, rows.to_batches()), rows.schema)
        for rows in (merged(night, group) for group in unkept(night, retailers))
    ]
    products = pa.concat_tables(
        [PRODUCTS.empty_table(), *(rows.select(PRODUCTS.names).cast(PRODUCTS) for rows in (kept, *made))]
    )
    if made:
        products = taken(products, pa.array(_places(products["retailer"], retailers)))
    return products.filter(pc.invert(is_barred_product(night, products["product_id"])))


def keep(night: Night, retailers: Iterable[str]) -> None:
    """Keep the products of tonight of those retailers of which they are not kept."""
    for group in unkept(night, retailers):
        rows = merged(night, group)
        sources = pc.unique(rows["source"]).to_pylist()
        tried = night.tables.sql(f"select source, max(attempt) attempt from {MERGED.name} group by source", [MERGED])  # noqa: S608
        last = dict(zip(tried["source"].to_pylist(), tried["attempt"].to_pylist(), strict=True))
        nexts = pa.array([last.get(source, 0) + 1 for source in sources], pa.int32())
        at = rows.schema.get_field_index("attempt")
        attempts = nexts.take(pc.index_in(rows["source"], pa.array(sources, pa.binary(32))).combine_chunks())
        night.tables.append(MERGED, rows.set_column(at, rows.schema.field(at), attempts))


def unkept(night: Night, retailers: Iterable[str]) -> Iterator[list[str]]:
    """Those of some retailers whose live products are not kept, in groups."""
    sources, keys = sources_of(night), feeds_keys(night)
    new = _in_order(name for name in retailers if name in keys and (name, keys[name]) not in sources)
    yield from in_groups(night, new, GROUP_OFFERS)


def in_groups(night: Night, retailers: Iterable[str], most: int) -> Iterator[list[str]]:
    """Retailers in groups with not more than so many live offers together; one that has more is alone."""
    offers = _offers(night)
    group: list[str] = []
    held = 0
    for name in retailers:
        if group and held + offers[name] > most:
            yield group
            group, held = [], 0
        group.append(name)
        held += offers[name]
    if group:
        yield group


def _offers(night: Night) -> Counter[str]:
    """How many offers the live feeds of each retailer have."""
    known = {(state["retailer"], state["feed"]): state["offers"] or 0 for state in feed_states(night)}
    found: Counter[str] = Counter()
    for feed in live_feeds(night):
        found[feed.retailer] += known.get((feed.retailer, feed.feed), 0)
    return found


def merged(night: Night, retailers: Sequence[str]) -> pa.Table:
    """Rows of MERGED of some retailers as they are tonight, by product id, as a first attempt."""
    found = live_offers(feed for feed in live_feeds(night) if feed.retailer in set(retailers))
    rows = night.tables.sql(f"select {', '.join(COLUMNS)}, max_pictures from ({found.sql})", found.tables)  # noqa: S608
    rows = priced(night, rows)
    products = products_of(priced_on(rows, night.today), rows["max_pictures"])
    of_sales = rows.select(["retailer", *SALE_COLUMNS]).filter(pc.is_valid(rows["sale_price"]))
    keys, contents = feeds_keys(night), _offers_digests(rows)
    parts = [MERGED.schema.empty_table()]
    for retailer, start, end in runs(products["retailer"]):
        nights = nights_of(of_sales.filter(pc.equal(of_sales["retailer"], retailer)), night.today)
        own = products.slice(start, end - start)
        content = digest_of(sorted_table_digest(own.select(OF_CONTENT)), contents[retailer])
        parts.append(_rows(keys[retailer], nights, own, content))
    return pa.concat_tables(parts)


def _offers_digests(offers: pa.Table) -> dict[str, str]:
    """By retailer, a digest of its offers that is the same while prices, stock and sizes alone change."""
    names = ["offer_id", *OF_CONTENT]
    rows = offers.select(["retailer", *names]).append_column("most", offers["max_pictures"])
    rows = rows.cast(wide(rows.schema))  # sorted, they are in one piece
    rows = rows.sort_by([(name, "ascending") for name in ("retailer", "product_id", "offer_id")])
    return {
        retailer: sorted_table_digest(rows.slice(start, end - start).select([*names, "most"]))
        for retailer, start, end in runs(rows["retailer"])
    }


def feeds_keys(night: Night) -> dict[str, bytes]:
    """By retailer with a live feed the digest of all that decides on its products besides the night."""
    return night.kept("feeds_keys", lambda: _feeds_keys(night), of=[FEEDS])


def _feeds_keys(night: Night) -> dict[str, bytes]:
    parts = by_retailer(live_feeds(night))
    said = {name: [piece for feed in mine for piece in _part(feed)] for name, mine in parts.items()}
    for prices in live_prices(night):
        mine = parts.get(prices.retailer, [])
        if mine:
            counts = ("newer" if counts_for(prices, part) else "older" for part in mine)
            said[prices.retailer] += ["prices", prices.feed, prices.function, *counts]
    return {name: digest_of(*pieces) for name, pieces in said.items()}


def _part(feed: LiveFeed) -> tuple[str | bytes, ...]:
    earlier = feed.completed_by
    completed = (earlier.feed, earlier.function) if earlier else ()
    return "part", feed.feed, feed.function, str(feed.max_pictures), *completed


def _rows(key: bytes, nights: tuple[date | None, date | None], products: pa.Table, content: bytes) -> pa.Table:
    count = products.num_rows
    same = {
        "source": digest_of(key, *(str(night) for night in nights)), "feeds": key, "function": merge_function(),
        "attempt": 1, "from_night": nights[0], "until_night": nights[1], "count": count, "status": DONE,
        "content": content,
    }  # fmt: skip
    columns = {name: products[name] for name in products.column_names}
    columns["place"] = pa.array(np.arange(count, dtype=np.int32))
    arrays = [
        columns[field.name] if field.name in columns else pa.repeat(pa.scalar(same.get(field.name), field.type), count)
        for field in MERGED.schema
    ]
    return pa.table(arrays, schema=MERGED.schema)


def sources_of(night: Night) -> dict[tuple[str, bytes], Kept]:
    """By retailer and key of its feeds, what is said of the products that are kept as a whole for tonight."""
    tonight = f"date '{night.today.isoformat()}'"
    query = f"""
        select retailer, feeds, source, attempt, content from {MERGED.name}
        where function = {literal(merge_function())} and (from_night is null or from_night <= {tonight})
        and (until_night is null or until_night > {tonight})
        group by retailer, feeds, source, attempt, content having count(*) = max("count") order by attempt"""  # noqa: S608
    rows = night.kept("sources", lambda: night.tables.sql(query, [MERGED]).to_pylist(), of=[MERGED])
    return {(row["retailer"], row["feeds"]): Kept(row["source"], row["attempt"], row["content"]) for row in rows}


def tonights_sources(night: Night) -> dict[str, bytes]:
    """By retailer with a live feed, from what its products of tonight are made: the same while its prices hold."""
    kept, tonight = sources_of(night), Kept(str(night.today).encode(), 0, None)
    return {name: kept.get((name, feeds), tonight).digest for name, feeds in feeds_keys(night).items()}


def contents(night: Night) -> dict[str, bytes]:
    """By retailer with a live feed, a digest of what its products say besides prices, stock and sizes; of the feeds
    themselves where its products are not kept, or were by an older program."""
    kept, none = sources_of(night), Kept(b"", 0, None)
    return {name: kept.get((name, feeds), none).content or feeds for name, feeds in feeds_keys(night).items()}


def _kept(night: Night, retailers: Sequence[str], asked: str) -> pa.Table:
    """PRODUCTS that meet a condition, of the retailers of which they are kept, in their order."""
    sources, keys = sources_of(night), feeds_keys(night)
    wanted = [(name, sources[name, keys[name]]) for name in retailers if (name, keys[name]) in sources]
    if not wanted:
        return PRODUCTS.empty_table()
    listed = ", ".join(f"({literal(name)}, {literal(kept.digest)}, {kept.attempt})" for name, kept in wanted)
    columns = ", ".join(f"m.{name}" for name in PRODUCTS.names)
    query = f"""
        select {columns}, m.place from {MERGED.name} m join (values {listed}) k(retailer, source, attempt)
        on m.retailer = k.retailer and m.source = k.source and m.attempt = k.attempt
        where m.function = {literal(merge_function())} and ({asked})"""  # noqa: S608
    rows = night.tables.sql(query, [MERGED])
    return taken(rows.select(PRODUCTS.names), pa.array(_places(rows["retailer"], retailers, rows["place"])))


def _in_order(retailers: Iterable[str]) -> list[str]:
    """Retailers in the order of their products' ids."""
    return sorted(retailers, key=lambda name: f"{name}:")


def _places(column: pa.ChunkedArray, retailers: Sequence[str], within: pa.ChunkedArray | None = None) -> np.ndarray:
    """Rows in the order of the retailers; those of one by `within`, or as they are."""
    names = encoded(column)
    rank_of = {name: rank for rank, name in enumerate(retailers)}
    ranks = np.array([rank_of[name] for name in names.dictionary.to_pylist()], np.int64)[names.indices.to_numpy()]
    return np.lexsort((ranks,) if within is None else (within.to_numpy(), ranks))
