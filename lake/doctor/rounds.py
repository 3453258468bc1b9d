"""The doctor's rounds: what is wrong with a lake, and mending it, in the order in which one thing needs another."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from lake.doctor import other_files, pictures, published, stage_tables
from lake.doctor.finding import Finding, Kind, Lake

Check = Callable[[Lake, bool], list[Finding]]
Mend = Callable[[Lake, Iterable[Finding]], None]

ROUNDS: tuple[tuple[Check, Mend], ...] = (
    (stage_tables.check, stage_tables.mend),
    (pictures.check, pictures.mend),
    (published.check, published.mend),
    (other_files.check, other_files.mend),
)

NEXT_NIGHT = {Kind.FEED, Kind.SECOND}
"""What the next night asks for or makes anew."""


@dataclass(frozen=True)
class Repair:
    """What was found, and what is still wrong after it was mended."""

    found: list[Finding]
    remaining: list[Finding]


def examine(lake: Lake, deep: bool = True) -> list[Finding]:
    """Everything that is wrong. Without `deep` nothing is read but logs, manifests and lists of files."""
    return [*other_files.lease_findings(lake), *(finding for check, _ in ROUNDS for finding in check(lake, deep))]


def repair(lake: Lake) -> Repair:
    """Mend what can be mended; the caller holds the lease. What is gone and `NEXT_NIGHT` brings is not wrong then."""
    found = []
    for check, mend in ROUNDS:
        here = check(lake, True)
        mend(lake, here)
        found += here
    return Repair(found, [finding for finding in examine(lake) if finding.kind not in NEXT_NIGHT])
