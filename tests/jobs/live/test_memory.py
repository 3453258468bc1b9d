"""What a stage is given to work off, and what is remembered of parts."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from jobs.engine.night import Night
from jobs.engine.stage import Counts
from jobs.live.memory import Memory
from jobs.live.settled import asked_now
from schemas.tables import FETCHES, GARMENTS
from tests.jobs.live.lake_of_nights import SHOPS, Nights


@pytest.fixture
def shop_by_shop(tmp_path: Path) -> Nights:
    return Nights(tmp_path, 2)


@pytest.mark.parametrize("incomplete", range(len(SHOPS)))
def test_a_stage_is_complete_only_where_every_part_is(shop_by_shop: Nights, incomplete: int) -> None:
    ends: Iterator[int] = iter(range(len(SHOPS)))
    done = Memory("choose", (GARMENTS,)).run(
        shop_by_shop.tonight(), lambda part: Counts(complete=next(ends) != incomplete)
    )
    assert (done.complete, done.note) == (False, None)
    assert next(ends, None) is None


def test_a_stage_that_asks_for_all_retailers_gets_the_whole_night(shop_by_shop: Nights) -> None:
    memory, given, whole = Memory("fetch", (FETCHES,)), [], shop_by_shop.tonight()

    def work(night: Night) -> Counts:
        given.append(night)
        return Counts(complete=True)

    assert memory.run(whole, work).note is None
    assert given == [whole]
    assert memory.due(whole, lambda night: 7 if night is whole else 1) == 7


def test_what_is_settled_is_not_worked_off(shop_by_shop: Nights, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jobs.live.memory.is_settled", lambda night, stage, before: stage == "choose")
    night, memory = shop_by_shop.tonight(), Memory("choose", (GARMENTS,))
    done = memory.run(night, lambda part: pytest.fail("nothing is due"))
    assert done.settled == asked_now(night, (GARMENTS,), "").digest
    assert memory.due(night, lambda part: 1) == 0
