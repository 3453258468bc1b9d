"""The stages of a night in order, and what a scheduler needs to know about each.

Imports only the standard library, so that a DAG can read it. Everything else about a stage is in its record in
`jobs/stages/<name>.py`.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Listed:
    """One stage, as a scheduler sees it."""

    name: str
    hours: int = 1  # time limit of one task, after which it is ended and retried
    by_retailer: bool = False  # may be split into several tasks, each for some retailers


STAGES = (
    Listed("acquire", hours=2, by_retailer=True),
    Listed("parse", hours=2, by_retailer=True),
    Listed("fetch", hours=5),  # stops by itself after `fetch.deadline_seconds`, 4 hours
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
