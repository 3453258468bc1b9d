"""Which files of each retailer are live, and the state of the newest one of each.

A retailer's files (`schemas.retailer.FeedFile`) stand in `feeds` under their names; each is asked for, judged, accepted
and held on its own. What the retailer offers is the union of its live parts:

* An id in two parts is the offer of the part that the spec lists first. A part lists live offers before any part
  completes itself with offers whose deletion is withheld: what moved from one part to another has not left.
* A part that is missing, refused or too old is live as it was accepted last. That it is not there says nothing of its
  offers.
* A file leaves by decision alone. Where the spec does not list a file any more, it stays live behind the others until
  each of their parts has come whole once; then `acquire` writes a last row for it, with the code `feed_removed`. Until
  then a new name at the same address goes on from what the old one had: the gates compare with that.
* Files of prices are no part of the union (`live_prices`); `jobs.live.prices` puts what they say into it.

The row of a retailer with one feed has no `part`, so a lake of such retailers stays as it is.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from jobs.engine.night import Night
from jobs.live.functions import Reading, digest_of, parser_digest, reading_of
from schemas.rejects import Code
from schemas.retailer import PART, PRICES, FeedFile, Retailer, title_of
from schemas.table import DONE
from schemas.tables import FEEDS

AHEAD = timedelta(hours=14)
"""A feed may state a date so far in the future: a shop's own time, without its zone, is up to 14 h ahead of ours."""

State = dict[str, Any]
"""A row of `feeds`."""

Kinds = Mapping[str, State]
"""A file's rows of `feeds` by kind, as `feed_states` names them; a kind that it does not have is left out."""

Files = Mapping[str | None, Kinds]
"""The same by the name of the file, of one retailer."""


class EarlierFeed(NamedTuple):
    """A kept feed, the digest of how it is read, and how; None: nobody knows any more."""

    feed: bytes
    function: bytes
    reading: Reading | None


@dataclass(frozen=True)
class LiveFeed:
    """A file of a retailer that the next snapshot is made from."""

    retailer: str
    feed: bytes
    function: bytes  # the parser's digest, with what the spec says of the dialect and the server of the encoding
    reading: Reading | None  # None: the spec does not list the file any more, so that it cannot be read anew
    url: str
    max_pictures: int
    acquired_at: datetime
    made_at: datetime | None  # the date that the feed itself states
    held_since: datetime | None  # when a newer feed was first refused; null where this is the newest
    reason: str  # why it is held; empty where it is not
    completed_by: EarlierFeed | None = None  # an earlier feed, whose offers stay live where this one lacks them
    part: str | None = None  # its name in the spec; none where it is the retailer's only one

    @property
    def title(self) -> str:
        """How a person names the file."""
        return title_of(self.retailer, self.part)


def feed_states(night: Night) -> list[State]:
    """Rows of `feeds` by retailer, file and kind: `newest`; `accepted` (newest accepted); `whole` (newest accepted with
    its deletions); `withheld` (the first accepted row after that, with deletions withheld). A file that has left has
    its last row alone, and if it comes back it is a new one."""
    same = "coalesce({0}.part, '') = coalesce({1}.part, '') and {0}.retailer = {1}.retailer"
    rows = f"""
        select f.retailer, f.part, f.attempt, f.status, f.code from {FEEDS.name} f left join (
            select retailer, part, max(attempt) attempt from {FEEDS.name}
            where code = '{Code.FEED_REMOVED}' group by retailer, part
        ) r on {same.format("f", "r")} where r.attempt is null or f.attempt >= r.attempt"""  # noqa: S608
    whole = f"""
        select retailer, part, max(attempt) attempt from ({rows})
        where status = '{DONE}' and code is null group by retailer, part"""  # noqa: S608
    newest = f"""
        select f.*, n.kind from {FEEDS.name} f join (
            select retailer, max(attempt) attempt, 'newest' kind from ({rows}) group by retailer, part
            union all
            select retailer, max(attempt) attempt, 'accepted' kind from ({rows})
            where status = '{DONE}' group by retailer, part
            union all
            select retailer, attempt, 'whole' kind from ({whole})
            union all
            select g.retailer, min(g.attempt) attempt, 'withheld' kind from ({rows}) g
            left join ({whole}) w on {same.format("g", "w")}
            where g.status = '{DONE}' and g.attempt > coalesce(w.attempt, 0) group by g.retailer, g.part
        ) n on f.retailer = n.retailer and f.attempt = n.attempt order by f.retailer, f.part, n.kind"""  # noqa: S608
    return night.kept("feed_states", lambda: night.tables.sql(newest, [FEEDS]).to_pylist(), of=[FEEDS])


