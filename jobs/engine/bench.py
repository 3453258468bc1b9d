"""What a stage needs to run."""

from dataclasses import dataclass

from jobs.engine.progress import Progress
from jobs.engine.spark import SparkPool
from lake.tables import Tables
from schemas.settings import Settings


@dataclass(frozen=True)
class Bench:
    """The tables of a lake, the settings, and the tools that work on them."""

    tables: Tables
    settings: Settings
    spark: SparkPool
    progress: Progress
