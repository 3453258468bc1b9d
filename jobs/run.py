"""Runs a night: all stages in order, each recorded in the runs table."""

import os
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

from jobs.engine import records
from jobs.engine.night import Night
from jobs.engine.stage import Counts
from jobs.stage_list import STAGE_NAMES, STAGES
from jobs.stages.declared import record_of
from jobs.stages.fill import fill_embedding as fill
from jobs.stages.publish import Publication
from lake.lease import lease, table_lease
from schemas.errors import Stop, WrongInput
from udfs.runtime.device import THREADS
from udfs.runtime.isolation import end_idle

PATIENCE = 1.5
"""How long a task waits for a table, in lease times: a process that died elsewhere has lost it by then."""


@dataclass
class Outcome:
    """The result of a run."""

    run: str
    counts: dict[str, Counts] = field(default_factory=dict)

    @property
    def publication(self) -> Publication | None:
        """Set if the run reached `publish`."""
        found = self.counts.get("publish")
        return found if isinstance(found, Publication) else None

    @property
    def exit_code(self) -> int:
        """0: published, or nothing new; 4: a retailer is held."""
        return 4 if self.publication is not None and self.publication.held else 0


def run_stages(night: Night, names: Iterable[str], shared: bool = False) -> Outcome:
    """Run stages in order under the lake's lease. Raises Stop if the run has to end."""
    outcome = Outcome(night.run)
    night.stages = tuple(names)
    with _working(night, shared):
        for name in night.stages:
            _run_one(night, name, outcome)
    return outcome


def fill_embedding(night: Night) -> Counts:
    """Make the vectors of the night's candidate in advance, until its time is over. It is in no run's record: nothing
    that a night asks has changed."""
    with _working(night):
        return fill(night)


@contextmanager
def _working(night: Night, shared: bool = False) -> Iterator[None]:
    """The lake's lease, and the workers until they are not needed any more."""
    os.environ[THREADS] = str(night.settings.work.model_threads or os.cpu_count() or 1)  # children inherit it
    with _leases(night, shared):
        try:
            night.keep_models()
            yield
        finally:
            night.spark.stop()
            end_idle()


@contextmanager
def _leases(night: Night, shared: bool) -> Iterator[None]:
    """The lake's lease; a scheduler's task shares it with its run, and holds those of the tables that it writes too.

    Groups of retailers share these as well: they add rows of different retailers. All take them in the same order, and
    wait for one that a dead process held.
    """
    seconds = night.settings.lease_seconds
    with ExitStack() as held:
        held.enter_context(lease(night.store, night.run, seconds, shared))
        for stage in STAGES if shared else ():
            for table in record_of(stage.name).tables if stage.name in night.stages else ():
                name = table_lease(table.name)
                held.enter_context(lease(night.store, night.run, seconds, stage.by_retailer, name, PATIENCE * seconds))
        yield


def until(stage: str | None) -> tuple[str, ...]:
    """The stages of a night up to and including `stage`."""
    if stage is None:
        return STAGE_NAMES
    if stage not in STAGE_NAMES:
        raise WrongInput("--until", None, f"{stage}: there is no such stage; choose one of {', '.join(STAGE_NAMES)}")
    return STAGE_NAMES[: STAGE_NAMES.index(stage) + 1]


def _run_one(night: Night, name: str, outcome: Outcome) -> None:
    started = time.time()
    counts = Counts(started_at=started)
    said = "failed"
    night.progress.enter(name)
    try:
        counts = record_of(name).run(night)
        said = "done"
    except Stop as stop:
        said = str(stop)
        raise
    finally:
        counts.started_at, counts.seconds = started, time.time() - started + counts.elsewhere
        outcome.counts[name] = counts
        records.record(night.tables, night.run, name, counts, said)
    night.progress.say(_line(name, counts))
    night.progress.enter(None)


def _line(name: str, counts: Counts) -> str:
    if not counts.due:
        return f"{name:<12} nothing due  ({counts.seconds:.1f} s)"
    parts = [f"{counts.done} done"]
    parts += [f"{counts.rejected} rejected"] if counts.rejected else []
    parts += [f"{counts.pending} pending"] if counts.pending else []
    return f"{name:<12} {counts.due} due: {', '.join(parts)}  ({counts.seconds:.1f} s)"


def as_json(outcome: Outcome, extra: dict[str, Any]) -> dict[str, Any]:
    """The `--json` output, with the keys that schedulers rely on."""
    stages = {
        name: {
            "due": c.due, "done": c.done, "rejected": c.rejected, "pending": c.pending, "seconds": round(c.seconds, 3),
        }
        for name, c in outcome.counts.items()
    }  # fmt: skip
    return {"run": outcome.run} | extra | {"stages": stages}
