"""Queries that several stages need: the live offers, URLs and pictures of a night."""

from collections.abc import Iterable
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from jobs.engine.night import Night
from jobs.engine.stage import Query
from jobs.live.feeds import LiveFeed, by_retailer, live_feeds
from lake.lookup import rows_with
from lake.tables import literal
from schemas.table import DONE, Table
from schemas.tables import FETCHES, OFFERS, PICTURES


def offers(night: Night) -> Query:
    return live_offers(live_feeds(night))


def urls(night: Night) -> Query:
    return live_urls(offers(night))


def pictures(night: Night) -> Query:
    return live_pictures(urls(night), night.blocked.pictures | night.erased)


def rows_under(night: Night, table: Table, key: bytes, function: bytes) -> list[dict[str, Any]]:
    """The rows that a stage has for one key under a function."""
    (column,) = table.key
    rows: list[dict[str, Any]] = under(rows_with(night.tables, table, column, [key]), function).to_pylist()
    return rows


def under(rows: pa.Table, function: bytes) -> pa.Table:
    """Those of some rows that a function made."""
    return rows.filter(pc.equal(rows["function"], pa.scalar(function, pa.binary())))


def offers_of(feeds: Iterable[LiveFeed]) -> Query:
    """Every offer of the live feeds, accepted or rejected, with the limit of pictures per product."""
    rows = ", ".join(dict.fromkeys(
        f"({literal(f.retailer)}, {literal(f.feed)}, {literal(f.function)}, {f.max_pictures})" for f in feeds
    ))  # fmt: skip
    none = "('', X'00', X'00', 0)"
    sql = f"""
        select o.*, live.max_pictures from {OFFERS.name} o
        join (values {rows or none}) live(retailer, feed, function, max_pictures)
        on o.retailer = live.retailer and o.feed = live.feed and o.function = live.function"""  # noqa: S608
    return Query(sql, (OFFERS,))


def live_offers(feeds: Iterable[LiveFeed]) -> Query:
    """The accepted offers of the live feeds, and offers whose deletion is withheld. Of an id in several parts of a
    catalog the offers of the first one count (`jobs.live.feeds`)."""
    catalogs = by_retailer(feeds).values()
    alone = [parts[0] for parts in catalogs if len(parts) == 1]
    joined = [_layers(parts) for parts in catalogs if len(parts) > 1]
    kept = f"{offers_of(alone).sql} where o.status = '{DONE}'"
    missing = (_missing(feed) for feed in alone if feed.completed_by)
    return Query(" union all ".join([kept, *missing, *map(_first_of, joined)]), (OFFERS,))


Layer = tuple[LiveFeed, bytes, bytes]
"""A part of a catalog, with one of its feeds and how it was read."""


def _layers(parts: list[LiveFeed]) -> list[Layer]:
    """The feeds of one retailer in the order in which an id is looked for: live ones before what completes them."""
    earlier = [(part, part.completed_by.feed, part.completed_by.function) for part in parts if part.completed_by]
    return [*((part, part.feed, part.function) for part in parts), *earlier]


def _first_of(layers: list[Layer]) -> str:
    """The kept offers of each id in the first layer that has it; few ids are in several."""
    rows = ", ".join(
        f"({literal(feed)}, {literal(function)}, {part.max_pictures}, {rank})"
        for rank, (part, feed, function) in enumerate(layers)
    )
    kept = f"""
        {OFFERS.name} o join (values {rows}) l(feed, function, max_pictures, rank)
        on o.feed = l.feed and o.function = l.function and o.status = '{DONE}'
        and o.retailer = {literal(layers[0][0].retailer)}"""
    return f"""
        select o.*, l.max_pictures from {kept} left join (
            select o.offer_id, min(l.rank) best from {kept} group by o.offer_id having min(l.rank) < max(l.rank)
        ) several on o.offer_id = several.offer_id where several.best is null or several.best = l.rank"""  # noqa: S608


def _missing(feed: LiveFeed) -> str:
    """The offers of an earlier feed whose ids the live one does not keep: missing there, or rejected."""
    assert feed.completed_by is not None
    of = f"retailer = {literal(feed.retailer)} and status = '{DONE}'"
    earlier, this = (
        f"feed = {literal(read.feed)} and function = {literal(read.function)}" for read in (feed.completed_by, feed)
    )
    return f"""
        select o.*, {feed.max_pictures} max_pictures from {OFFERS.name} o
        where {of} and {earlier} and offer_id not in (
            select offer_id from {OFFERS.name}
            where {of} and {this} and offer_id is not null
        )"""  # noqa: S608


def live_urls(offers: Query) -> Query:
    """Distinct picture URLs of offers, each with its retailer."""
    sql = f"""
        select retailer, url from (
            select retailer, unnest(array_slice(pictures, 1, max_pictures)) url from ({offers.sql})
        ) group by retailer, url"""  # noqa: S608
    return Query(sql, offers.tables)


def newest_fetches(where: str = "true") -> str:
    """SQL for the row of `fetches` with the highest attempt per URL, among the rows that match `where`."""
    return f"""(
        select f.* from {FETCHES.name} f join (
            select url, max(attempt) attempt from {FETCHES.name} where {where} group by url
        ) n on f.url = n.url and f.attempt = n.attempt)"""  # noqa: S608


def fetched(urls: Query) -> Query:
    """URLs with the picture from their last successful fetch."""
    sql = f"""
        select u.retailer, u.url, f.picture from ({urls.sql}) u
        join {newest_fetches(f"status = '{DONE}'")} f on u.url = f.url"""  # noqa: S608
    return Query(sql, (*urls.tables, FETCHES))


def live_pictures(urls: Query, blocked: frozenset[bytes]) -> Query:
    """Distinct pictures of the live offers with their places, without blocked ones."""
    barred = ", ".join(literal(sha) for sha in sorted(blocked)) or "X'00'"
    found = fetched(urls)
    sql = f"""
        select p.picture, p.shard, p."offset", p.length, p.width, p.height from {PICTURES.name} p
        join (select distinct picture from ({found.sql})) live on p.picture = live.picture
        where p.status = '{DONE}' and p.picture not in ({barred})"""  # noqa: S608
    return Query(sql, (*found.tables, PICTURES))