def newest_states(night: Night) -> list[State]:
    """The newest row of each file that the spec of an enabled retailer lists, in the order of the spec."""
    states = states_by_retailer(night)
    found = (
        states.get(name, {}).get(file.part, {}).get("newest")
        for name, spec in sorted(night.retailers.items())
        for file in spec.files
    )
    return [row for row in found if row is not None]


def states_by_retailer(night: Night) -> dict[str, Files]:
    """The rows of `feed_states` by retailer and file."""
    found: dict[str, dict[str | None, dict[str, State]]] = {}
    for row in feed_states(night):
        found.setdefault(row["retailer"], {}).setdefault(row["part"], {})[row["kind"]] = row
    return dict(found)


def states_after(kinds: Kinds, newest: State) -> Kinds:
    """A file's rows by kind once a new one is written."""
    if newest["status"] != DONE:
        return {**kinds, "newest": newest}
    found = {**kinds, "newest": newest, "accepted": newest}
    if newest["code"] is None:
        return {kind: row for kind, row in found.items() if kind != "withheld"} | {"whole": newest}
    return {"withheld": newest, **found}


def left_files(spec: Retailer, files: Files) -> dict[str | None, Kinds]:
    """Files that the spec does not list any more and that have not left yet."""
    listed = {file.part for file in spec.files}
    return {
        part: kinds
        for part, kinds in files.items()
        if part not in listed and kinds["newest"]["code"] != Code.FEED_REMOVED
    }


def kinds_of(file: FeedFile, files: Files) -> Kinds:
    """A file's rows by kind. One without a whole feed of its own goes on from the file that had its address before."""
    own = files.get(file.part, {})
    if "whole" in own:
        return own
    for kinds in left_files(file.retailer, files).values():
        newest = kinds["newest"]
        if newest["url"] == file.feed.url and (newest["file_kind"] or PART) == file.kind:
            return {kind: row for kind, row in kinds.items() if kind in ("accepted", "whole")} | dict(own)
    return own


def awaited(night: Night, spec: Retailer, files: Files) -> list[FeedFile]:
    """The parts of a spec that have not come whole yet, without those that were held for too long."""
    found = []
    for file in spec.files:
        kinds = files.get(file.part, {})
        since = kinds.get("withheld") or kinds.get("newest")
        given_up = since is not None and _withdrawn(night, since["acquired_at"], file.gates.withdraw_after)
        if file.kind == PART and "whole" not in kinds and not given_up:
            found.append(file)
    return found


def live_feeds(night: Night) -> list[LiveFeed]:
    """The last accepted feed of each part of every enabled retailer, unless it has been held for too long. Of an id in
    two of them the first one counts."""
    return night.kept("live_feeds", lambda: _live_feeds(night), of=[FEEDS])


def _live_feeds(night: Night) -> list[LiveFeed]:
    states = states_by_retailer(night)
    return [
        feed for name, spec in sorted(night.retailers.items()) for feed in live_parts(night, spec, states.get(name, {}))
    ]


def live_prices(night: Night) -> list[LiveFeed]:
    """The last accepted feed of each file of prices, unless it has been held for too long. The first one counts."""
    states = states_by_retailer(night)
    found = (
        live_feed(night, file, kinds_of(file, states.get(name, {})))
        for name, spec in sorted(night.retailers.items())
        for file in spec.files
        if file.kind == PRICES
    )
    return [feed for feed in found if feed is not None]


