"""Gathers the data of the run report from the tables, and writes the page."""

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq

from jobs.answers.fetch_health import host_rows, pictures_asked
from jobs.answers.notes import notes
from jobs.answers.report_pictures import Pictures
from jobs.answers.thresholds import around
from jobs.engine.models import MODELS
from jobs.engine.night import Night
from jobs.engine.records import checked_run, of_run
from jobs.live.catalog import Catalog
from jobs.live.coverage import coverage_view
from jobs.live.feeds import catalog_digest, live_feeds, states_by_retailer
from jobs.live.retailers import FileState, file_states
from jobs.live.screened import done, scores_of, screened
from jobs.live.views import offers_of
from jobs.stages.declared import records
from jobs.stages.record import rejects_of
from lake import snapshots
from reports.facts import (
    Changes,
    CoverageRow,
    GateRow,
    NightFacts,
    Part,
    PicturesAsked,
    RejectRow,
    RetailerRow,
    RuleRow,
    StageTime,
    UnmappedRow,
    Whole,
)  # fmt: skip
from reports.night import render
from schemas.manifest import Manifest
from schemas.rejects import MEANINGS, Code
from schemas.table import DONE, REJECTED
from schemas.tables import UNWANTED_CLASSES
from udfs.rules.coverage import RetailerCoverage
from udfs.rules.mapping import Mapping
from udfs.rules.wording import written

SAMPLES = 8
LARGEST = 12


def write_report(night: Night, run: str) -> Path:
    """Write the report of a run: its stages, and otherwise the current state of the tables."""
    path = report_file(night, run)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(render(gather(night, run)), encoding="utf-8")
    return path


def report_file(night: Night, run: str) -> Path:
    """The path of a run's report. Raises WrongInput for an invalid run id."""
    return (night.settings.reports / f"{checked_run(run, 'report')}.html").absolute()


