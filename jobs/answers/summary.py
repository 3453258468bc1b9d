"""The result of a run, under the keys that schedulers and people rely on."""

from pathlib import Path
from typing import Any

from jobs.answers.kept_survey import surveyed
from jobs.answers.notes import notes
from jobs.engine.night import Night
from jobs.live.retailers import retailer_states
from jobs.run import Outcome
from jobs.stages.publish import Publication
from lake import snapshots


def summary(night: Night, outcome: Outcome, report: Path | None) -> dict[str, Any]:
    """The `--json` output of a night, without `run` and `stages`."""
    has_published = outcome.publication is not None
    stands = outcome.publication or _standing(night)
    return {
        "snapshot": stands.version,
        "published": stands.is_new,
        "garments": stands.garments,
        "products": stands.products,
        "rejects": _rejects(night) if has_published else {},
        "report": str(report) if report else None,
        "retailers": {name: {"status": state.status, "reason": state.reason} for name, state in stands.states.items()},
        "notes": notes(night) if has_published else [],
    }


def _standing(night: Night) -> Publication:
    """For a run without `publish`: the live version and the state of the feeds."""
    version = snapshots.current(night.store)
    live = snapshots.manifest(night.store, version) if version is not None else None
    stands = Publication(version=version, states=retailer_states(night, snapshots.parent(night.store)))
    if live is not None:
        stands.garments, stands.products = live.rows("garments"), live.rows("products")
    return stands


def _rejects(night: Night) -> dict[str, int]:
    """The number of live rejects per code, from the stages' tables."""
    counts: dict[str, int] = {}
    for row in surveyed(night).rejects:
        counts[row.code] = counts.get(row.code, 0) + row.count
    return dict(sorted(counts.items()))
