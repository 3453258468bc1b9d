"""From which night until which a sale price holds, as shops write it."""

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

CLOCK = r"(?:[T ]+(?P<hour>\d\d?)(?::?(?P<minute>\d\d))?(?::?(?P<second>\d\d))?)?"
YEAR_FIRST = re.compile(r"(?<!\d)(?P<year>\d{4})-(?P<month>\d\d?)-(?P<day>\d\d?)(?!\d)" + CLOCK)
YEAR_LAST = re.compile(r"(?<!\d)(?P<one>\d\d?)(?P<mark>[./])(?P<other>\d\d?)(?P=mark)(?P<year>\d{4})(?!\d)" + CLOCK)
EPOCH = re.compile(r"1\d{9}")
"""Seconds since 1970, as WordPress keeps dates: of the years 2001 to 2033."""
MAX_CHARS = 200
DAY = timedelta(days=1)


class Nights(NamedTuple):
    """The first and the last night in which a price holds; None where it has no beginning or no end."""

    first: date | None
    last: date | None


class Moment(NamedTuple):
    """A day with what its clock says: None where only the day is stated."""

    day: date
    is_midnight: bool | None


def nights_of(dates: str, begins: str, ends: str) -> Nights | None:
    """The nights of `2026-11-27T00:00+0100/2026-11-30T23:59+0100`, or of a beginning and an end apart.

    What holds at a night is what holds at the midnight that its date begins with, in the zone that the shop writes: a
    price that changes at midnight changes in that night, wherever the shop is. So the zones themselves do not matter.
    An end that is a day without a clock is the last day. None where something is written that is no date.
    """
    beginning, end = _both(dates) if dates else (begins, ends)
    first, last = _moment(beginning), _moment(end)
    if bool(beginning) != (first is not None) or bool(end) != (last is not None) or not (first or last):
        return None
    try:
        return Nights(first and _first_night(first), last and _last_night(last))
    except OverflowError:  # beyond the years 1 to 9999
        return None


def _both(dates: str) -> tuple[str, str]:
    """The texts of the beginning and the end."""
    found = [*YEAR_FIRST.finditer(dates[:MAX_CHARS])] or [*YEAR_LAST.finditer(dates[:MAX_CHARS])]
    if len(found) == 2:
        return found[0][0], found[1][0]
    if len(found) == 1:
        alone = found[0][0]
        return ("", alone) if dates.strip().startswith("/") else (alone, "")
    return dates, dates


def _moment(text: str) -> Moment | None:
    text = text[:MAX_CHARS].strip()
    if found := YEAR_FIRST.match(text):
        year, month, day = int(found["year"]), int(found["month"]), int(found["day"])
    elif found := YEAR_LAST.match(text):
        year, month, day = int(found["year"]), *_in_order(int(found["one"]), int(found["other"]), found["mark"])
    elif EPOCH.fullmatch(text):
        when = datetime.fromtimestamp(int(text), UTC)
        return Moment(when.date(), when.time() == time())
    else:
        return None
    try:
        clock = [found[part] for part in ("hour", "minute", "second")]
        return Moment(date(year, month, day), None if clock[0] is None else not any(int(part or 0) for part in clock))
    except ValueError:
        return None


def _in_order(one: int, other: int, mark: str) -> tuple[int, int]:
    """Month and day: with strokes the month comes first, as in America, unless it can be none."""
    return (one, other) if mark == "/" and one <= 12 else (other, one)


def _first_night(begins: Moment) -> date:
    return begins.day + DAY if begins.is_midnight is False else begins.day


def _last_night(ends: Moment) -> date:
    return ends.day - DAY if ends.is_midnight else ends.day
