"""What Airflow tells somebody about a failed task, or a late night: the one line that matters, the run and the report.

The DAG imports this module, so it may import nothing that computes.
"""

import logging
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import yaml

HOOK = "SELVEDGE_ON_FAILURE"
"""Variable that names a function, as `package.module:function`, that is called with the TaskFailure."""


@dataclass(frozen=True)
class TaskFailure:
    """A task that failed for good: it is not retried."""

    stage: str
    run: str
    reason: str  # what the stage said last, in one line
    report: str  # the run's report, or how to get it

    @property
    def line(self) -> str:
        return f"selvedge: {self.stage} failed: {self.reason}; run {self.run}; report: {self.report}"


@dataclass(frozen=True)
class LateNight(TaskFailure):
    """A night that is not done at its deadline. It goes on."""

    @property
    def line(self) -> str:
        return f"selvedge: the night is late: {self.reason}; run {self.run}; report: {self.report}"


def run_name(run_id: str) -> str:
    """The run id that a night gets from Airflow's."""
    return re.sub(r"[^\w.-]", "-", run_id)


def tell(context: Mapping[str, Any], home: Path) -> None:
    """Log the line about a failed task, then call the function that SELVEDGE_ON_FAILURE names, if any.

    `context` is Airflow's; `home` the folder in which the stages run. What the function raises, Airflow logs.
    """
    _tell(task_failure(context, home))


def tell_late(context: Mapping[str, Any], home: str, hours: float) -> None:
    """The same of a night that is not done so many hours after it was queued. Airflow's context is plain data here."""
    run = run_name(context["dag_run"]["dag_run_id"])
    _tell(LateNight("night", run, f"not done {hours:g} h after it was queued", _report(Path(home), run)))


def _tell(failure: TaskFailure) -> None:
    logging.getLogger(__name__).error("%s", failure.line)
    if named := os.environ.get(HOOK):
        _hook(named)(failure)


def task_failure(context: Mapping[str, Any], home: Path) -> TaskFailure:
    """What a task's context says of its failure."""
    stage, run = context["task_instance"].task_id, run_name(context["dag_run"].run_id)
    reason = " ".join(str(context.get("exception") or "no reason given").split()).removeprefix(f"{stage}: ")
    return TaskFailure(stage, run, reason, _report(home, run))


def _report(home: Path, run: str) -> str:
    report = home / _reports(home) / f"{run}.html"
    return str(report) if report.exists() else "`selvedge report` writes it"


def _hook(named: str) -> Callable[[TaskFailure], object]:
    module, _, function = named.partition(":")
    found: Callable[[TaskFailure], object] = getattr(import_module(module), function)
    return found


def _reports(home: Path) -> str:
    """The setting `reports`, which the DAG cannot ask `schemas` for."""
    if stated := os.environ.get("SELVEDGE_REPORTS"):
        return stated
    try:
        settings = yaml.safe_load((home / os.environ.get("SELVEDGE_SETTINGS", "selvedge.yaml")).read_text())
        return str(settings["reports"])
    except (OSError, yaml.YAMLError, KeyError, TypeError, UnicodeDecodeError):
        return "var/reports"
