"""The runs table: what each stage of each run did, for the report, `plan` and whoever is woken at night."""

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
"""A run's id is also the name of its report's file."""


def checked_run(run: str, asked_by: str) -> str:
    """The id, where it can be a run's; raises WrongInput."""
    if not RUN_ID.fullmatch(run):
        raise WrongInput(asked_by, None, f"{run!r}: not a run's id: 1 to 200 letters, digits or any of . + : - _")
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
    }
    tables.append(RUNS, pa.Table.from_pylist([row], RUNS.schema))


def _peak_kib() -> int:
    """The most that this process or one of its children held at once, be the child over or still there."""
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
