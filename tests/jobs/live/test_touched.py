"""A night that asks only for what has changed does what one does that asks everything, whatever has happened."""

import os
from decimal import Decimal
from pathlib import Path

import pytest

from jobs.engine.stage import Counts
from jobs.live.products import keep
from jobs.live.touched import ASKS, note, question
from jobs.stage_list import STAGE_NAMES
from jobs.stages.declared import record_of
from schemas.errors import RefusedByGate
from schemas.tables import GARMENTS, OFFERS
from tests.jobs.live.lake_of_nights import SHOPS, Nights
from tests.jobs.stages.publishing import Tried

SEEDS = [int(seed) for seed in os.environ.get("SELVEDGE_TEST_NIGHTS", "2").split()]
ROUNDS = int(os.environ.get("SELVEDGE_TEST_ROUNDS", "2"))


@pytest.fixture(autouse=True)
def tried(monkeypatch: pytest.MonkeyPatch) -> None:
    Tried().patch(monkeypatch)


def whole_night(lake: Nights, said: str) -> None:
    """Every stage has to find due what asking everything finds, and the version has to be that of everything."""
    for stage in lake.stages():
        if stage != "publish":
            by_note, whole = lake.due_of(stage)
            assert by_note >= whole if lake.shop_by_shop else by_note == whole, f"{stage} after {said}"
        elif not lake.garments():
            with pytest.raises(RefusedByGate, match="would be empty"):
                lake.work(stage)
            return
        lake.work(stage)
    assert lake.content() == lake.whole_content(), said


@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_happens_what_is_due_is_asked(tmp_path: Path, seed: int) -> None:
    lake = Nights(tmp_path, seed)
    whole_night(lake, "the first night")
    said: list[str] = []
    for _ in range(ROUNDS):
        lake.another_night()
        said += [lake.happens() for _ in range(lake.draw.choice((1, 1, 2)))]
        whole_night(lake, ", ".join(said))


def test_a_mapping_file_asks_its_own_shop_alone_from_map_on(tmp_path: Path) -> None:
    lake = Nights(tmp_path, 3)
    for stage in lake.stages(8):
        lake.work(stage)
    lake.another_night()
    file = tmp_path / "mappings" / "lane" / "categories.xml"
    file.write_text('<mapping retailer="lane">\n<rule path="Hats" to="scarf" date="2026-01-01" by="XX"/>\n</mapping>\n')
    asked = {stage: lake.asked(stage) for stage in lake.stages(8)}
    assert {stage: shops for stage, shops in asked.items() if shops} == {
        stage: {"lane"} for stage in ("map", "choose", "embed")
    }


def test_only_the_shops_that_changed_are_asked(tmp_path: Path) -> None:
    lake = Nights(tmp_path, 3)
    stages = lake.stages(8)
    for stage in stages:
        lake.work(stage)
    lake.another_night()
    assert [lake.asked(stage) for stage in stages] == [frozenset()] * len(stages)
    lake.send("lane")
    assert [lake.asked(stage) for stage in stages] == [frozenset({"lane"})] * len(stages)
    for stage in stages:
        lake.work(stage)
    answered = sorted(lake.answers)[0]
    lake.ask(answered)
    assert lake.asked("choose") == frozenset(), "the same picture came again"
    lake.ask(answered, changed=True)
    assert lake.asked("choose") == {shop for shop in SHOPS if answered in str(lake.products[shop])}


def test_a_feed_of_other_prices_asks_where_feeds_count(tmp_path: Path) -> None:
    lake = Nights(tmp_path, 3)
    stages = lake.stages()
    for stage in stages:
        lake.work(stage)
    lake.another_night()
    for product in lake.products["lane"].values():
        product["price"], product["available"] = Decimal(9), False
    lake.send("lane")
    keep(lake.tonight(), SHOPS)
    asked = []
    for stage in stages:
        asked.append((stage, lake.asked(stage)))
        assert (lake.work(stage).due > 0) == (stage == "publish")
    assert [stage for stage, shops in asked if shops] == ["map", "publish"]
    assert dict(asked)["map"] == {"lane"}
    lake.products["lane"][0]["pictures"] = lake.products["lane"][1]["pictures"]
    lake.send("lane")
    keep(lake.tonight(), SHOPS)
    assert lake.asked("screen") == {"lane"}


def test_rows_of_a_known_feed_that_come_later_are_asked(tmp_path: Path) -> None:
    lake = Nights(tmp_path, 3)
    for stage in lake.stages(8):
        lake.work(stage)
    lake.another_night()
    query = "select * from offers where retailer = 'lane' order by feed, position limit 1"
    (row,) = lake.night().tables.sql(query, [OFFERS]).to_pylist()
    lake.write(OFFERS, [row | {"position": 99, "offer_id": "99"}])
    assert lake.asked("screen") == {"lane"}


def test_nothing_is_noted_where_somebody_else_wrote_what_was_asked(tmp_path: Path) -> None:
    lake = Nights(tmp_path, 3)
    asked, done = question(lake.tonight(), "choose"), Counts(complete=True)
    lake.write(GARMENTS, [])
    assert note(lake.tonight(), "choose", asked, done) is not None
    lake.ask(sorted(lake.answers)[0], changed=True)
    assert note(lake.tonight(), "choose", asked, done) is None


def test_the_stages_and_their_tables_are_those_of_the_night() -> None:
    assert [*ASKS] == [name for name in STAGE_NAMES if name not in ("acquire", "parse", "fetch")]
    assert {name: asks.own for name, asks in ASKS.items()} == {name: record_of(name).tables for name in ASKS}
