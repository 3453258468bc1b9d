"""Why an offer that the lake knows is not live: it left its feed, or its retailer left, is held, or was erased."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from jobs.engine.night import Night
from jobs.live.feeds import live_feed, states_by_retailer
from jobs.live.retailers import missing
from jobs.live.verdict import Verdict, change
from lake import snapshots
from lake.erased import erased_on, hash_of
from lake.tables import literal
from lake.withdrawals import withdrawals
from schemas.rejects import Code
from schemas.retailer import PRICES, SPEC_FILE, Retailer
from schemas.table import DONE, REJECTED
from schemas.tables import FEEDS, OFFERS

SHOWN_OFFERS = 20
LEFT, HELD, WAITING, ERASED = "left", "held", "waiting", "erased"

Row = dict[str, Any]


@dataclass(frozen=True)
class _Known:
    """An offer that the lake knows."""

    retailer: str
    offer_id: str
    rows: list[Row]
    """Its rows in `offers`, each with the `attempt` of the accepted feed that it stood in, ascending."""
    accepted: list[Row]
    """The accepted feeds of the retailer's files, ascending, with `parsed`: whether their offers are in the lake."""

    @property
    def name(self) -> str:
        return f"{self.retailer}:{self.offer_id}"

    @property
    def last(self) -> Row:
        """Its last row: one that was kept, unless all were rejected."""
        kept = [row for row in self.rows if row["status"] == DONE]
        return (kept or self.rows)[-1]

    @property
    def follower(self) -> Row | None:
        """The first accepted feed of its file without it. Feeds whose offers are not in the lake can tell nothing."""
        later = (feed for feed in self.accepted if feed["attempt"] > self.last["attempt"] and feed["parsed"])
        return next((feed for feed in later if feed["part"] == self.last["part"]), None)


def left(night: Night, asked: str) -> list[Verdict]:
    """Why each offer with this offer id, retailer:offer id or product id is not live; none if the lake never knew it.

    The caller has looked for it among the live ones.
    """
    return [_verdict(night, offer) for offer in _known(night, asked)]


def erased(night: Night, digest: bytes, what: str) -> list[Verdict]:
    """The verdict on something that was erased: its hash and the date are all that is left of it."""
    on = erased_on(night.store, digest)
    said = "what it was is not known any more, only its hash"
    return [Verdict("acquire", what, ERASED, f"on {on}; {said}", "nothing brings it back")] if on else []


def erased_offer(night: Night, asked: str) -> list[Verdict]:
    """The verdict on an offer whose product, or whose whole retailer, was erased."""
    retailers = sorted({*night.specs, *night.broken, *states_by_retailer(night)})
    products = [asked, *(f"{name}:{asked}" for name in retailers)]
    found = [verdict for product in products for verdict in erased(night, hash_of(product), product)]
    retailer, colon, _ = asked.partition(":")
    return found or (erased(night, hash_of(retailer), retailer) if colon else [])


def _known(night: Night, asked: str) -> list[_Known]:
    name = literal(asked)
    query = f"""
        select o.retailer, o.offer_id, o.feed, o.line, o.status, o.code, o.detail, f.attempt, f.acquired_at, f.part
        from {OFFERS.name} o join (
            select distinct retailer, offer_id from {OFFERS.name} where offer_id is not null and (
                offer_id = {name} or product_id = {name} or concat(retailer, ':', offer_id) = {name}
            ) order by retailer, offer_id limit {SHOWN_OFFERS}
        ) k on o.retailer = k.retailer and o.offer_id = k.offer_id
        join {FEEDS.name} f on o.retailer = f.retailer and o.feed = f.feed and f.status = '{DONE}'
            and coalesce(f.file_kind, '') <> '{PRICES}'
        order by o.retailer, o.offer_id, f.attempt, o.line"""  # noqa: S608
    found: dict[tuple[str, str], list[Row]] = {}
    for row in night.tables.sql(query, [OFFERS, FEEDS]).to_pylist():
        found.setdefault((row["retailer"], row["offer_id"]), []).append(row)
    feeds = {retailer: _accepted(night, retailer) for retailer, _ in found}
    return [_Known(retailer, offer, rows, feeds[retailer]) for (retailer, offer), rows in found.items()]


def _accepted(night: Night, retailer: str) -> list[Row]:
    query = f"""
        select f.*, o.feed is not null parsed from {FEEDS.name} f
        left join (select distinct feed from {OFFERS.name} where retailer = {literal(retailer)}) o on f.feed = o.feed
        where f.retailer = {literal(retailer)} and f.status = '{DONE}' order by f.attempt"""  # noqa: S608
    rows: list[Row] = night.tables.sql(query, [FEEDS, OFFERS]).to_pylist()
    return rows


