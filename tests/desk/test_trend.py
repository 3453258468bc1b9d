"""The line over thirty nights, and what the last version changed."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from desk import trend
from desk.pages import doubts, most_doubted, shop_row
from desk.state import Desk
from desk.trend import Point, Trend, trends_of
from lake import snapshots
from schemas.manifest import Counts, Facts, Manifest
from tests.desk.test_rules import rewritten
from tests.jobs.lake_of_offers import Shops
from udfs.rules.wording import written

DAYS = (date(2025, 12, 1), date(2026, 1, 1), date(2026, 1, 9), date(2026, 1, 9))


def version(number: int) -> Manifest:
    at = datetime(DAYS[number - 1].year, DAYS[number - 1].month, DAYS[number - 1].day, tzinfo=UTC)
    facts = Facts(retailers={}, models={}, taxonomy="00", mappings={"shop": f"{number:02}"})
    counts = {"shop": Counts(garments=1, products=10 * number, categories={})}
    return Manifest.model_construct(facts=facts, counts=counts, published_at=at)


def test_versions_of_thirty_nights_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    night = Shops(tmp_path, shop=[]).night()
    monkeypatch.setattr(snapshots, "versions", lambda store: [1, 2, 3, 4, 5])
    monkeypatch.setattr(snapshots, "current", lambda store: 4)
    monkeypatch.setattr(snapshots, "manifest", lambda store, number: version(number))
    monkeypatch.setattr(trend, "covered_share_of", lambda night, manifest, name: manifest.counts[name].products / 50)
    found = trends_of(night)["shop"]
    assert [point.products for point in found.points] == [20, 40], "the last of each night, none too old or rolled back"
    assert found.said == "09 Jan: +40.0 points, +20 products, new rules"
    assert found.line.split(" ")[-4:] == ["87.0,11.8", "87.0,4.6", "90.0,4.6", "90.0,4.6"], (
        "level until the night of the next version"
    )
    still = Point(date(2026, 1, 2), None, 5, None)
    assert Trend((still, still), date(2026, 1, 2)).said == "02 Jan: nothing"
    assert (Trend((still,)).line, Trend().said) == ("", "")


def test_the_rule_that_verdicts_contradict_most_is_named(desk: Desk) -> None:
    first = max(desk.shops["drawn"].categories.values(), key=lambda category: len(category.products))
    there = written(first.path).replace(">", "&gt;")
    rewritten(desk, f'<rule path="{there}" to="umbrella" date="2026-11-21" by="AK"/>')
    ((rule, node, count),), whole = most_doubted(doubts(desk.work("drawn")))
    assert whole == count
    assert (rule, node) == ("categories.xml:2", "umbrella")
    assert count > 0.8 * len(first.products)
    row = shop_row(desk, "drawn")
    assert row["disagree"] == [(rule, node, count)]
    assert row["agreed"] == (len(first.products) - count) / row["products"], "a rule that is contradicted earns nothing"
