"""Which pictures are fetched tonight, and in which order: all hosts side by side, each at its own rate limit."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from jobs.engine.night import Night
from jobs.engine.stage import Query
from jobs.live.functions import fetch_function
from jobs.live.views import newest_fetches, urls
from lake.tables import copied, literal, one_of
from schemas.table import DONE
from schemas.tables import FETCHES, PICTURES
from udfs.web.hosts import group_of, turns
from udfs.web.retry import RETRY_RULES

CHUNK_S = 300.0
"""A chunk is what the rate limits allow in five minutes; at most this much is fetched again after a kill."""


NAMED = 10_000
"""URLs that a query names one by one."""


class Owed(NamedTuple):
    """The rate limit of a host: requests per second, and simultaneous connections."""

    rate: float
    connections: int


def due_urls(night: Night) -> pa.Table:
    """Live URLs that were never tried, whose failure is due for a retry, that are due for a re-fetch, or whose picture
    was lost. A lost one is asked for without a condition."""
    found = urls(night)
    open_urls = _unsettled(night, found)
    if not open_urls:
        return night.tables.sql(_due(night, found.sql, "false") + " limit 0", {*found.tables, FETCHES, PICTURES})
    named = one_of("url", open_urls) if len(open_urls) <= NAMED else "true"
    sql = _due(night, f"select * from ({found.sql}) where {named}", named)  # noqa: S608
    return night.tables.sql(sql, {*found.tables, FETCHES, PICTURES})


def _due(night: Night, live: str, asked: str) -> str:
    """SQL for those of some live URLs that are due; `asked` is a condition that their rows of `fetches` meet."""
    return f"""
        select l.retailer, l.url, coalesce(l.attempt, 0) + 1 attempt,
            case when stored.picture is null then null else l.etag end etag,
            case when stored.picture is null then null else l.last_modified end last_modified, stored.picture
        from (
            select last.*, good.attempt good_attempt, {copied("good.etag")} etag,
                {copied("good.last_modified")} last_modified, {copied("good.picture", "Binary")} good_picture
            from ({_last(live, asked)}) last
            left join {newest_fetches(f"status = '{DONE}' and {asked}")} good on last.url = good.url
        ) l left join (select distinct picture from {PICTURES.name} where status = '{DONE}') stored
            on l.good_picture = stored.picture
        where ({_is_due(night)}) and {_is_allowed(night)} order by l.url"""  # noqa: S608


def _last(live: str, asked: str) -> str:
    """SQL for the last attempt at each of some live URLs."""
    return f"""
        select {copied("live.retailer")} retailer, {copied("live.url")} url, last.url is null is_new, last.attempt,
            {copied("last.status")} status, {copied("last.code")} code, last.night,
            last.function <> {literal(fetch_function())} is_old
        from (select url, min(retailer) retailer from ({live}) group by url) live
        left join {newest_fetches(asked)} last on live.url = last.url"""  # noqa: S608


def _unsettled(night: Night, live: Query) -> list[str]:
    """The live URLs but for those whose last attempt brought a picture that is stored, with nothing to ask again."""
    good = f"status = '{DONE}' and code is null and function = {literal(fetch_function())}"
    nights = night.settings.fetch.recheck_nights
    if nights:
        good += f" and not (night < date '{night.today.isoformat()}' and {_has_its_turn(night, nights, 'url')})"
    sql = f"""
        select distinct live.url from ({live.sql}) live left anti join (
            select url from (
                select url, max(2 * attempt + case when {good} then 1 else 0 end) last from {FETCHES.name} group by url
            ) where last % 2 = 1
        ) settled on live.url = settled.url
        union
        select f.url from {FETCHES.name} f left anti join (
            select picture from {PICTURES.name} where status = '{DONE}'
        ) p on f.picture = p.picture where f.status = '{DONE}'"""  # noqa: S608
    rows: list[str] = night.tables.sql(sql, {*live.tables, FETCHES, PICTURES})["url"].to_pylist()
    return rows


def _is_allowed(night: Night) -> str:
    """Whether a URL is neither blocked nor erased, in SQL."""
    blocked = ", ".join(literal(url) for url in sorted(night.blocked.urls)) or "''"
    erased = ", ".join(literal(digest.hex()) for digest in sorted(night.erased)) or "''"
    return f"l.url not in ({blocked}) and encode(sha256(l.url), 'hex') not in ({erased})"


def _is_due(night: Night) -> str:
    """The rule in SQL: `l` is a URL's last attempt and what its last successful one brought; `stored` that picture."""
    tonight = f"date '{night.today.isoformat()}'"
    again = [
        f"(l.code = {literal(str(code))} and l.attempt - coalesce(l.good_attempt, 0) < {rule.max_attempts} "
        f"and l.night <= {tonight} - interval '{rule.nights} days')"
        for code, rule in RETRY_RULES.items()
    ]
    clauses = ["l.is_new", "l.is_old", *again]
    clauses.append(f"(l.status = '{DONE}' and l.good_picture is not null and stored.picture is null)")
    nights = night.settings.fetch.recheck_nights
    if nights:
        clauses.append(f"(l.status = '{DONE}' and l.night < {tonight} and {_has_its_turn(night, nights)})")
    return " or ".join(clauses)


def _has_its_turn(night: Night, nights: int, url: str = "l.url") -> str:
    """Whether the first byte of the URL's digest is in tonight's slice of the 256 values."""
    turn = night.today.toordinal() % nights
    low, high = 256 * turn // nights, 256 * (turn + 1) // nights - 1
    return f"substr(encode(sha256({url}), 'hex'), 1, 2) between '{low:02x}' and '{high:02x}'"


def owed(night: Night) -> dict[str, Owed]:
    """The rate limit of each host: the smallest among the retailers whose live offers use it."""
    found = urls(night)
    query = f"select distinct retailer, substr_index(url, '/', 3) origin from ({found.sql})"  # noqa: S608
    least: dict[str, Owed] = {}
    for row in night.tables.sql(query, found.tables).to_pylist():
        host, images = group_of(row["origin"]), night.retailers[row["retailer"]].images
        known = least.get(host, Owed(images.rate, images.connections))
        least[host] = Owed(min(known.rate, images.rate), min(known.connections, images.connections))
    return least


def in_turns(due: pa.Table, limits: dict[str, Owed]) -> pa.Table:
    """The due URLs with their `host` and their `turn` (in seconds), in the order of their turns."""
    hosts = pa.array([group_of(url) for url in due["url"].to_pylist()], pa.string())
    seconds = turns(hosts, {host: one.rate for host, one in limits.items()})
    rows = due.append_column("host", hosts).append_column("turn", pa.array(seconds))
    return rows.sort_by([("turn", "ascending"), ("url", "ascending")])


def chunks(queue: pa.Table, rows: int) -> Iterator[pa.Table]:
    """The queue in parts of at most `rows` rows, each of which takes at most about five minutes."""
    seconds = queue["turn"].to_numpy()
    at = 0
    while at < queue.num_rows:
        end = int(np.searchsorted(seconds, seconds[at] + CHUNK_S))
        part = queue.slice(at, min(rows, end - at))
        at += part.num_rows
        yield part
