"""The stages of a night in their order, and what a scheduler has to know of each.

Imports the standard library alone, so that a DAG can read it. What else there is to know of a stage stands in its
record, `jobs/stages/<name>.py`.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Listed:
    """One stage, as a scheduler sees it."""

    name: str
    hours: int = 1  # after which a task of it is ended and tried again
    by_retailer: bool = False  # its work may be split into tasks of some retailers each


STAGES = (
    Listed("acquire", hours=2, by_retailer=True),
    Listed("parse", hours=2, by_retailer=True),
    Listed("fetch", hours=5),  # ends itself after the 4 hours of `fetch.deadline_seconds`
    Listed("screen", hours=4),
    Listed("classify"),
    Listed("map"),
    Listed("fingerprint"),
    Listed("dedup"),
    Listed("detect", hours=6),
    Listed("choose"),
    Listed("embed", hours=6),
    Listed("publish"),
)

STAGE_NAMES = tuple(stage.name for stage in STAGES)
