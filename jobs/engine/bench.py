"""What a stage needs to run."""

import time
from dataclasses import dataclass

from jobs.engine.progress import Progress
from jobs.engine.spark import SparkPool
from lake.tables import Tables
from schemas.settings import Settings

ROWS_UNTIL = 1_000
"""Less than a minute of one core in any stage."""


@dataclass(frozen=True)
class Bench:
    """The tables of a lake, the settings, and the tools that work on them."""

    tables: Tables
    settings: Settings
    spark: SparkPool
    progress: Progress
    until: float | None = None
    """Seconds since the epoch from which a stage begins no further chunk, and leaves the rest due."""

    @property
    def chunk_rows(self) -> int:
        """Rows of one commit: few where time is short."""
        rows = self.settings.work.chunk_rows
        return rows if self.until is None else min(rows, ROWS_UNTIL)

    @property
    def is_over(self) -> bool:
        return self.until is not None and time.time() >= self.until
