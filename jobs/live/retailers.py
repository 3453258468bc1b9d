"""The state of each retailer tonight: its feed, and whether the retailer leaves the index.

A retailer leaves the index only if its spec says `enabled: false`, if its feed was held for longer than
`withdraw_after`, or by `selvedge withdraw`. A missing or broken spec or a missing feed alone does not remove it.
"""

from datetime import timedelta

from jobs.engine.night import Night
from jobs.live.feeds import LiveFeed, State, feed_states, live_feeds
from lake.withdrawals import withdrawals
from schemas.manifest import Manifest, RetailerState
from schemas.retailer import SPEC_FILE


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


def retailer_states(night: Night, parent: Manifest | None) -> dict[str, RetailerState]:
    """The state of each retailer's feed, compared with the version before."""
    newest = {row["retailer"]: row for row in feed_states(night) if row["kind"] == "newest"}
    live = {feed.retailer: feed for feed in live_feeds(night)}
    before = parent.facts.retailers if parent else {}
    states = {}
    for name in sorted(night.retailers):
        states[name] = retailer_state(night, newest.get(name), live.get(name), before.get(name))
    for name in sorted(night.broken.keys() - (parent.counts.keys() if parent else set())):
        states[name] = RetailerState(status="held", reason=_broken(night, name))
    for name, reason in missing(night, parent).items():
        last = before.get(name, RetailerState(status="held"))
        states[name] = last.model_copy(update={"status": "held", "reason": reason})
    return states


def retailer_state(
    night: Night, newest: State | None, feed: LiveFeed | None, before: RetailerState | None
) -> RetailerState:
    """The state of one retailer, from its newest row of `feeds`, its live feed and its state in the version before."""
    if feed is None:
        reason = (newest or {}).get("detail") or "no feed has been accepted yet"
        return RetailerState(status="held" if newest else "waiting", reason=reason if newest else None)
    age: timedelta = night.now() - feed.acquired_at
    same = before is not None and before.feed_sha256 == feed.feed.hex()
    status = "held" if feed.held_since else "unchanged" if same else "fresh"
    hours = round(age.total_seconds() / 3600, 1)
    return RetailerState(feed_sha256=feed.feed.hex(), feed_age_hours=hours, status=status, reason=feed.reason or None)
