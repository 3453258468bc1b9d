"""A night that is killed at any moment and run again ends with the snapshot of a night that nobody disturbed."""

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from schemas.tables import FETCHES
from tests.night.house import DATE, Ended, House, double_keys

pytestmark = [pytest.mark.night, pytest.mark.kill]

KILLS = int(os.environ.get("SELVEDGE_TEST_KILLS", "2"))
SEED = 6
LOOK_SECONDS = 0.001
JITTER_SECONDS = 0.05
"""Longer than any single write, so that a moment may lie between two of them or within one."""

NIGHT_SECONDS = 300


@dataclass(frozen=True)
class Moment:
    """A night is killed once `measure` has reached a share of what it comes to in a whole night, and a bit later."""

    measure: str
    share: float
    later_s: float


def moments(count: int) -> list[Moment]:
    """Random moments: each measure in turn, each with its shares spread over the whole night."""
    choose = random.Random(SEED)
    names = ["written", "asked", "written", "published"]
    rounds = -(-count // len(names))
    return [
        Moment(names[at % len(names)], (at // len(names) + choose.random()) / rounds, JITTER_SECONDS * choose.random())
        for at in range(count)
    ]


def _files(folder: Path) -> int:
    return sum(len(files) for _, _, files in os.walk(folder))


MEASURES: dict[str, Callable[[House], int]] = {
    "written": lambda house: _files(house.lake),
    "asked": lambda house: house.shops.pictures_asked,
    "published": lambda house: _files(house.lake / "published") + _files(house.lake / "snapshots"),
}


def _kill_at(house: House, moment: Moment, whole: int) -> int:
    """Start a night, kill its whole process group at the moment -> what the night had come to."""
    measure = MEASURES[moment.measure]
    with house.start("night", "--date", DATE) as night:
        ends = time.monotonic() + NIGHT_SECONDS
        while measure(house) < moment.share * whole and night.poll() is None and time.monotonic() < ends:
            time.sleep(LOOK_SECONDS)
        time.sleep(moment.later_s)
        reached = measure(house)
        if night.poll() is None:
            os.killpg(night.pid, signal.SIGKILL)
        night.communicate()
    return reached


@pytest.mark.parametrize("moment", moments(KILLS), ids=lambda m: f"{m.measure}-{m.share:.2f}")
def test_killed_and_run_again(moment: Moment, first_night: tuple[House, Ended], new_house: House) -> None:
    undisturbed, ended = first_night
    assert ended.code == 0, ended.err
    whole = _whole(undisturbed, moment.measure)
    reached = _kill_at(new_house, moment, whole)
    assert reached >= moment.share * whole, "the night ended before its moment came"
    asked = new_house.shops.pictures_asked
    ended = new_house.night()
    assert ended.code == 0, ended.err
    assert new_house.manifest().content_digest == undisturbed.manifest().content_digest
    assert new_house.manifest().counts == undisturbed.manifest().counts
    assert double_keys(new_house) == {}
    assert new_house.night().json["published"] is False
    if moment.measure == "published":
        assert new_house.shops.pictures_asked == asked, "a picture that was stored is not asked for again"


def _whole(undisturbed: House, measure: str) -> int:
    """What a whole night comes to: files are counted where they lie, requests one for each URL."""
    if measure == "asked":
        return undisturbed.rows("select count(*) n from fetches", FETCHES)[0]["n"]
    return MEASURES[measure](undisturbed)


def test_an_interrupt_ends_a_night_in_order(new_house: House) -> None:
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        with new_house.start("night", "--date", DATE) as night:
            _wait_until(lambda: new_house.shops.pictures_asked > 0, night)
            night.send_signal(signal_number)
            _, err = night.communicate(timeout=60)
        assert night.returncode == 130, err.decode()
        assert err.decode().splitlines()[-1].startswith("selvedge: interrupted")
        assert "Traceback" not in err.decode()
        new_house.shops.seen.clear()


def _wait_until(condition: Callable[[], bool], night: subprocess.Popen[bytes]) -> None:
    ends = time.monotonic() + NIGHT_SECONDS
    while not condition() and night.poll() is None and time.monotonic() < ends:
        time.sleep(LOOK_SECONDS)
    assert night.poll() is None, night.communicate()[1].decode()