def _verdict(night: Night, offer: _Known) -> Verdict:
    seen = f"last seen in the feed of {_date(offer.last['acquired_at'])}, line {offer.last['line']}"
    if offer.last["status"] == REJECTED:
        seen += f", rejected: {offer.last['code']}: {offer.last['detail']}"
    if (follower := offer.follower) is not None:
        return _left_the_feed(offer, follower, seen)
    status, why, remedy = _state_of_its_retailer(night, offer)
    return Verdict("acquire", offer.name, status, f"{why}; {seen}", remedy)


def _left_the_feed(offer: _Known, follower: Row, seen: str) -> Verdict:
    since = f"the accepted feed of {_date(follower['acquired_at'])}"
    for row in offer.rows:
        if row["attempt"] == follower["attempt"] and row["status"] == REJECTED:
            text = f"rejected in {since}: {row['code']}: {row['detail']}; {seen}"
            return Verdict("parse", offer.name, LEFT, text, change(row["code"]))
    text = f"no longer in {since}{_deletion(offer, follower)}; {seen}"
    return Verdict("acquire", offer.name, LEFT, text, "the shop has to list it again; to act: the shop")


def _deletion(offer: _Known, follower: Row) -> str:
    """What became of its deletion, if that was withheld at first."""
    if follower["code"] != Code.FEED_DELETIONS:
        return ""
    later = (f for f in offer.accepted if f["attempt"] > follower["attempt"] and f["part"] == follower["part"])
    whole = next((f for f in later if f["code"] is None), None)
    if whole is None:
        return ", deletion withheld for as long as `withdraw_after` allows"
    reasons = (gate["accepted_because"] for gate in whole["gates"] or ())
    reason = next((f": {reason}" for reason in reasons if reason), "")
    return f", deletion withheld until {_date(whole['acquired_at'])}{reason}"


def _state_of_its_retailer(night: Night, offer: _Known) -> tuple[str, str, str]:
    """Status, reason and remedy for an offer that is in its retailer's last accepted feed."""
    name, parent = offer.retailer, snapshots.parent(night.store)
    spec = night.settings.mappings / name / SPEC_FILE
    if name in night.retailers:
        return _of_an_enabled_one(night, night.retailers[name], offer)
    if name in night.specs:
        why = f"{name} is disabled (`enabled: false` in {spec}){_out_since(night, name)}"
        return LEFT, why, "an engineer has to set `enabled: true`"
    if parent is not None and (reason := missing(night, parent).get(name)):
        return HELD, f"{name} is held at its rows of version {parent.version}", reason
    if name in night.broken:
        return HELD, f"{name} is held and in no version: {night.broken[name]}", "an engineer has to correct the file"
    if noted := withdrawals(night.store).get(name):
        why = f"{name} was withdrawn by {noted.who} on {_date(noted.at)}: {noted.why}{_out_since(night, name)}"
        return LEFT, why, f"an engineer has to write {spec} again"
    return LEFT, f"{name} is in no version, and {spec} is missing", "an engineer has to restore it"


def _of_an_enabled_one(night: Night, spec: Retailer, offer: _Known) -> tuple[str, str, str]:
    files, part = states_by_retailer(night)[spec.name], offer.last["part"]
    kinds = files[part]
    file = next((file for file in spec.files if file.part == part), None)
    if file is None:
        said = f"{kinds['newest']['detail']}, since {_date(kinds['newest']['acquired_at'])}"
        return LEFT, said, f"an engineer has to list it in {night.settings.mappings / spec.name / SPEC_FILE} again"
    if live_feed(night, file, kinds) is not None:
        return WAITING, "its feed is accepted and not parsed yet", "nobody has to act: the next night parses it"
    newest, days = kinds["newest"], file.gates.withdraw_after or 0
    since = f"since {_date(newest['acquired_at'])}, for longer than `withdraw_after` ({days:g} days)"
    return LEFT, f"{file.title} is held {since}: {newest['detail']}", "the next good feed brings it back"


def _out_since(night: Night, retailer: str) -> str:
    """From which kept version on the retailer is out of the index."""
    after = None
    for version in reversed(snapshots.versions(night.store)):
        manifest = snapshots.manifest(night.store, version)
        if retailer in manifest.counts:
            if after is None:
                return ", and leaves the index with the next version"
            at = f" of {_date(after.published_at)}" if after.published_at else ""
            return f", out of the index since version {after.version}{at}"
        after = manifest
    return ""


def _date(at: datetime) -> str:
    return f"{at:%Y-%m-%d}"
