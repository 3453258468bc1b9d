"""Rejects of what is live, as a view over the stages' tables: never a second truth."""

from typing import Any

from jobs.catalog import Catalog
from jobs.night import Night, newest_fetches
from jobs.stage import Query
from jobs.views import pictures, urls
from lake.tables import literal
from schemas.table import REJECTED, Table
from schemas.tables import BOXES, FEEDS, FETCHES, FINGERPRINTS, OFFERS, SCREENS


def live_rejects(night: Night) -> list[tuple[str, Query]]:
    """For each stage that can reject, its live reject rows: code, detail and what was rejected."""
    found = [("acquire", _feeds()), ("parse", _offers(night)), ("fetch", _fetches(night))]
    found += [(name, _of_pictures(night, table)) for name, table in _PICTURE_STAGES.items()]
    return found


_PICTURE_STAGES = {"screen": SCREENS, "fingerprint": FINGERPRINTS, "detect": BOXES}


def reject_counts(night: Night) -> list[dict[str, Any]]:
    """Stage, code, count."""
    rows = []
    for stage, query in live_rejects(night):
        counted = f"select code, count(*) count from ({query.sql}) group by code order by code"  # noqa: S608
        rows += [{"stage": stage} | row for row in night.tables.sql(counted, query.tables).to_pylist()]
    for code, count in sorted(Catalog.of(night).rejected_products().items()):
        rows.append({"stage": "choose", "code": code, "count": count})
    return rows


def _feeds() -> Query:
    """Retailers whose newest feed was refused."""
    sql = f"""
        select f.code, f.detail, f.retailer what from {FEEDS.name} f join (
            select retailer, max(attempt) attempt from {FEEDS.name} group by retailer
        ) n on f.retailer = n.retailer and f.attempt = n.attempt where f.status = '{REJECTED}'"""  # noqa: S608
    return Query(sql, (FEEDS,))


def _offers(night: Night) -> Query:
    """Offers of the live feeds that were turned away."""
    feeds = night.live_feeds()
    live = ", ".join(f"({literal(f.retailer)}, {literal(f.feed)}, {literal(f.function)})" for f in feeds)
    sql = f"""
        select o.code, o.detail, concat(o.retailer, ':', coalesce(o.offer_id, ''), ' line ', o.line) what
        from {OFFERS.name} o join (values {live or "('', X'00', X'00')"}) live(retailer, feed, function)
        on o.retailer = live.retailer and o.feed = live.feed and o.function = live.function
        where o.status = '{REJECTED}'"""  # noqa: S608
    return Query(sql, (OFFERS,))


def _fetches(night: Night) -> Query:
    """Live URLs whose last attempt failed."""
    found = urls(night)
    sql = f"""
        select f.code, f.detail, f.url what from {newest_fetches()} f
        join (select distinct url from ({found.sql})) live on f.url = live.url
        where f.status = '{REJECTED}'"""  # noqa: S608
    return Query(sql, (*found.tables, FETCHES))


def _of_pictures(night: Night, table: Table) -> Query:
    """Live pictures that a stage could not do."""
    found = pictures(night)
    sql = f"""
        select t.code, t.detail, encode(t.picture, 'hex') what from {table.name} t
        join ({found.sql}) live on t.picture = live.picture where t.status = '{REJECTED}'"""  # noqa: S608
    return Query(sql, (*found.tables, table))
