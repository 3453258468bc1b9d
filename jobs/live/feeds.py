"""Which feed of each retailer is live, and the state of its newest feed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from jobs.engine.night import Night
from jobs.live.functions import parser_of
from schemas.retailer import Retailer
from schemas.table import DONE
from schemas.tables import FEEDS

State = dict[str, Any]
"""A row of `feeds`."""

Kinds = Mapping[str, State]
"""A retailer's rows of `feeds` by kind, as `feed_states` names them; a kind that it does not have is left out."""


class EarlierFeed(NamedTuple):
    """A kept feed, the digest of how it is read, and the encoding that the server named when it sent it."""

    feed: bytes
    function: bytes
    charset: str | None


@dataclass(frozen=True)
class LiveFeed:
    """The feed of a retailer that the next snapshot is made from."""

    retailer: str
    feed: bytes
    function: bytes  # the parser's digest, with what the spec says of the dialect and the server of the encoding
    charset: str | None  # that the server named
    max_pictures: int
    acquired_at: datetime
    held_since: datetime | None  # when a newer feed was first refused; null where this is the newest
    reason: str  # why it is held; empty where it is not
    completed_by: EarlierFeed | None = None  # an earlier feed, whose offers stay live where this one lacks them


def _live(spec: Retailer, accepted: State, held: State | None, whole: State | None) -> LiveFeed:
    return LiveFeed(
        completed_by=EarlierFeed(whole["feed"], parser_of(spec, whole["charset"]), whole["charset"]) if whole else None,
        retailer=spec.name,
        feed=accepted["feed"],
        function=parser_of(spec, accepted["charset"]),
        charset=accepted["charset"],
        max_pictures=spec.images.max_per_product,
        acquired_at=accepted["acquired_at"],
        held_since=held["acquired_at"] if held else None,
        reason=(held["detail"] or "") if held else "",
    )


def feed_states(night: Night) -> list[State]:
    """Rows of `feeds` by retailer and kind: `newest`; `accepted` (newest accepted); `whole` (newest accepted with its
    deletions); `withheld` (the first accepted row after that, with deletions withheld)."""
    whole = f"""
        select retailer, max(attempt) attempt from {FEEDS.name}
        where status = '{DONE}' and code is null group by retailer"""  # noqa: S608
    newest = f"""
        select f.*, n.kind from {FEEDS.name} f join (
            select retailer, max(attempt) attempt, 'newest' kind from {FEEDS.name} group by retailer
            union all
            select retailer, max(attempt) attempt, 'accepted' kind from {FEEDS.name}
            where status = '{DONE}' group by retailer
            union all
            select retailer, attempt, 'whole' kind from ({whole})
            union all
            select g.retailer, min(g.attempt) attempt, 'withheld' kind from {FEEDS.name} g
            join ({whole}) w on g.retailer = w.retailer and g.attempt > w.attempt
            where g.status = '{DONE}' group by g.retailer
        ) n on f.retailer = n.retailer and f.attempt = n.attempt order by f.retailer, n.kind"""  # noqa: S608
    return night.kept("feed_states", lambda: night.tables.sql(newest, [FEEDS]).to_pylist())


def live_feeds(night: Night) -> list[LiveFeed]:
    """The last accepted feed of every enabled retailer, unless it has been held for too long."""
    return night.kept("live_feeds", lambda: _live_feeds(night))


def states_by_retailer(night: Night) -> dict[str, Kinds]:
    """The rows of `feed_states` by retailer."""
    found: dict[str, dict[str, State]] = {}
    for row in feed_states(night):
        found.setdefault(row["retailer"], {})[row["kind"]] = row
    return dict(found)


def states_after(kinds: Kinds, newest: State) -> Kinds:
    """A retailer's rows by kind once a new one is written."""
    if newest["status"] != DONE:
        return {**kinds, "newest": newest}
    found = {**kinds, "newest": newest, "accepted": newest}
    if newest["code"] is None:
        return {kind: row for kind, row in found.items() if kind != "withheld"} | {"whole": newest}
    return {"withheld": newest, **found} if "whole" in kinds else found


def _live_feeds(night: Night) -> list[LiveFeed]:
    states = states_by_retailer(night)
    feeds = (live_feed(night, spec, states.get(name, {})) for name, spec in sorted(night.retailers.items()))
    return [feed for feed in feeds if feed is not None]


def live_feed(night: Night, spec: Retailer, kinds: Kinds) -> LiveFeed | None:
    """The feed that is live with these rows; None if none was ever accepted, or if it has been held for too long."""
    accepted, newest = kinds.get("accepted"), kinds.get("newest")
    if accepted is None or newest is None:
        return None
    held = newest if newest["attempt"] != accepted["attempt"] else None
    if held and _withdrawn(night, held["acquired_at"], spec):
        return None
    withheld = kinds.get("withheld")
    lacks = withheld is not None and not _withdrawn(night, withheld["acquired_at"], spec)
    whole = kinds.get("whole") if lacks else None
    return _live(spec, accepted, held or (accepted if whole else None), whole)


def _withdrawn(night: Night, held_since: datetime, spec: Retailer) -> bool:
    after = spec.gates.withdraw_after
    return after is not None and night.now() - held_since > timedelta(days=after)
