"""The tasks of one run at the same time, as processes: four groups of retailers, and stages that need each other not.

A stand-in for a scheduler starts each task once those that it needs are done, and a task that ended badly once more.
"""

import os
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from jobs.scheduled import words
from jobs.stage_list import STAGES
from tests.small_night import REPOSITORY, SELVEDGE, live_version, selvedge, tiny_shop

pytestmark = [pytest.mark.night, pytest.mark.timeout(1500)]

SHOPS = "north", "east", "south", "west"
ASKED = {"accept": (), "until": "publish"}
Task = tuple[str, tuple[str, ...]]
TASKS: list[Task] = [
    (stage.name, group) for stage in STAGES for group in ([(shop,) for shop in SHOPS] if stage.by_retailer else [()])
]
AT_ONCE = 4
TRIES = 3


class Scheduler:
    """Runs the tasks of one run; `killed` are killed on their first try, once they hold their leases."""

    def __init__(self, settings: Mapping[str, str], lake: Path, killed: frozenset[Task] = frozenset()) -> None:
        others = {name: value for name, value in os.environ.items() if not name.startswith(("SELVEDGE_", "AWS_"))}
        self.environment = {**others, **settings}
        self.lake, self.killed = lake, set(killed)
        self.running: dict[Task, subprocess.Popen[str]] = {}
        self.tries = dict.fromkeys(TASKS, 0)
        self.done: set[Task] = set()
        self.side_by_side: set[frozenset[str]] = set()

    def run(self) -> None:
        while len(self.done) < len(TASKS):
            for task in self._ready():
                self._start(task)
            time.sleep(0.05)
            for task, process in [*self.running.items()]:
                if task in self.killed and self._holds(task, process.pid):
                    self.killed.remove(task)
                    process.send_signal(signal.SIGKILL)
                if process.poll() is not None:
                    self._end(task, self.running.pop(task))

    def _ready(self) -> list[Task]:
        waiting = {name for name, group in TASKS if (name, group) not in self.done}
        free = [
            task
            for stage in STAGES
            for task in TASKS
            if task[0] == stage.name and not waiting & set(stage.needs) and task not in self.done | self.running.keys()
        ]
        return free[: AT_ONCE - len(self.running)]

    def _start(self, task: Task) -> None:
        assert self.tries[task] < TRIES
        self.tries[task] += 1
        self.running[task] = subprocess.Popen(
            [SELVEDGE, *words(task[0], "r", task[1], ASKED)], env=self.environment, cwd=REPOSITORY,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.side_by_side.add(frozenset(name for name, _ in self.running))

    def _holds(self, task: Task, pid: int) -> bool:
        if task[1]:
            return (self.lake / "tables" / "feeds").exists()
        return any(f'"pid": {pid}' in path.read_text() for path in (self.lake / "leases").glob("table-*.json"))

    def _end(self, task: Task, process: subprocess.Popen[str]) -> None:
        said = process.communicate()[1]
        if process.returncode == 0:
            self.done.add(task)
        else:
            assert process.returncode == -signal.SIGKILL, f"{task}: {said}"


@pytest.fixture(scope="module")
def shops(tmp_path_factory: pytest.TempPathFactory):
    with tiny_shop(tmp_path_factory.mktemp("shops"), *SHOPS) as settings:
        yield settings


@pytest.fixture(scope="module")
def serial(shops: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory) -> str:
    """The content digest of a night that does one thing after the other."""
    settings = {**shops, "SELVEDGE_LAKE": str(tmp_path_factory.mktemp("serial"))}
    assert selvedge(settings, "night")["published"]
    return str(live_version(settings)["content_digest"])


@pytest.mark.parametrize("killed", [(), (("parse", ("east",)), ("classify", ()), ("screen", ()))])
def test_tasks_side_by_side_publish_what_a_night_does(
    shops: Mapping[str, str], serial: str, tmp_path: Path, killed: tuple[Task, ...]
) -> None:
    settings = {**shops, "SELVEDGE_LAKE": str(tmp_path)}
    scheduler = Scheduler(settings, tmp_path, frozenset(killed))
    scheduler.run()
    assert live_version(settings)["content_digest"] == serial
    assert {task for task, tries in scheduler.tries.items() if tries > 1} == set(killed)
    assert any({"fetch", "classify"} <= names for names in scheduler.side_by_side)
    again = selvedge({**settings, "SELVEDGE_LEASE_SECONDS": "1"}, "stage", "publish", "--run", "r")
    assert not again["published"], "nothing is new"
