"""Rejects of what is live, as a view over the stages' tables: never a second truth."""

from typing import Any

from jobs.engine.night import Night
from jobs.engine.stage import Query
from jobs.live.catalog import Catalog
from jobs.live.feeds import live_feeds
from jobs.live.functions import detect_function, fingerprint_function, screen_function
from jobs.live.views import newest_fetches, offers_of, pictures, urls
from lake.tables import literal
from schemas.table import REJECTED, Table
from schemas.tables import BOXES, FEEDS, FETCHES, FINGERPRINTS, SCREENS


def live_rejects(night: Night) -> list[tuple[str, Query]]:
    """For each stage that can reject, its live reject rows: code, detail and what was rejected."""
    return [
        ("acquire", _feeds(night)),
        ("parse", _offers(night)),
        ("fetch", _fetches(night)),
        ("screen", _of_pictures(night, SCREENS, screen_function(night))),
        ("fingerprint", _of_pictures(night, FINGERPRINTS, fingerprint_function())),
        ("detect", _of_pictures(night, BOXES, detect_function(night))),
    ]


def reject_counts(night: Night) -> list[dict[str, Any]]:
    """Stage, code, count."""
    rows = []
    for stage, query in live_rejects(night):
        counted = f"select code, count(*) count from ({query.sql}) group by code order by code"  # noqa: S608
        rows += [{"stage": stage} | row for row in night.tables.sql(counted, query.tables).to_pylist()]
    for code, count in sorted(Catalog.of(night).rejected_products().items()):
        rows.append({"stage": "choose", "code": code, "count": count})
    return rows


def _feeds(night: Night) -> Query:
    """Enabled retailers whose newest feed was refused."""
    enabled = ", ".join(literal(name) for name in sorted(night.retailers)) or "''"
    sql = f"""
        select f.code, f.detail, f.retailer what from {FEEDS.name} f join (
            select retailer, max(attempt) attempt from {FEEDS.name} where retailer in ({enabled}) group by retailer
        ) n on f.retailer = n.retailer and f.attempt = n.attempt where f.status = '{REJECTED}'"""  # noqa: S608
    return Query(sql, (FEEDS,))


def _offers(night: Night) -> Query:
    """Offers of the live feeds that were turned away."""
    found = offers_of(live_feeds(night))
    sql = f"""
        select code, detail, concat(retailer, ':', coalesce(offer_id, ''), ' line ', line) what
        from ({found.sql}) where status = '{REJECTED}'"""  # noqa: S608
    return Query(sql, found.tables)


def _fetches(night: Night) -> Query:
    """Live URLs whose last attempt failed."""
    found = urls(night)
    sql = f"""
        select f.code, f.detail, f.url what from {newest_fetches()} f
        join (select distinct url from ({found.sql})) live on f.url = live.url
        where f.status = '{REJECTED}'"""  # noqa: S608
    return Query(sql, (*found.tables, FETCHES))


def _of_pictures(night: Night, table: Table, function: bytes) -> Query:
    """Live pictures that a stage could not do under its function of now."""
    found = pictures(night)
    sql = f"""
        select t.code, t.detail, encode(t.picture, 'hex') what from {table.name} t
        join ({found.sql}) live on t.picture = live.picture
        where t.function = {literal(function)} and t.status = '{REJECTED}'"""  # noqa: S608
    return Query(sql, (*found.tables, table))
