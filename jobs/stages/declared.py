"""The records of all stages, each from the module of the same name."""

from functools import cache
from importlib import import_module

from jobs.stage_list import STAGE_NAMES
from jobs.stages.record import StageRecord


@cache
def record_of(name: str) -> StageRecord:
    """The record of a listed stage."""
    found: StageRecord = import_module(f"jobs.stages.{name}").STAGE
    return found


def records() -> list[StageRecord]:
    """Every record, in the order of a night."""
    return [record_of(name) for name in STAGE_NAMES]
