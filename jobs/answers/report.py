"""Gathers the data of the run report from the tables, and writes the page."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq

from jobs.answers.kept_survey import keep, surveyed
from jobs.answers.notes import notes
from jobs.engine.models import MODELS
from jobs.engine.night import Night
from jobs.engine.records import checked_run, of_run
from jobs.live.feeds import catalog_digest, states_by_retailer
from jobs.live.retailers import FileState, file_states
from lake import snapshots
from reports.facts import Changes, GateRow, NightFacts, PicturesAsked, RetailerRow, StageTime
from reports.night import render
from schemas.manifest import Manifest
from schemas.table import REJECTED

SAMPLES = 8


def write_report(night: Night, run: str) -> Path:
    """Write the report of a run: its stages, and otherwise the current state of the tables."""
    path = report_file(night, run)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(render(gather(night, run)), encoding="utf-8")
    keep(night)
    return path


def report_file(night: Night, run: str) -> Path:
    """The path of a run's report. Raises WrongInput for an invalid run id."""
    return (night.settings.reports / f"{checked_run(run, 'report')}.html").absolute()


def gather(night: Night, run: str) -> NightFacts:
    """All data of the page."""
    version, stages = snapshots.current(night.store), of_run(night.tables, run)
    manifest = snapshots.manifest(night.store, version) if version else None
    return NightFacts(
        run=run,
        date=night_of(night, run, stages),
        made_at=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        headline=_headline(manifest),
        notes=notes(night),
        version=version,
        content_digest=manifest.content_digest if manifest else "",
        survey=surveyed(night),
        stages=[_stage(row) for row in stages],
        retailers=_retailers(night, manifest),
        gates=[_gate(gate) for gate in manifest.gates] if manifest else [],
        changes=_changes(night, manifest) if manifest else None,
        models={name: night.model_digest(name).hex() for name in MODELS},
        settings_digest=night.settings.digest,
    )


def night_of(night: Night, run: str, stages: list[dict[str, Any]]) -> str:
    """The date of a run, even if its page is written again on another day."""
    if run == night.run or not stages:
        return night.today.isoformat()
    return str(stages[0]["started_at"].date().isoformat())


def _headline(manifest: Manifest | None) -> str:
    if manifest is None:
        return "Nothing has been published yet"
    garments, products = manifest.rows("garments"), manifest.rows("products")
    return f"Version {manifest.version} is live: {garments:,} garments of {products:,} products"


def _stage(row: dict[str, Any]) -> StageTime:
    return StageTime(
        row["stage"], row["due"], row["done"], row["rejected"], row["pending"], row["seconds"],
        row["pictures_per_second"], row["peak_mib"], row["outcome"],
    )  # fmt: skip


def _retailers(night: Night, manifest: Manifest | None) -> list[RetailerRow]:
    states, asked = states_by_retailer(night), surveyed(night).asked
    rows = []
    for name, spec in sorted(night.retailers.items()):
        files = file_states(night, spec, states.get(name, {}))
        live = [file.live for file in files if file.live is not None and file.is_part]
        newest = [file.newest for file in files if file.newest is not None]
        counts = manifest.counts.get(name) if manifest else None
        refused = [state for state in newest if state["status"] == REJECTED]
        judged = manifest.facts.retailers.get(name) if manifest else None
        held = refused or (judged is not None and judged.status == "held")
        said = "; ".join(filter(None, (state["detail"] for state in refused))) or (judged.reason if judged else None)
        oldest = min((feed.acquired_at for feed in live), default=None)
        rows.append(RetailerRow(
            name=name,
            status="held" if held else "live" if live else "waiting",
            reason=said or "",
            feed=catalog_digest([feed.feed for feed in live]).hex()[:16] if live else "",
            age_hours=(night.now() - oldest).total_seconds() / 3600 if oldest else None,
            products=counts.products if counts else 0,
            garments=counts.garments if counts else 0,
            asked=asked.get(name, PicturesAsked()),
            unread=tuple(_unread(part) for state in newest for part in state["unread"] or ()),
            files=tuple(_file(night, file) for file in files) if spec.feeds else (),
        ))  # fmt: skip
    return rows


def _file(night: Night, file: FileState) -> str:
    """One of several files in a line."""
    state, live = file.newest, file.live
    name = (state or {}).get("part") or (live.part if live else "") or "?"
    kind = "part" if file.is_part else "prices"
    if live is None:
        return f"{name} ({kind}): {'none is live' if state else 'not asked for yet'}"
    hours = (night.now() - live.acquired_at).total_seconds() / 3600
    held = ", held" if file.is_held else ""
    return f"{name} ({kind}): {live.feed.hex()[:16]}, {hours:.1f} h old{held}"


def _unread(part: dict[str, Any]) -> str:
    like = f", looks like {part['looks_like']}" if part["looks_like"] else ""
    return f"{part['source']}: {part['share']:.0%} of the offers{like}: {'; '.join(part['samples'])}"


def _gate(gate: Any) -> GateRow:
    accepted = gate.accepted_because or ""
    return GateRow(gate.name, gate.retailer or "", gate.value, gate.bound, gate.passed, accepted)


def _changes(night: Night, manifest: Manifest) -> Changes:
    with night.store.filesystem.open_input_file(manifest.changes.path) as file:
        rows = pq.read_table(file)
    counts: dict[str, dict[str, int]] = {}
    for table in ("garments", "products"):
        kinds = rows["change"].filter(pc.equal(rows["table"], table))
        counts[table] = {kind: pc.sum(pc.equal(kinds, kind)).as_py() or 0 for kind in ("added", "changed", "removed")}
    some = rows.filter(pc.equal(rows["table"], "products")).slice(0, SAMPLES).to_pylist()
    return Changes(manifest.parent, counts, [f"{row['change']}: {row['id']}" for row in some])
