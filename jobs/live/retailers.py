"""The state of each retailer tonight: its files, and whether the retailer leaves the index.

A retailer leaves the index only if its spec says `enabled: false`, if its feed was held for longer than
`withdraw_after`, or by `selvedge withdraw`. A missing or broken spec or a missing feed alone does not remove it.
"""

from collections.abc import Sequence
from typing import NamedTuple

from jobs.engine.night import Night
from jobs.live.feeds import (
    Files,
    LiveFeed,
    State,
    catalog_digest,
    feed_states,
    kinds_of,
    live_feed,
    live_parts,
    states_by_retailer,
)
from lake.withdrawals import withdrawals
from schemas.manifest import Manifest, RetailerState
from schemas.retailer import PART, SPEC_FILE, Retailer


def missing(night: Night, parent: Manifest | None) -> dict[str, str]:
    """Retailers of the parent version that keep its rows although they have no spec, a broken one, or no feed, with the
    reason."""
    if parent is None:
        return {}
    known = {state["retailer"] for state in feed_states(night)}
    found = {}
    for name in sorted(parent.counts.keys() - taken_out(night, parent)):
        if name in night.broken:
            found[name] = _broken(night, name)
        elif name not in night.specs:
            spec = night.settings.mappings / name / SPEC_FILE
            ways = f"restore it, or `selvedge withdraw {name} --reason TEXT`"
            found[name] = f"{spec} is missing; to act: the data engineer ({ways})"
        elif name in night.retailers and name not in known:
            found[name] = "the lake has no feed of this retailer any more; to act: nobody (the next night requests it)"
    return found


def _broken(night: Night, name: str) -> str:
    return f"{night.broken[name]}; to act: the data engineer (correct the file)"


def taken_out(night: Night, parent: Manifest) -> set[str]:
    """Retailers of the parent version that a person removed."""
    noted = withdrawals(night.store)
    disabled = night.specs.keys() - night.retailers.keys()
    unwritten = noted.keys() - night.specs.keys() - night.broken.keys()
    withdrawn = {name for name in unwritten if parent.version <= noted[name].version}
    return parent.counts.keys() & (disabled | withdrawn)


class FileState(NamedTuple):
    """A file's newest row of `feeds`, its live feed, and whether it is a part of the catalog."""

    newest: State | None
    live: LiveFeed | None
    is_part: bool = True
    given_up: bool = False
    """Whether it was live and was held for too long since; said of one of several files alone, for the others go on."""

    @property
    def is_held(self) -> bool:
        return self.newest is not None if self.live is None else self.live.held_since is not None

    @property
    def reason(self) -> str:
        """Why it is held; empty where it is not, or where nothing is known."""
        if self.live is not None:
            return self.live.reason
        said = "" if self.newest is None else self.newest["detail"] or "no feed has been accepted yet"
        gone = "offers left" if self.is_part else "prices count no more"
        return f"{said}; held for longer than `withdraw_after`, so its {gone}" if self.given_up else said


def file_states(night: Night, spec: Retailer, files: Files) -> list[FileState]:
    """The state of each file of a retailer with these rows: those of the spec, then those that it listed before."""
    found = []
    for file in spec.files:
        own = files.get(file.part, {})
        live = live_feed(night, file, kinds_of(file, files))
        given_up = live is None and file.part is not None and "accepted" in own
        found.append(FileState(own.get("newest"), live, file.kind == PART, given_up))
    listed = {file.part for file in spec.files}
    left = (feed for feed in live_parts(night, spec, files) if feed.part not in listed)
    return [*found, *(FileState(files[feed.part]["newest"], feed) for feed in left)]


def retailer_states(night: Night, parent: Manifest | None) -> dict[str, RetailerState]:
    """The state of each retailer's feed, compared with the version before."""
    known = states_by_retailer(night)
    before = parent.facts.retailers if parent else {}
    states = {}
    for name, spec in sorted(night.retailers.items()):
        states[name] = retailer_state(night, file_states(night, spec, known.get(name, {})), before.get(name))
    for name in sorted(night.broken.keys() - (parent.counts.keys() if parent else set())):
        states[name] = RetailerState(status="held", reason=_broken(night, name))
    for name, reason in missing(night, parent).items():
        last = before.get(name, RetailerState(status="held"))
        states[name] = last.model_copy(update={"status": "held", "reason": reason})
    return states


def retailer_state(night: Night, files: Sequence[FileState], before: RetailerState | None) -> RetailerState:
    """The state of one retailer, from those of its files and its own in the version before.

    It is held if one of its files is, by name; the others go on. Its age is that of its oldest live part.
    """
    said = "; ".join(filter(None, (file.reason for file in files))) or None
    live = [file.live for file in files if file.live is not None and file.is_part]
    if not live:
        known = any(file.newest is not None for file in files)
        return RetailerState(status="held" if known else "waiting", reason=said)
    age = night.now() - min(feed.acquired_at for feed in live)
    sha256 = catalog_digest([feed.feed for feed in live]).hex()
    is_held = any(file.is_held for file in files)
    status = "held" if is_held else "unchanged" if before is not None and before.feed_sha256 == sha256 else "fresh"
    hours = round(age.total_seconds() / 3600, 1)
    return RetailerState(feed_sha256=sha256, feed_age_hours=hours, status=status, reason=said)