def live_parts(night: Night, spec: Retailer, files: Files) -> list[LiveFeed]:
    """The live feeds of one retailer with these rows, without files of prices."""
    parts = (live_feed(night, file, kinds_of(file, files)) for file in spec.files if file.kind == PART)
    found = [feed for feed in parts if feed is not None]
    if awaited(night, spec, files):
        left = (_left_feed(night, spec, kinds) for kinds in left_files(spec, files).values())
        found += [feed for feed in left if feed is not None]
    return found


def live_feed(night: Night, file: FeedFile, kinds: Kinds) -> LiveFeed | None:
    """The feed that is live with these rows; None if none was ever accepted, or if it has been held for too long."""
    accepted, newest = kinds.get("accepted"), kinds.get("newest")
    if accepted is None or newest is None:
        return None
    after = file.gates.withdraw_after
    held = newest if newest["attempt"] != accepted["attempt"] else None
    if held and _withdrawn(night, held["acquired_at"], after):
        return None
    withheld = kinds.get("withheld")
    lacks = withheld is not None and not _withdrawn(night, withheld["acquired_at"], after)
    whole = kinds.get("whole") if lacks else None
    said = held or (accepted if whole else None)
    return LiveFeed(
        completed_by=_earlier(file, whole) if whole else None,
        retailer=file.name,
        part=file.part,
        feed=accepted["feed"],
        function=parser_digest(reading_of(file, accepted["charset"])),
        reading=reading_of(file, accepted["charset"]),
        url=file.feed.url,
        max_pictures=file.retailer.images.max_per_product,
        acquired_at=accepted["acquired_at"],
        made_at=accepted["made_at"],
        held_since=said["acquired_at"] if said else None,
        reason=(said["detail"] or "") if said else "",
    )


def _earlier(file: FeedFile, whole: State) -> EarlierFeed:
    reading = reading_of(file, whole["charset"])
    return EarlierFeed(whole["feed"], parser_digest(reading), reading)


def _left_feed(night: Night, spec: Retailer, kinds: Kinds) -> LiveFeed | None:
    """The live feed of a part that the spec does not list any more, as it was read last."""
    accepted, newest, whole = kinds.get("accepted"), kinds["newest"], kinds.get("whole")
    if accepted is None or accepted["file_kind"] == PRICES:
        return None
    held = newest["attempt"] != accepted["attempt"]
    if held and _withdrawn(night, newest["acquired_at"], spec.gates.withdraw_after):
        return None
    title = title_of(spec.name, newest["part"])
    return LiveFeed(
        completed_by=EarlierFeed(whole["feed"], whole["function"], None) if whole and "withheld" in kinds else None,
        retailer=spec.name,
        part=newest["part"],
        feed=accepted["feed"],
        function=accepted["function"],
        reading=None,
        url=accepted["url"] or "",
        max_pictures=spec.images.max_per_product,
        acquired_at=accepted["acquired_at"],
        made_at=accepted["made_at"],
        held_since=accepted["acquired_at"],
        reason=f"{title}: the spec does not list it any more; its offers stay until each part of the spec has come",
    )


def _withdrawn(night: Night, held_since: datetime, after: float | None) -> bool:
    return after is not None and night.now() - held_since > timedelta(days=after)


def by_retailer(feeds: Iterable[LiveFeed]) -> dict[str, list[LiveFeed]]:
    """The feeds of each retailer, in their order."""
    found: dict[str, list[LiveFeed]] = {}
    for feed in feeds:
        found.setdefault(feed.retailer, []).append(feed)
    return found


def digests_by_retailer(feeds: Iterable[LiveFeed]) -> dict[str, bytes]:
    """What each retailer's catalog is made from: the SHA-256 of its feed, or a digest over those of its parts."""
    return {name: catalog_digest([part.feed for part in parts]) for name, parts in by_retailer(feeds).items()}


def catalog_digest(parts: Sequence[bytes]) -> bytes:
    """One digest for the SHA-256 of the parts of a catalog, in order; a single part's own."""
    return parts[0] if len(parts) == 1 else digest_of("parts", *parts)
