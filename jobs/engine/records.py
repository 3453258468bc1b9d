"""The runs table: what each stage of each run did. The report and `plan` read it."""

import re
import resource
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
import pyarrow as pa

from jobs.engine.stage import Counts
from lake.tables import Tables, literal
from schemas.errors import WrongInput
from schemas.tables import RUNS

RUN_ID = re.compile(r"[\w.+:-]{1,200}")
"""The form of a run id, which is also the file name of the run's report."""


def checked_run(run: str, asked_by: str) -> str:
    """The run id, if it is valid. Raises WrongInput otherwise."""
    if not RUN_ID.fullmatch(run):
        raise WrongInput(asked_by, None, f"{run!r} is not a valid run id: use 1 to 200 letters, digits or . + : - _")
    return run


def record(tables: Tables, run: str, stage: str, counts: Counts, outcome: str) -> None:
    """One row of a run."""
    worked = counts.done + counts.rejected
    row = {
        "run": run,
        "stage": stage,
        "started_at": datetime.fromtimestamp(counts.started_at, UTC),
        "due": counts.due,
        "done": counts.done,
        "rejected": counts.rejected,
        "pending": counts.pending,
        "seconds": counts.seconds,
        "pictures_per_second": worked / counts.seconds if counts.seconds else 0.0,
        "peak_mib": _peak_kib() / 1024,
        "outcome": outcome,
        "spark_tasks": counts.spark_tasks,
        "settled": counts.settled,
        "asked_of": counts.note and counts.note.asked_of,
        "asked_at": counts.note and counts.note.asked_at,
    }
    tables.append(RUNS, pa.Table.from_pylist([row], RUNS.schema))


def _peak_kib() -> int:
    """Peak memory of this process or of its largest child, running or ended."""
    ours = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return max(*ours, *(_peak_of(child.pid) for child in psutil.Process().children()))


def _peak_of(process: int) -> int:
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:  # it ended at this moment, and counts among those that are over
        return 0
    return next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")), 0)


def of_run(tables: Tables, run: str) -> list[dict[str, Any]]:
    """The rows of one run, in the order in which its stages started."""
    query = f"select * from {RUNS.name} where run = {literal(run)} order by started_at"  # noqa: S608
    rows: list[dict[str, Any]] = tables.sql(query, [RUNS]).to_pylist()
    return rows


def last_run(tables: Tables) -> str | None:
    """The newest run's id."""
    found = tables.sql(f"select run from {RUNS.name} order by started_at desc limit 1", [RUNS])  # noqa: S608
    return found.column("run")[0].as_py() if found.num_rows else None
