"""The stages of a night in order, and what a scheduler needs to know about each: what may run at the same time too.

Imports only the standard library, so that a DAG can read it. Everything else about a stage is in its record in
`jobs/stages/<name>.py`.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Listed:
    """One stage, as a scheduler sees it."""

    name: str
    hours: int = 1  # time limit of one task, after which it is ended and retried
    needs: tuple[str, ...] = ()  # the stages whose rows it reads; those that they need come before them
    by_retailer: bool = False  # may be split into tasks that run side by side, each for some retailers


STAGES = (
    Listed("acquire", hours=2, by_retailer=True),
    Listed("parse", 2, ("acquire",), by_retailer=True),
    Listed("fetch", 5, ("parse",)),  # stops by itself after `fetch.deadline_seconds`, 4 hours
    Listed("screen", 4, ("fetch",)),
    Listed("classify", 1, ("parse",)),
    Listed("map", 1, ("classify",)),  # counts coverage with the genders of texts
    Listed("fingerprint", 1, ("fetch",)),
    Listed("dedup", 1, ("fingerprint",)),
    Listed("detect", 6, ("screen",)),
    Listed("choose", 1, ("map", "dedup", "detect")),
    Listed("embed", 6, ("choose",)),
    Listed("publish", 1, ("embed",)),
)

STAGE_NAMES = tuple(stage.name for stage in STAGES)
