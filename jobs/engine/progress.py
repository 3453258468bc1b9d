"""Progress of a stage on standard error: a bar on a terminal, otherwise plain lines, or JSON lines for machines."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as RichProgress

from jobs.engine.log import JsonLog

LINE_SECONDS = 15.0
"""Shortest time between two plain lines."""


class Progress:
    """Shows a person the progress of a run, or writes it to a log, which `quiet` does not silence."""

    def __init__(self, quiet: bool = False, log: JsonLog | None = None) -> None:
        self._console = Console(stderr=True, quiet=quiet, highlight=False, soft_wrap=True)
        self._log = log

    def say(self, line: str) -> None:
        if self._log is not None:
            self._log.write("info", line)
        else:
            self._console.print(line, markup=False)

    def warn(self, line: str, retailer: str | None = None) -> None:
        """A line for the log alone, on what a person reads in the result of the run."""
        if self._log is not None:
            self._log.write("warning", line, retailer=retailer)

    def enter(self, stage: str | None) -> None:
        """Name the stage in the next lines of the log."""
        if self._log is not None:
            self._log.stage = stage

    @contextmanager
    def stage(self, name: str, total: int) -> Iterator[Callable[[int], None]]:
        """Progress of a stage with `total` due rows. Call the result with the number of rows that were completed."""
        if sys.stderr.isatty() and self._log is None:
            with self._bar() as bar:
                task = bar.add_task(name, total=total)
                yield lambda rows: bar.advance(task, rows)
            return
        yield _PlainCounter(self, name, total)

    def _bar(self) -> RichProgress:
        columns = (TextColumn("{task.description:<12}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        return RichProgress(*columns, console=self._console, transient=True)


class _PlainCounter:
    def __init__(self, progress: Progress, name: str, total: int) -> None:
        self._progress, self._name, self._total = progress, name, total
        self._through, self._said_at = 0, time.monotonic()

    def __call__(self, rows: int) -> None:
        self._through += rows
        if time.monotonic() - self._said_at >= LINE_SECONDS:
            self._said_at = time.monotonic()
            self._progress.say(f"{self._name}: {self._through} of {self._total}")
