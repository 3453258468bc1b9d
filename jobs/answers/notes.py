"""Notes for a person: one line each, shown in a night's output and in its report."""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import groupby
from operator import itemgetter

from jobs.answers.fetch_health import jumps
from jobs.answers.file_notes import left_tonight
from jobs.answers.kept_survey import surveyed
from jobs.engine.night import Night
from jobs.live.feeds import State, newest_states
from jobs.live.second import named
from jobs.stages.feed_gates import came_ahead_of_the_clock, is_from_the_future, reject_jumps
from lake import snapshots
from schemas.errors import WrongInput
from schemas.retailer import title_of
from schemas.table import DONE
from schemas.tables import FEEDS

JUMP = 0.01
"""Told where a reject code's share of the offers rose by more than this."""

MOST = 5
"""Most lines of one kind. If many hosts jump at once, there is one cause; the report has all of them."""


def notes(night: Night) -> list[str]:
    """A held version, a second embedding that is not whole, feeds from the future, several files of a shop, reject and
    failure codes that jumped, pictures never tried yet, shops without a garment, suspected placeholders."""
    whole = surveyed(night)
    jumped = jumps(whole.hosts)
    lines = [
        *_hold(night),
        *_second(night),
        *_from_the_future(night),
        *_jumped_rejects(night),
        *whole.files,
        *left_tonight(night),
    ]
    lines += jumped[:MOST]
    if len(jumped) > MOST:
        lines.append(f"{len(jumped) - MOST} more failure codes jumped; see Fetching in the report")
    for retailer, asked in sorted(whole.asked.items()):
        if asked.left:
            lines.append(f"{retailer}: {asked.left} of {asked.addresses} picture URLs were never tried; {asked.whole}")
    lines += [
        f"{retailer}: none of its {products} products has a garment in the index; the report says why"
        for retailer, products in sorted(whole.without_garments.items())
    ]
    lines += [
        f"{retailer}: {count} pictures are on very many products: placeholders? See Fetching in the report"
        for retailer, count in sorted(whole.suspected.items())
    ]
    return lines


def _hold(night: Night) -> list[str]:
    held = snapshots.hold(night.store)
    if held is None:
        return []
    since = f"{held.since:%Y-%m-%d %H:%M}"
    return [
        f"version {held.version} is held by {held.who} since {since}: {held.why}; `selvedge live VERSION` ends the hold"
    ]


def _second(night: Night) -> list[str]:
    """What is missing in the second embedding that the setting names."""
    try:
        release = named(night)
    except WrongInput as error:
        return [f"no second embedding is published: {error} (setting second.embedding)"]
    newest = snapshots.parent(night.store)
    if release is None or newest is None:
        return []
    name, garments = release.folder.name, newest.rows("garments")
    found = newest.second if newest.second and newest.second.model == release.digest.hex() else None
    if found is None:
        return [f"version {newest.version} has no second embedding {name}; the next night tries again"]
    if found.garments == garments:
        return []
    more = f"`selvedge models fill embed {name}` makes the others"
    return [f"second embedding {name}: {found.garments} of {garments} garments have a vector; {more}"]


def _from_the_future(night: Night) -> list[str]:
    """Newest feeds whose date is still to come, by the clock too: a night may run under the date of an earlier one."""
    return [line for row in newest_states(night) for line in future_date(row, night.now())]


def future_date(row: State, now: datetime) -> list[str]:
    """A line if the feed of this row of `feeds` states a date, or came at a time, that is still to come."""
    if came_ahead_of_the_clock(row, now):
        return [
            f"{title_of(row['retailer'], row['part'])}: its last feed came on {row['acquired_at']:%Y-%m-%d %H:%M} UTC, "
            "which is still to come: the clock ran ahead; the next feed's date is not compared with that one's"
        ]
    if not is_from_the_future(row, max(row["acquired_at"], datetime.now(UTC))):
        return []
    title = title_of(row["retailer"], row["part"])
    return [
        f"{title}: its feed states the date {row['made_at']:%Y-%m-%d %H:%M} UTC, but came on "
        f"{row['acquired_at']:%Y-%m-%d %H:%M} UTC; it counts as made then"
    ]


def _jumped_rejects(night: Night) -> list[str]:
    last = last_accepted(night)
    files = (file for _, spec in sorted(night.retailers.items()) for file in spec.files)
    return [line for file in files for line in jumped_rejects(file.title, last.get((file.name, file.part), []))]


def last_accepted(night: Night) -> dict[tuple[str, str | None], list[State]]:
    """The last two accepted rows of `feeds` by file, the newest first; with `offers` and `rejects` alone."""
    query = f"""
        select retailer, part, offers, rejects from (
            select *, row_number() over (partition by retailer, part order by attempt desc) place
            from {FEEDS.name} where status = '{DONE}'
        ) where place <= 2 order by retailer, part, place"""  # noqa: S608
    rows = night.tables.sql(query, [FEEDS]).to_pylist()
    return {file: list(found) for file, found in groupby(rows, itemgetter("retailer", "part"))}


def jumped_rejects(title: str, accepted: Sequence[State]) -> list[str]:
    """Reject codes that take more of the newest accepted feed than of the one before it."""
    if len(accepted) < 2:
        return []
    return [
        f"{title}: {code} now takes {rise:.0%} more of the offers than in the feed before; the report has samples"
        for code, rise in reject_jumps(accepted[0], accepted[1]).items()
        if rise > JUMP
    ]
