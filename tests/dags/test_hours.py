"""The DAG's stages are those of the command, and each has its hours."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from jobs.stage_list import STAGE_NAMES

HOURS = {
    "acquire": 2, "parse": 2, "fetch": 5, "screen": 4, "classify": 1, "map": 1, "fingerprint": 1, "dedup": 1,
    "detect": 6, "choose": 1, "embed": 6, "publish": 1,
}  # fmt: skip


def hours_of(task: Any) -> timedelta:
    """A mapped task's operator is made when its groups are known."""
    return (task.unmap({"retailers": []}) if task.is_mapped else task).execution_timeout


def test_every_stage_of_the_command_is_a_task_with_its_hours(load_dag: Callable[..., Any]) -> None:
    tasks = [task for task in load_dag().tasks if task.task_id != "groups"]
    assert [task.task_id for task in tasks] == list(STAGE_NAMES) == list(HOURS)
    assert {task.task_id: hours_of(task) / timedelta(hours=1) for task in tasks} == HOURS
