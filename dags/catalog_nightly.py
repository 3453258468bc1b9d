"""# The nightly run of the catalog

Turns retailers' XML feeds into one versioned, checked table of garment vectors. Each task runs one stage in a process
of its own (`selvedge stage NAME`). A stage does only what is due, so a task can be cleared and run again at any time:
also one of an old night, as every stage judges by the day on which it runs, whatever night it belongs to.

* `acquire` and `parse` are mapped over groups of retailers (`mappings/*/retailer.yaml` at the start of the run). The
  Airflow variable `selvedge_retailers_per_task` sets the size of a group (50). Groups run at the same time, as do
  stages that do not need each other's rows (`jobs/stage_list.py`): a table has one writer.
* `publish` updates the asset `snapshot`. Its event is only a hint; `selvedge snapshots` shows which version is live.
* Exit codes: 0 done; 4 published, but a retailer is held at its last good rows (a warning in the log). 2 (wrong input)
  and 3 (refused by a gate) fail at once, because a person has to act. All other codes are retried.
* A run that is started by hand may name `retailers` to acquire and parse, the stage `until` which it goes, and gates to
  `accept` (GATE, or RETAILER/GATE of a feed) with the `reason`.
* A task that fails for good logs one line: what the stage said last, the run and its report. So does a night that is
  not done `SELVEDGE_DEADLINE_HOURS` (12) after it was queued; it goes on. The variable `SELVEDGE_ON_FAILURE` names a
  function that gets both (`package.module:function`).

If a task fails, see `docs/operations.md`.
"""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from airflow.sdk import DAG, Asset, BaseOperator, Context, Param, Variable, task
from airflow.sdk.definitions.callback import SyncCallback
from airflow.sdk.definitions.deadline import DeadlineAlert, DeadlineReference
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException

from jobs.scheduled import WrongRequest, is_wanted, retailers_of, words
from jobs.stage_list import STAGE_NAMES, STAGES
from jobs.task_failure import run_name, tell, tell_late

HOME = Path(os.environ.get("SELVEDGE_HOME", Path(__file__).resolve().parents[1]))
COMMAND = os.environ.get("SELVEDGE_COMMAND", str(Path(sys.executable).with_name("selvedge")))
DEADLINE_HOURS = float(os.environ.get("SELVEDGE_DEADLINE_HOURS", "12"))
SNAPSHOT = Asset("snapshot", "selvedge://lake/snapshots")

KILL_AFTER_S = 3  # Airflow kills a task 5 s after asking it to end

HELD = 4
NOT_TO_BE_RETRIED = {2: "wrong input", 3: "a gate refused the snapshot"}


class StageOperator(BaseOperator):
    """Runs the stage with the task's name in a process group of its own; its output becomes the task's log."""

    def __init__(self, *, retailers: list[str] | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.retailers = retailers or []
        self.process: subprocess.Popen[str] | None = None
        self.said = ""

    def execute(self, context: Context) -> None:
        asked = context["params"]
        if not is_wanted(self.task_id, asked):
            raise AirflowSkipException(f"this run goes until {asked['until']}")
        self._judge(
            self._run([COMMAND, *words(self.task_id, run_name(context["dag_run"].run_id), self.retailers, asked)])
        )

    def _run(self, command: list[str]) -> int:
        """Run the command to its end and log each line of its output."""
        self.process = subprocess.Popen(
            command, cwd=HOME, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
            start_new_session=True,
        )  # fmt: skip
        for line in self.process.stdout or ():
            self.log.info("%s", line.rstrip())
            self.said = line.strip().removeprefix("selvedge: ") or self.said
        return self.process.wait()

    def _judge(self, code: int) -> None:
        if code in NOT_TO_BE_RETRIED:
            raise AirflowFailException(f"{self.task_id}: {self.said} (exit {code}: {NOT_TO_BE_RETRIED[code]})")
        if code == HELD:
            self.log.warning(
                "%s: published, but a retailer is held at its last good rows; the report says why", self.task_id
            )
        elif code:
            raise AirflowException(f"{self.task_id}: {self.said} (exit {code})")

    def on_kill(self) -> None:
        """Airflow calls this on a timeout or when the task is stopped: end the stage and all processes it started."""
        if self.process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(KILL_AFTER_S)
            os.killpg(self.process.pid, signal.SIGKILL)  # the rest of the group, if any


@task
def groups(params: dict[str, Any] | None = None) -> list[list[str]]:
    """The retailers of this run in groups."""
    try:
        names = retailers_of(HOME / os.environ.get("SELVEDGE_MAPPINGS", "mappings"), params or {})
    except WrongRequest as wrong:
        raise AirflowFailException(str(wrong)) from wrong
    size = int(Variable.get("selvedge_retailers_per_task", default=50))
    return [names[at : at + size] for at in range(0, len(names), size)] or [[]]


def wire(retailers: Any) -> None:
    """A task a stage, after those that it needs; `retailers` are the groups over which some stages are mapped."""
    made: dict[str, Any] = {}
    for stage in STAGES:
        given: dict[str, Any] = {"task_id": stage.name, "execution_timeout": timedelta(hours=stage.hours)}
        if stage.by_retailer:
            made[stage.name] = StageOperator.partial(**given).expand(retailers=retailers)
        else:
            made[stage.name] = StageOperator(**given, outlets=[SNAPSHOT] if stage.name == "publish" else [])
        for needed in stage.needs:
            made[needed] >> made[stage.name]


def failed(context: Context) -> None:
    tell(context, HOME)


NAMES: dict[str, Any] = {"type": "array", "items": {"type": "string", "pattern": r"^[\w./-]+$"}}
PARAMS = {
    "retailers": Param([], "Acquire and parse only these; none: all that are enabled", **NAMES),
    "until": Param(STAGE_NAMES[-1], "Stop after this stage", type="string", enum=list(STAGE_NAMES)),
    "accept": Param([], "Gates to let through: GATE, or RETAILER/GATE of a feed", **NAMES),
    "reason": Param("", "Why they are let through", type="string"),
}
LATE = DeadlineAlert(
    DeadlineReference.DAGRUN_QUEUED_AT, timedelta(hours=DEADLINE_HOURS),
    SyncCallback(tell_late, {"home": str(HOME), "hours": DEADLINE_HOURS}),
)  # fmt: skip

with DAG(
    "catalog_nightly", schedule="0 1 * * *", start_date=datetime(2026, 1, 1), catchup=False, max_active_runs=1,
    params=PARAMS, deadline=LATE,
    default_args={"retries": 2, "retry_delay": timedelta(minutes=5), "on_failure_callback": failed},
    tags=["catalog"], doc_md=__doc__,
) as dag:  # fmt: skip
    wire(groups())
