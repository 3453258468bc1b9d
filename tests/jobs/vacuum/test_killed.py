"""A publish or a vacuum that is killed between any two changes of the lake, and run again, ends as if undisturbed."""

import os
import random
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from lake import snapshots
from tests.jobs.vacuum.conftest import DAYS
from tests.jobs.vacuum.dying import COUNTED
from tests.jobs.vacuum.test_vacuum import TIGHT, all_pictures_are_there, contents, the_next_version, without_times
from tests.night.house import REPOSITORY, double_keys
from tests.year.house import LongHouse

pytestmark = [pytest.mark.night, pytest.mark.kill, pytest.mark.long]

KILLS = int(os.environ.get("SELVEDGE_TEST_KILLS", "2"))
SEED = 9
LAST, TONIGHT = DAYS[-1], DAYS[-1] + 1
NEVER = 1_000_000


@dataclass(frozen=True)
class Moment:
    """A share of the changes that an undisturbed command makes."""

    verb: str
    share: float


def moments(count: int) -> list[Moment]:
    """Publish and vacuum in turn, each with its shares spread over the whole command."""
    choose = random.Random(SEED)
    rounds = -(-count // 2)
    return [Moment(("vacuum", "publish")[at % 2], (at // 2 + choose.random()) / rounds) for at in range(count)]


def command(house: LongHouse, verb: str, changes: int, counted: Path | None = None) -> int:
    """Run it in a process of its own until it has made so many changes -> its exit code."""
    words = ["vacuum", "--delete", "--date", house.day(LAST)]
    if verb == "publish":
        words = ["stage", "publish", "--date", house.day(TONIGHT)]
    variables = os.environ | house.environment
    if verb == "vacuum":
        variables |= {f"SELVEDGE_{name}": value for name, value in TIGHT.items()}
    if counted:
        variables[COUNTED] = str(counted)
    done = subprocess.run(
        [sys.executable, "-m", "tests.jobs.vacuum.dying", str(changes), *words],
        env=variables, cwd=REPOSITORY, capture_output=True, timeout=300,
    )  # fmt: skip
    assert done.returncode in (0, -9), done.stderr.decode()
    return done.returncode


def up_to_publish(house: LongHouse) -> None:
    ended = house.night_of(TONIGHT, "--until", "embed", changed=False)
    assert ended.code == 0, ended.err or ended.text


@pytest.fixture(scope="module")
def undisturbed(two_months: LongHouse, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[LongHouse, int]]:
    """For each verb: the house after it, and the number of its changes."""
    found = {}
    for verb in ("vacuum", "publish"):
        root = tmp_path_factory.mktemp(verb)
        house = two_months.copy(root / "house")
        if verb == "publish":
            up_to_publish(house)
        assert command(house, verb, NEVER, root / "counted") == 0
        found[verb] = house, int((root / "counted").read_text())
    return found


@pytest.mark.parametrize("moment", moments(KILLS), ids=lambda m: f"{m.verb}-{m.share:.2f}")
def test_killed_and_run_again(
    moment: Moment, undisturbed: dict[str, tuple[LongHouse, int]], house: LongHouse, tmp_path: Path
) -> None:
    whole, changes = undisturbed[moment.verb]
    if moment.verb == "publish":
        up_to_publish(house)
    assert command(house, moment.verb, int(moment.share * changes)) == -9, "it ended before its moment came"
    left = house.copy(tmp_path / "left")  # nobody runs it again before the next night
    assert command(house, moment.verb, NEVER) == 0
    assert contents(house) == contents(whole)
    assert house.manifest().content_digest == whole.manifest().content_digest
    if moment.verb == "vacuum":
        assert snapshots.versions(house.store) == snapshots.versions(whole.store)
        expected = without_times(the_next_version(whole.copy(tmp_path / "whole")))
        for one in (house, left):
            assert without_times(the_next_version(one)) == expected
    for one in (house, left):
        live = one.manifest()
        assert snapshots.verify(one.store, live.version) == []
        assert double_keys(one) == {}
        assert all_pictures_are_there(one)
