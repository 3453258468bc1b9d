"""What a run came to, in the keys that schedulers and people rely on."""

from pathlib import Path
from typing import Any

from jobs.night import Night
from jobs.notes import notes
from jobs.publish import retailer_states
from jobs.rejects import reject_counts
from jobs.run import Outcome
from lake import snapshots


def summary(night: Night, outcome: Outcome, report: Path | None) -> dict[str, Any]:
    """`--json` of a night, less run and stages."""
    publication = outcome.publication
    live = snapshots.parent(night.store)
    states = publication.states if publication else retailer_states(night, live)
    garments, products = (live.rows("garments"), live.rows("products")) if live else (0, 0)
    return {
        "snapshot": publication.version if publication else snapshots.current(night.store),
        "published": bool(publication and publication.is_new),
        "garments": publication.garments if publication else garments,
        "products": publication.products if publication else products,
        "rejects": rejects(night) if publication else {},
        "report": str(report) if report else None,
        "retailers": {name: {"status": state.status, "reason": state.reason} for name, state in states.items()},
        "notes": notes(night) if publication else [],
    }


def rejects(night: Night) -> dict[str, int]:
    """Rejects of the live feeds and of what was made from them, by code: a view over the stages' tables."""
    counts: dict[str, int] = {}
    for row in reject_counts(night):
        counts[row["code"]] = counts.get(row["code"], 0) + row["count"]
    return dict(sorted(counts.items()))