def gather(night: Night, run: str) -> NightFacts:
    """All data of the page."""
    catalog, version = Catalog.of(night), snapshots.current(night.store)
    manifest = snapshots.manifest(night.store, version) if version else None
    shown, stages = Pictures(night, catalog), of_run(night.tables, run)
    return NightFacts(
        run=run,
        date=night_of(night, run, stages),
        made_at=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        headline=_headline(manifest),
        notes=notes(night),
        version=version,
        content_digest=manifest.content_digest if manifest else "",
        funnel=_funnel(night, catalog),
        stages=[_stage(row) for row in stages],
        retailers=_retailers(night, manifest),
        rejects=_rejects(night),
        hosts=host_rows(night),
        placeholders=shown.placeholders(),
        turned_away=shown.turned_away(),
        duplicates=shown.duplicates(),
        garments=shown.garments(),
        disagreeing=shown.disagreeing(),
        neighbours=shown.neighbours(),
        coverage=[_coverage(view, night.mappings.get(view.retailer)) for view in coverage_view(night)],
        gates=[_gate(gate) for gate in manifest.gates] if manifest else [],
        changes=_changes(night, manifest) if manifest else None,
        thresholds=around(night),
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


def _funnel(night: Night, catalog: Catalog) -> list[Whole]:
    """The steps of the funnel: offers, products, picture URLs, pictures. The parts of each step add up to its total."""
    return [_offers(night), _products(catalog), _addresses(catalog), _pictures(night)]


def _offers(night: Night) -> Whole:
    found = offers_of(live_feeds(night))
    query = f"select status, code, count(*) count from ({found.sql}) group by status, code order by count desc"  # noqa: S608
    rows = night.tables.sql(query, found.tables).to_pylist()
    kept = sum(row["count"] for row in rows if row["status"] == DONE)
    away = [_away(row["code"], row["count"]) for row in rows if row["status"] == REJECTED]
    return Whole("offers", [Part("read", kept, "through"), *away])


def _products(catalog: Catalog) -> Whole:
    rejected = catalog.rejected_products()
    chosen = pc.sum(pc.equal(catalog.chosen["status"], DONE)).as_py() or 0
    waiting = catalog.products.num_rows - chosen - sum(rejected.values())
    away = [_away(code, count) for code, count in sorted(rejected.items(), key=lambda item: -item[1])]
    return Whole("products", [Part("with a garment", chosen, "through"), *away, _waiting(waiting)])


def _addresses(catalog: Catalog) -> Whole:
    states = catalog.url_states
    arrived = pc.sum(pc.is_valid(states["picture"])).as_py() or 0
    codes = Counter(code for code in states["code"].to_pylist() if code is not None)
    away = [_away(code, count) for code, count in codes.most_common()]
    waiting = states.num_rows - arrived - sum(codes.values())
    return Whole("picture URLs", [Part("fetched", arrived, "through"), *away, _waiting(waiting)])


def _pictures(night: Night) -> Whole:
    """Distinct pictures: wanted, or the unwanted class that the screen gives them."""
    rows = screened(night)
    refused = rows.filter(pc.equal(rows["status"], REJECTED))["code"].to_pylist()
    scores = scores_of(done(night))
    likeliest = np.array(UNWANTED_CLASSES)[scores[:, 1:].argmax(axis=1)]
    labels = np.where(scores[:, 0] >= night.settings.choice.wanted, "wanted", likeliest)
    waits = rows["status"].null_count
    counts = dict(Counter({"waiting": waits, **Counter(refused), **Counter(labels.tolist())}).most_common())
    kept, waiting = counts.pop("wanted", 0), counts.pop("waiting", 0)
    away = [Part(label, count, "away") for label, count in counts.items()]
    return Whole("pictures", [Part("wanted", kept, "through"), *away, _waiting(waiting)])


def _away(code: str, count: int) -> Part:
    return Part(code, count, "away", MEANINGS[Code(code)].text)


def _waiting(count: int) -> Part:
    return Part("waiting", count, "waiting", "not tried yet; stays due")


def _stage(row: dict[str, Any]) -> StageTime:
    return StageTime(
        row["stage"], row["due"], row["done"], row["rejected"], row["pending"], row["seconds"],
        row["pictures_per_second"], row["peak_mib"], row["outcome"],
    )  # fmt: skip


def _retailers(night: Night, manifest: Manifest | None) -> list[RetailerRow]:
    states, asked = states_by_retailer(night), pictures_asked(night)
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


def _rejects(night: Night) -> list[RejectRow]:
    rows = []
    for record in records():
        found = rejects_of(night, record)
        for code, count in sorted(Counter(found["code"].to_pylist()).items(), key=lambda item: -item[1]):
            of_code = found.filter(pc.equal(found["code"], code))
            some = of_code.sort_by([("what", "ascending"), ("detail", "ascending")]).slice(0, SAMPLES).to_pylist()
            samples = [f"{row['what']}  {row['detail'] or ''}" for row in some]
            rows.append(_reject(record.name, code, count, samples))
    return rows


def _reject(stage: str, code: str, count: int, samples: list[str]) -> RejectRow:
    meaning = MEANINGS[Code(code)]
    return RejectRow(stage, code, meaning.text, str(meaning.acts), count, samples)


def _coverage(view: RetailerCoverage, mapping: Mapping | None) -> CoverageRow:
    shares, rules = view.shares(), view.all_rules(mapping) if mapping else []
    return CoverageRow(
        retailer=view.retailer,
        products=view.products,
        mapped=shares["mapped"],
        ignored=shares["ignored"],
        unmapped=shares["unmapped"],
        decided_by={source: view.decided_share(source) for source in ("mapping", "text", "image")},
        rules=[
            RuleRow(use.rule, use.node or "ignored", use.products, use.text_differs, use.image_differs)
            for use in sorted((use for use in rules if use.products), key=lambda use: -use.products)
        ],
        idle=[use.rule for use in rules if not use.products],
        largest=[
            UnmappedRow(written(category.path) or "(no category)", category.products, category.titles)
            for category in view.largest_unmapped(LARGEST)
        ],
    )


def _gate(gate: Any) -> GateRow:
    accepted = gate.accepted_because or ""
    return GateRow(gate.name, gate.retailer or "", gate.value, gate.bound, gate.passed, accepted)


def _changes(night: Night, manifest: Manifest) -> Changes:
    with night.store.filesystem.open_input_file(manifest.changes.path) as file:
        rows = pq.read_table(file)
    counts: dict[str, dict[str, int]] = {}
    for table in ("garments", "products"):
        mine = rows.filter(pc.equal(rows["table"], table))
        found = Counter(mine["change"].to_pylist())
        counts[table] = {kind: found.get(kind, 0) for kind in ("added", "changed", "removed")}
    some = rows.filter(pc.equal(rows["table"], "products")).slice(0, SAMPLES).to_pylist()
    return Changes(manifest.parent, counts, [f"{row['change']}: {row['id']}" for row in some])
