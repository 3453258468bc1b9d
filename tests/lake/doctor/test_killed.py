"""A repair that is killed between any two changes of the lake, and run again, mends what an undisturbed one does."""

import os
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lake.doctor.finding import Kind
from lake.doctor.rounds import examine
from tests.fuzz.damage import base, copied
from tests.jobs.vacuum.dying import COUNTED
from tests.lake.doctor.test_doctor import CASES, lake_of, place
from tests.night.house import REPOSITORY
from tests.older.house import OlderHouse

pytestmark = [pytest.mark.night, pytest.mark.kill, pytest.mark.long]

KILLS = int(os.environ.get("SELVEDGE_TEST_KILLS", "2"))
SEED = 17
NEVER = 1_000_000
DAMAGES = (
    "a table's file is gone", "the first commit is gone", "a shard is gone", "a published log is cut",
    "a published file is gone", "the pointer is gone", "an encoder's model is cut", "a note of a release",
)  # fmt: skip
"""Each in a table, log or folder of its own."""


def mend(house: OlderHouse, changes: int, counted: Path | None = None) -> int:
    """`doctor --repair` in a process of its own until it has made so many changes -> its exit code."""
    variables = os.environ | house.environment | ({COUNTED: str(counted)} if counted else {})
    done = subprocess.run(
        [sys.executable, "-m", "tests.jobs.vacuum.dying", str(changes), "doctor", "--repair"],
        env=variables, cwd=REPOSITORY, capture_output=True, timeout=300,
    )  # fmt: skip
    assert done.returncode in (0, -9), done.stdout.decode() + done.stderr.decode()
    return done.returncode


@pytest.fixture(scope="module")
def damaged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[OlderHouse, int, str]]:
    """A house whose lake is damaged in many places, the changes that mend it, and what is published then."""
    root = tmp_path_factory.mktemp("killed")
    with base(root) as (house, _):
        for case in DAMAGES:
            _, pattern, damage, _ = CASES[case]
            damage(place(house.lake, pattern))
        whole = copied(house, root / "whole")
        assert mend(whole, NEVER, root / "counted") == 0
        assert whole.later_night().code == 0
        yield house, int((root / "counted").read_text()), whole.manifest().content_digest


@pytest.mark.parametrize("share", [(at + random.Random(SEED + at).random()) / KILLS for at in range(KILLS)])
def test_killed_and_run_again(damaged: tuple[OlderHouse, int, str], share: float, tmp_path: Path) -> None:
    first, changes, digest = damaged
    house = copied(first, tmp_path / "house")
    assert mend(house, int(share * changes)) == -9, "it ended before its moment came"
    assert mend(house, NEVER) == 0
    assert [finding for finding in examine(lake_of(house)) if finding.kind is not Kind.FEED] == []
    ended = house.later_night()
    assert ended.code == 0, ended.err
    assert house.manifest().content_digest == digest
