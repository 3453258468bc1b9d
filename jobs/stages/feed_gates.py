"""The gates of a feed: each compares a value with a bound from the retailer's spec."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from jobs.live.feeds import AHEAD
from schemas.retailer import FEW, Drop, FeedGates
from udfs.feeds.repairs import Repair

OFFER_DROP = "offer_drop"
REJECT_JUMP = "reject_jump"
OF_A_CATALOG = frozenset({
    "no_picture", "no_price", "no_category", "orphan_category", "category_cycles", "changed_ids",
})  # fmt: skip
"""Gates on what a file of prices does not have to say."""
OLDER_THAN_LAST, MAX_AGE = "older_than_last", "max_age_days"


@dataclass(frozen=True)
class GateResult:
    """The result of one gate."""

    name: str
    value: float
    bound: float
    passed: bool
    accepted_because: str | None = None
    about: str = ""  # what has the value; not stored


def judge(summary: dict[str, Any], last: dict[str, Any] | None, gates: FeedGates, now: datetime) -> list[GateResult]:
    """All gates on a feed's summary (a row of `feeds`). Gates that compare need the last accepted row.

    Two values are not stored: `changed_ids`, the share of known ids that now mean another product (None: not compared),
    and `gone_ids`, how many of the last row's kept offers are not kept any more (None: only the counts are known).
    """
    filled = {share["name"]: share["share"] for share in summary["filled"] or []}
    results = [
        _lacking("no_picture", filled.get("pictures", 0.0), gates.no_picture),
        _lacking("no_price", filled.get("price", 0.0), gates.no_price),
        _lacking("no_category", filled.get("category_path", 0.0), gates.no_category),
        *_categories(summary, gates),
    ]
    if summary.get("changed_ids") is not None:
        results.append(_at_most("changed_ids", summary["changed_ids"], gates.changed_ids))
    if last is not None:
        results.append(_drop("size_drop", summary["bytes"], last["bytes"], gates.size_drop))
        results.append(_offer_drop(summary, last, gates.offer_drop))
        results.append(_reject_jump(summary, last, gates.reject_jump))
        if summary["made_at"] and last["made_at"] and not came_ahead_of_the_clock(last, now):
            hours = (_made(last, last["acquired_at"]) - _made(summary, now)).total_seconds() / 3600
            results.append(GateResult(OLDER_THAN_LAST, max(hours, 0.0), 0.0, hours <= 0))
    if gates.max_age is not None and summary["made_at"]:
        days = (now - summary["made_at"]).total_seconds() / 86_400
        results.append(GateResult(MAX_AGE, days, gates.max_age, days <= gates.max_age))
    return results


def is_from_the_future(row: dict[str, Any], received: datetime) -> bool:
    """Whether a feed states a date that was still to come when it was received."""
    return row["made_at"] is not None and row["made_at"] > received + AHEAD


def came_ahead_of_the_clock(row: dict[str, Any], now: datetime) -> bool:
    """Whether a feed was received at a time that is still to come: the clock ran ahead then, and nobody knows which of
    two feeds is the older one. A night may run under an earlier date, so the clock counts too."""
    received: datetime = row["acquired_at"]
    return received > max(now, datetime.now(UTC)) + AHEAD


def _made(row: dict[str, Any], received: datetime) -> datetime:
    """The date that counts: a feed from the future was made when it was received, so that the next one may follow."""
    made: datetime = received if is_from_the_future(row, received) else row["made_at"]
    return made


def _lacking(name: str, filled: float, bound: float) -> GateResult:
    """The share of the offers that lack a field."""
    return _at_most(name, 1 - filled, bound)


def _at_most(name: str, value: float, bound: float) -> GateResult:
    return GateResult(name, value, bound, value <= bound)


def _categories(summary: dict[str, Any], gates: FeedGates) -> list[GateResult]:
    """Gates on the shop's category tree: cycles in it, and the share of offers in categories that it does not list."""
    repairs = {repair["name"]: repair["count"] for repair in summary.get("repairs") or []}
    orphans = repairs.get(Repair.ORPHAN_CATEGORY, 0) / max(summary["offers"] or 0, 1)
    return [
        _at_most("orphan_category", orphans, gates.orphan_category),
        _at_most("category_cycles", repairs.get(Repair.CATEGORY_CYCLE, 0), gates.category_cycles),
    ]


def _drop(name: str, value: int, last: int | None, bound: Drop) -> GateResult:
    percent, passed = bound.judge(last or 0, value)
    return GateResult(name, percent, bound.percent, passed)


def kept(row: dict[str, Any]) -> int:
    """The offers of a row of `feeds` that were not rejected."""
    return (row["offers"] or 0) - sum(_rejects(row).values())


def reject_jumps(row: dict[str, Any], last: dict[str, Any]) -> dict[str, float]:
    """By reject code, by how much its share of the offers rose since the last feed; few offers are no jump."""
    before, now = _rejects(last), _rejects(row)
    rises = {
        code: count / max(row["offers"] or 0, 1) - before.get(code, 0) / max(last["offers"] or 0, 1)
        for code, count in now.items()
        if count - before.get(code, 0) > FEW
    }
    return {code: rise for code, rise in rises.items() if rise > 0}


def _rejects(row: dict[str, Any]) -> dict[str, int]:
    return {reject["name"]: reject["count"] for reject in row.get("rejects") or []}


def _offer_drop(summary: dict[str, Any], last: dict[str, Any], bound: Drop) -> GateResult:
    """What went missing of the offers kept from the last feed: by id, where its offers are at hand."""
    before, gone = kept(last), summary.get("gone_ids")
    return _drop(OFFER_DROP, kept(summary) if gone is None else before - gone, before, bound)


def _reject_jump(summary: dict[str, Any], last: dict[str, Any], bound: float) -> GateResult:
    rises = reject_jumps(summary, last)
    worst = max(rises, key=lambda code: rises[code], default="")
    return replace(_at_most(REJECT_JUMP, rises.get(worst, 0.0), bound), about=worst)


def refusing(results: list[GateResult]) -> list[GateResult]:
    """The gates that failed and were not accepted."""
    return [result for result in results if not result.passed and result.accepted_because is None]


def lacks_offers_alone(results: list[GateResult]) -> bool:
    """Whether missing offers are the only problem: then the deletions are withheld, and the rest is taken."""
    return {result.name for result in refusing(results)} == {OFFER_DROP}


def refusal(results: list[GateResult], made_at: datetime | None = None) -> str | None:
    """The refusing gates in one line; None if all passed or were accepted. `made_at`: the date that the feed states."""
    return "; ".join(_said(result, made_at) for result in refusing(results)) or None


def _said(result: GateResult, made_at: datetime | None) -> str:
    if made_at is not None and result.name == OLDER_THAN_LAST:
        last = made_at + timedelta(hours=result.value)
        return f"{result.name}: its date {_date(made_at)} is {result.value:.4g} h before the last feed's, {_date(last)}"
    if made_at is not None and result.name == MAX_AGE:
        return (
            f"{result.name}: its date {_date(made_at)} is {result.value:.4g} days ago, allowed {result.bound:.4g} days"
        )
    name = f"{result.name} of {result.about}" if result.about else result.name
    return f"{name} is {result.value:.4g}, allowed {result.bound:.4g}"


def _date(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
