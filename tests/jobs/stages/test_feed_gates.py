"""Whether a feed may follow the last good one."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from jobs.stages.feed_gates import judge, lacks_offers_alone, refusal
from schemas.retailer import Drop, FeedGates

NOW = datetime(2026, 11, 21, 3, tzinfo=UTC)
GATES = FeedGates(size_drop=Drop(percent=50, absolute=1000), offer_drop=Drop(percent=30, absolute=50), max_age=3)


def summary(**changed: Any) -> dict[str, Any]:
    filled = [{"name": name, "share": 1.0} for name in ("pictures", "price", "category_path")]
    return {"bytes": 100_000, "offers": 1000, "made_at": NOW, "filled": filled} | changed


def test_a_feed_like_the_last_passes() -> None:
    assert refusal(judge(summary(), summary(), GATES, NOW)) is None


def test_a_first_feed_is_compared_with_nothing() -> None:
    assert {gate.name for gate in judge(summary(), None, GATES, NOW)} == {
        "no_picture", "no_price", "no_category", "orphan_category", "category_cycles", "max_age_days",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "gate"),
    [
        ({"offers": 600}, "offer_drop"),
        ({"bytes": 10_000}, "size_drop"),
        ({"made_at": NOW - timedelta(days=1)}, "older_than_last"),
        ({"filled": []}, "no_picture"),
    ],
)
def test_each_gate_refuses(changed: dict[str, Any], gate: str) -> None:
    said = refusal(judge(summary(**changed), summary(), GATES, NOW))
    assert said is not None and gate in said


def test_a_drop_within_one_bound_passes() -> None:
    few = summary(offers=100)
    assert refusal(judge(summary(offers=60), few, GATES, NOW)) is None, "40 offers are below the absolute bound"


def test_an_old_feed_is_refused() -> None:
    old = summary(made_at=NOW - timedelta(days=4))
    assert "max_age_days" in str(refusal(judge(old, None, GATES, NOW)))


@pytest.mark.parametrize(
    ("changed", "gate", "bound"),
    [
        ({"repairs": [{"name": "orphan_category", "count": 501}]}, "orphan_category", 0.5),
        ({"repairs": [{"name": "category_cycle", "count": 1}]}, "category_cycles", 0),
        ({"changed_ids": 0.21}, "changed_ids", 0.2),
    ],
)
def test_gates_over_categories_and_ids_refuse_above_their_bound(
    changed: dict[str, Any], gate: str, bound: float
) -> None:
    said = str(refusal(judge(summary(**changed), summary(), GATES, NOW)))
    assert said.startswith(f"{gate} is ")
    assert said.endswith(f", allowed {bound}")
    wide = FeedGates(orphan_category=1, category_cycles=1, changed_ids=1)
    assert refusal(judge(summary(**changed), None, wide, NOW)) is None


def test_deletions_alone_are_withheld_and_anything_else_refuses() -> None:
    fewer = judge(summary(offers=600), summary(), GATES, NOW)
    assert lacks_offers_alone(fewer)
    assert not lacks_offers_alone(judge(summary(offers=600, bytes=10_000), summary(), GATES, NOW))
    assert not lacks_offers_alone(judge(summary(), summary(), GATES, NOW))


def test_every_bound_of_the_spec_is_documented() -> None:
    page = (Path(__file__).resolve().parents[3] / "docs" / "operations.md").read_text(encoding="utf-8")
    assert [name for name in FeedGates.model_fields if f"| `{name}` |" not in page] == []
