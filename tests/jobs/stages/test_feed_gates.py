"""Whether a feed may follow the last good one."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from jobs.stages.feed_gates import GateResult, is_from_the_future, judge, lacks_offers_alone, refusal, reject_jumps
from schemas.retailer import Drop, FeedGates

NOW = datetime(2026, 11, 21, 3, tzinfo=UTC)
GATES = FeedGates(size_drop=Drop(percent=50, absolute=1000), offer_drop=Drop(percent=30, absolute=50), max_age=3)


def summary(**changed: Any) -> dict[str, Any]:
    shares = [{"name": name, "share": 1.0} for name in ("pictures", "price", "category_path")]
    return {"bytes": 100_000, "offers": 1000, "made_at": NOW, "acquired_at": NOW, "filled": shares} | changed


def test_a_feed_like_the_last_passes() -> None:
    assert refusal(judge(summary(), summary(), GATES, NOW)) is None


def test_a_first_feed_is_compared_with_nothing() -> None:
    assert {gate.name for gate in judge(summary(), None, GATES, NOW)} == {
        "no_picture", "no_price", "no_category", "orphan_category", "category_cycles", "max_age_days",
    }  # fmt: skip


def test_a_drop_within_one_bound_passes() -> None:
    few = summary(offers=150)
    assert refusal(judge(summary(offers=105), few, GATES, NOW)) is None, "30 percent are allowed"


@pytest.mark.parametrize(("before", "now", "passed"), [(100, 60, False), (20, 10, True), (20, 9, False), (9, 0, False)])
def test_the_absolute_bound_scales_with_a_small_shop(before: int, now: int, passed: bool) -> None:
    gates = {gate.name: gate.passed for gate in judge(summary(offers=now), summary(offers=before), GATES, NOW)}
    assert gates["offer_drop"] is passed


def test_offers_are_compared_by_id_and_only_kept_ones_count() -> None:
    last = summary(rejects=rejected(offer_no_title=200))
    by_id = judge(summary(gone_ids=400), last, GATES, NOW)
    assert GateResult("offer_drop", 50, 30, False) in by_id, "400 of the 800 that were kept are gone"
    by_count = judge(summary(rejects=rejected(offer_no_title=600)), last, GATES, NOW)
    assert GateResult("offer_drop", 50, 30, False) in by_count
    assert not lacks_offers_alone(by_count), "what is rejected now was not deleted by the shop"
    assert lacks_offers_alone(by_id)


def test_a_jump_of_a_reject_code_is_refused_and_named() -> None:
    last = summary(rejects=rejected(offer_no_id=100))
    assert refusal(judge(summary(rejects=rejected(offer_no_id=300)), last, BOUNDS, NOW)) is None
    jumped = judge(summary(rejects=rejected(offer_no_id=100, offer_no_title=201)), last, BOUNDS, NOW)
    assert refusal(jumped) == "reject_jump of offer_no_title is 0.201, allowed 0.2"


def test_few_rejects_are_no_jump() -> None:
    few = summary(offers=30)
    assert reject_jumps(few | {"rejects": rejected(offer_no_id=10)}, few) == {}
    assert reject_jumps(few | {"rejects": rejected(offer_no_id=12)}, few) == {"offer_no_id": 0.4}
    assert reject_jumps(few, few | {"rejects": rejected(offer_no_id=12)}) == {}


def rejected(**counts: int) -> list[dict[str, Any]]:
    return [{"name": name, "count": count} for name, count in counts.items()]


def filled(**shares: float) -> list[dict[str, Any]]:
    return [{"name": name, "share": share} for name, share in ({"pictures": 1, "price": 1} | shares).items()]


def repaired(name: str, count: int) -> dict[str, Any]:
    return {"repairs": [{"name": name, "count": count}]}


BOUNDS = FeedGates(
    size_drop=Drop(percent=50, absolute=1000), offer_drop=Drop(percent=30, absolute=50), max_age=3,
    no_picture=0.25, no_price=0.25, no_category=0.25, orphan_category=0.25, category_cycles=2, changed_ids=0.25,
)  # fmt: skip


@pytest.mark.parametrize(
    ("gate", "changed", "value", "bound", "passed"),
    [
        ("no_picture", {"filled": filled(pictures=0.75)}, 0.25, 0.25, True),
        ("no_picture", {"filled": filled(pictures=0.5)}, 0.5, 0.25, False),
        ("no_picture", {"filled": None}, 1, 0.25, False),
        ("no_price", {"filled": filled(price=0.75)}, 0.25, 0.25, True),
        ("no_price", {"filled": filled(price=0.5)}, 0.5, 0.25, False),
        ("no_price", {"filled": []}, 1, 0.25, False),
        ("no_category", {"filled": filled(category_path=0.75)}, 0.25, 0.25, True),
        ("no_category", {"filled": filled(category_path=0.5)}, 0.5, 0.25, False),
        ("no_category", {"filled": []}, 1, 0.25, False),
        ("orphan_category", {}, 0, 0.25, True),
        ("orphan_category", repaired("orphan_category", 250), 0.25, 0.25, True),
        ("orphan_category", repaired("orphan_category", 500), 0.5, 0.25, False),
        ("orphan_category", {"offers": 0} | repaired("orphan_category", 1), 1, 0.25, False),
        ("orphan_category", {"offers": 1} | repaired("orphan_category", 1), 1, 0.25, False),
        ("orphan_category", {"offers": 1, "repairs": None}, 0, 0.25, True),
        ("category_cycles", {}, 0, 2, True),
        ("category_cycles", repaired("category_cycle", 2), 2, 2, True),
        ("category_cycles", repaired("category_cycle", 3), 3, 2, False),
        ("changed_ids", {"changed_ids": 0.25}, 0.25, 0.25, True),
        ("changed_ids", {"changed_ids": 0.5}, 0.5, 0.25, False),
        ("size_drop", {"bytes": 50_000}, 50, 50, True),
        ("size_drop", {"bytes": 25_000}, 75, 50, False),
        ("offer_drop", {"offers": 700}, 30, 30, True),
        ("offer_drop", {"offers": 600}, 40, 30, False),
        ("older_than_last", {}, 0, 0, True),
        ("older_than_last", {"made_at": NOW + timedelta(hours=2)}, 0, 0, True),
        ("older_than_last", {"made_at": NOW - timedelta(hours=2)}, 2, 0, False),
        ("older_than_last", {"made_at": NOW - timedelta(minutes=30)}, 0.5, 0, False),
        ("max_age_days", {}, 0, 3, True),
        ("max_age_days", {"made_at": NOW - timedelta(days=3)}, 3, 3, True),
        ("max_age_days", {"made_at": NOW - timedelta(days=4)}, 4, 3, False),
    ],
)
def test_a_gate_lets_its_bound_pass_and_refuses_beyond(
    gate: str, changed: dict[str, Any], value: float, bound: float, passed: bool
) -> None:
    results = {result.name: result for result in judge(summary(**changed), summary(), BOUNDS, NOW)}
    assert results[gate] == GateResult(gate, value, bound, passed)


def test_ages_are_judged_where_the_feeds_state_one() -> None:
    undated = summary(made_at=None)
    for new, last in ((undated, summary()), (summary(), undated), (undated, undated)):
        assert "older_than_last" not in {result.name for result in judge(new, last, BOUNDS, NOW)}
    assert "max_age_days" not in {result.name for result in judge(undated, None, BOUNDS, NOW)}
    assert "max_age_days" not in {result.name for result in judge(summary(), None, FeedGates(), NOW)}


def test_a_first_feed_without_a_count_of_offers_is_judged() -> None:
    results = judge(summary(offers=None) | repaired("orphan_category", 1), None, BOUNDS, NOW)
    assert GateResult("orphan_category", 1, 0.25, False) in results


def test_a_feed_after_one_of_unknown_size_has_not_shrunk() -> None:
    results = judge(summary(), summary(bytes=None, offers=None), BOUNDS, NOW)
    assert {result.name: result.value for result in results if result.name.endswith("_drop")} == {
        "size_drop": 0, "offer_drop": 0,
    }  # fmt: skip
    unlike = judge(summary(bytes=0, offers=0), summary(bytes=None, offers=None), BOUNDS, NOW)
    assert {result.value for result in unlike if result.name.endswith("_drop")} == {0}


def test_a_refusal_names_every_gate_that_nobody_accepted() -> None:
    results = judge(summary(offers=600, bytes=25_000), summary(), BOUNDS, NOW)
    assert refusal(results) == "size_drop is 75, allowed 50; offer_drop is 40, allowed 30"
    accepted = [replace(one, accepted_because="a sale") if one.name == "size_drop" else one for one in results]
    assert refusal(accepted) == "offer_drop is 40, allowed 30"
    assert lacks_offers_alone(accepted)
    assert refusal([replace(one, accepted_because="a sale") for one in results]) is None


def test_deletions_alone_are_withheld_and_anything_else_refuses() -> None:
    fewer = judge(summary(offers=600), summary(), GATES, NOW)
    assert lacks_offers_alone(fewer)
    assert not lacks_offers_alone(judge(summary(offers=600, bytes=10_000), summary(), GATES, NOW))
    assert not lacks_offers_alone(judge(summary(), summary(), GATES, NOW))


def test_every_bound_of_the_spec_is_documented() -> None:
    page = (Path(__file__).resolve().parents[3] / "docs" / "operations.md").read_text(encoding="utf-8")
    assert [name for name in FeedGates.model_fields if f"| `{name}` |" not in page] == []


def test_an_old_feed_is_refused_with_dates_and_units() -> None:
    old = summary(made_at=NOW - timedelta(days=4, hours=12))
    assert refusal(judge(old, summary(), GATES, NOW), old["made_at"]) == (
        "older_than_last: its date 2026-11-16 15:00 UTC is 108 h before the last feed's, 2026-11-21 03:00 UTC; "
        "max_age_days: its date 2026-11-16 15:00 UTC is 4.5 days ago, allowed 3 days"
    )


@pytest.mark.parametrize(("hours", "future"), [(-1, False), (0, False), (14, False), (14.1, True), (24 * 400, True)])
def test_a_date_beyond_every_time_zone_is_from_the_future(hours: float, future: bool) -> None:
    row = summary(made_at=NOW + timedelta(hours=hours))
    assert is_from_the_future(row, NOW) == future
    assert not is_from_the_future(summary(made_at=None), NOW)


def test_a_feed_that_came_while_the_clock_ran_ahead_does_not_block_the_next_one() -> None:
    ahead = datetime.now(UTC) + timedelta(days=365)
    last = summary(made_at=ahead, acquired_at=ahead)
    assert refusal(judge(summary(), last, GATES, NOW)) is None
    assert refusal(judge(summary(), last, GATES, ahead)), "which a night under that date compares"


def test_a_feed_from_the_future_does_not_block_the_next_good_one() -> None:
    future = summary(made_at=NOW + timedelta(days=400))
    assert refusal(judge(future, summary(), GATES, NOW)) is None
    tomorrow = NOW + timedelta(days=1)
    assert refusal(judge(summary(made_at=tomorrow), future, GATES, tomorrow)) is None
    assert refusal(judge(future, future, GATES, tomorrow)) is None, "the same date again"
    before = NOW - timedelta(hours=2)
    assert refusal(judge(summary(made_at=before), future, GATES, tomorrow), before) == (
        "older_than_last: its date 2026-11-21 01:00 UTC is 2 h before the last feed's, 2026-11-21 03:00 UTC"
    ), "it counts as made when it was received"
    zone = summary(made_at=NOW + timedelta(hours=13))
    assert refusal(judge(summary(), zone, GATES, tomorrow)) is not None, "a date that can be right is compared"
