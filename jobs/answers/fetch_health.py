"""The health of fetching: which picture URLs fail and why, compared with the last night, and how many are left."""

from collections import Counter, defaultdict
from typing import Any

from jobs.engine.night import Night
from jobs.live.views import newest_fetches, urls
from lake.tables import copied
from reports.facts import FailureCount, HostRow, PicturesAsked
from schemas.settings import ReportSettings
from schemas.tables import FETCHES
from udfs.web.hosts import group_of

ALL_HOSTS = "all hosts"


def host_rows(night: Night) -> list[HostRow]:
    """One row for all hosts, then the hosts with failing URLs, the worst first; no rows if nothing fails."""
    return night.kept("host_rows", lambda: _host_rows(night))


def _host_rows(night: Night) -> list[HostRow]:
    addresses: Counter[str] = Counter()
    failing: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(lambda: [0, 0]))
    for state in _states(night):
        for host in (ALL_HOSTS, group_of(state["origin"])):
            addresses[host] += state["addresses"]
            for place, code in enumerate((state["now"], state["was"])):
                if code is not None:
                    failing[host][code][place] += state["addresses"]
    compared = _asked_before(night)
    rows = [_host_row(host, addresses[host], failing[host], compared, night.settings.report) for host in failing]
    return sorted(rows, key=lambda row: (row.host != ALL_HOSTS, -row.failing, row.host))


def _host_row(
    host: str, addresses: int, failing: dict[str, list[int]], compared: bool, settings: ReportSettings
) -> HostRow:
    counts = [
        FailureCount(code, now, was, compared and _jumped(now, was, settings)) for code, (now, was) in failing.items()
    ]
    return HostRow(host, addresses, sorted(counts, key=lambda one: (-one.now, one.code)))


def _jumped(now: int, before: int, settings: ReportSettings) -> bool:
    """Whether the URLs that fail with a code grew by more than both bounds."""
    return now - before > max(settings.jump_addresses, before * settings.jump_percent / 100)


def _states(night: Night) -> list[dict[str, Any]]:
    """Live picture URLs, counted by origin, newest failure code, and failure code before this night."""
    found = urls(night)
    query = f"""
        select substr_index(s.url, '/', 3) origin, s.now, early.code was, count(*) addresses from (
            select {copied("live.url")} url, {copied("late.code")} now
            from (select distinct url from ({found.sql})) live
            left join {newest_fetches()} late on live.url = late.url
        ) s left join {newest_fetches(_before(night))} early on s.url = early.url
        group by origin, now, was"""  # noqa: S608
    states: list[dict[str, Any]] = night.tables.sql(query, {*found.tables, FETCHES}).to_pylist()
    return states


def _asked_before(night: Night) -> bool:
    query = f"select 1 from {FETCHES.name} where {_before(night)} limit 1"  # noqa: S608
    return bool(night.tables.sql(query, [FETCHES]).num_rows)


def _before(night: Night) -> str:
    return f"night < date '{night.today.isoformat()}'"


def jumps(rows: list[HostRow]) -> list[str]:
    """One line per host and failure code that jumped; if no single host did, the codes that jumped over all hosts."""
    found = [(row, count) for row in rows for count in row.failures if count.jumped]
    shown = [(row, count) for row, count in found if row.host != ALL_HOSTS] or found
    shown.sort(key=lambda one: one[1].before - one[1].now)
    return [
        f"{count.code} jumped at {row.host}: {count.now} of {row.addresses} picture URLs now, {count.before} before"
        for row, count in shown
    ]


def pictures_asked(night: Night) -> dict[str, PicturesAsked]:
    """How many live picture URLs of each retailer were never tried, and how many nights the rest will take."""
    return night.kept("pictures_asked", lambda: _pictures_asked(night))


def _pictures_asked(night: Night) -> dict[str, PicturesAsked]:
    found = urls(night)
    query = f"""
        select live.retailer, last.night, count(*) addresses from ({found.sql}) live
        left join (select url, max(night) night from {FETCHES.name} group by url) last on live.url = last.url
        group by live.retailer, last.night"""  # noqa: S608
    nights: dict[str, dict[Any, int]] = defaultdict(dict)
    for row in night.tables.sql(query, {*found.tables, FETCHES}).to_pylist():
        nights[row["retailer"]][row["night"]] = row["addresses"]
    return {retailer: _asked(by_night) for retailer, by_night in nights.items()}


def _asked(by_night: dict[Any, int]) -> PicturesAsked:
    """by_night: number of URLs by the night that last tried them (None: never). Assumes the pace of the last night."""
    left = by_night.pop(None, 0)
    a_night = by_night[max(by_night)] if by_night else 0
    return PicturesAsked(left + sum(by_night.values()), left, -(-left // a_night) if a_night else None)
