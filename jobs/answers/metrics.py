"""Writes a run's numbers for Prometheus, however the run ended."""

import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from jobs.engine.night import Night
from jobs.engine.records import of_run
from jobs.live.feeds import by_retailer, live_feeds, live_prices, newest_states
from jobs.live.retailers import retailer_states
from jobs.live.views import newest_fetches, offers_of, urls
from jobs.stage_list import STAGE_NAMES
from lake import snapshots
from reports.facts import GateRow
from reports.metrics import Numbers, RetailerNumbers, StageNumbers, VersionNumbers, metrics_text, success_text
from schemas.manifest import Gate
from schemas.retailer import title_of
from schemas.table import DONE, REJECTED
from schemas.tables import FETCHES
from schemas.version import program_version

FILE = "selvedge.prom"
SUCCESS_FILE = "selvedge_success.prom"

ENDED_WELL = 0, 4

FOLDERS = "feeds", "shards", "tables", "published", "snapshots", "encoders"
"""Folders of the lake whose sizes are told apart."""


def write_metrics(night: Night, exit_code: int, refused: Mapping[str, tuple[float, float]]) -> None:
    """Write the numbers of a run to the folder of the setting, if there is one. `refused`: value and bound of the gates
    that refused the version, by name.

    It changes nothing of how a run ends: what goes wrong here is one line of its progress.
    """
    folder = night.settings.metrics.folder
    if folder is None:
        return
    numbers, faults = gather(night, exit_code, refused)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _replace(folder / FILE, metrics_text(numbers))
        if exit_code in ENDED_WELL and _published(night):
            _replace(folder / SUCCESS_FILE, success_text(numbers.ended))
    except Exception as error:
        faults = [*faults, f"not written: {error}"]
    if faults:
        night.progress.say(f"{FILE}: {'; '.join(faults)}")


def gather(night: Night, exit_code: int, refused: Mapping[str, tuple[float, float]]) -> tuple[Numbers, list[str]]:
    """The numbers of a run, and which parts of them could not be read."""
    parts: dict[str, Callable[[Night], Any]] = {
        "stages": _stages, "retailers": _retailers, "files": _files, "live_rows": _live_rows,
        "gates": _gates, "version": _version, "lake": _lake,
    }  # fmt: skip
    found, faults = {}, {}
    for name, part in parts.items():
        try:
            found[name] = part(night)
        except Exception as error:  # a damaged lake, a wrong spec: the rest is written all the same
            faults[name] = str(error)
    judged = [
        *found.get("gates", []),
        *(GateRow(name, "", *at, passed=False, accepted_because="") for name, at in refused.items()),
    ]
    found["gates"] = list({(gate.name, gate.retailer): gate for gate in judged}.values())
    now = time.time()
    said = [f"lacks {', '.join(faults)} ({next(iter(faults.values()))})"] if faults else []
    return Numbers(program_version(), exit_code, night.began.timestamp(), now, **found), said


def _replace(path: Path, text: str) -> None:
    """Write a file in one step, readable by everyone: the exporter is another user."""
    whole = path.with_name(f".{path.name}.new")
    whole.write_text(text, encoding="utf-8")
    whole.chmod(0o644)
    whole.replace(path)


def _published(night: Night) -> bool:
    """Whether this process ran `publish` to its end."""
    rows = of_run(night.tables, night.run)
    return any(
        row["stage"] == "publish" and row["outcome"] == "done" and row["started_at"] >= night.began for row in rows
    )


def _stages(night: Night) -> list[StageNumbers]:
    """Every stage of the run, also those that other processes of it ran; a stage that ran twice counts once."""
    newest = {row["stage"]: row for row in of_run(night.tables, night.run)}
    return [
        StageNumbers(
            name, row["due"], row["done"], row["rejected"], row["pending"], row["seconds"], row["peak_mib"] * 2**20
        )
        for name in STAGE_NAMES
        if (row := newest.get(name))
    ]


def _retailers(night: Night) -> list[RetailerNumbers]:
    """Of several files the oldest one's time, and their sizes together."""
    sizes = Counter[str]()
    for row in newest_states(night):
        if row["bytes"] is not None:
            sizes[row["retailer"]] += row["bytes"]
    oldest = {
        name: min(feed.acquired_at for feed in feeds).timestamp()
        for name, feeds in by_retailer(live_feeds(night)).items()
    }
    return [
        RetailerNumbers(name, state.status == "held", oldest.get(name), sizes.get(name))
        for name, state in retailer_states(night, snapshots.parent(night.store)).items()
    ]


def _files(night: Night) -> dict[tuple[str, str], float]:
    feeds = [*live_feeds(night), *live_prices(night)]
    return {(feed.retailer, feed.part): feed.acquired_at.timestamp() for feed in feeds if feed.part is not None}


def _live_rows(night: Night) -> dict[tuple[str, str, str], int]:
    """Rows by stage, retailer and result, for the stages whose rows belong to one retailer."""
    offers, addresses = offers_of(live_feeds(night)), urls(night)
    query = f"""
        select 'parse' stage, retailer, status result, count(*) count from ({offers.sql}) group by retailer, status
        union all
        select 'fetch' stage, live.retailer, coalesce(last.status, 'pending') result, count(*) count
        from ({addresses.sql}) live left join {newest_fetches()} last on live.url = last.url
        group by live.retailer, coalesce(last.status, 'pending')"""  # noqa: S608
    rows = night.tables.sql(query, {*offers.tables, *addresses.tables, FETCHES}).to_pylist()
    found = Counter(("acquire", row["retailer"], row["status"]) for row in newest_states(night))
    found.update({(row["stage"], row["retailer"], row["result"]): row["count"] for row in rows})
    return {(stage, retailer, result): found[stage, retailer, result]
            for stage, retailer, _ in found for result in (DONE, REJECTED, "pending")}  # fmt: skip


def _gates(night: Night) -> list[GateRow]:
    """The gates of each retailer's newest feeds, and those of the live version."""
    rows = [
        _gate(Gate(**gate, retailer=title_of(row["retailer"], row["part"])))
        for row in newest_states(night)
        for gate in row["gates"] or ()
    ]
    version = snapshots.current(night.store)
    judged = snapshots.manifest(night.store, version).gates if version is not None else []
    return rows + [_gate(gate) for gate in judged]


def _gate(gate: Gate) -> GateRow:
    let_through = gate.passed or gate.accepted_because is not None
    return GateRow(gate.name, gate.retailer or "", gate.value, gate.bound, let_through, gate.accepted_because or "")


def _version(night: Night) -> VersionNumbers | None:
    number = snapshots.current(night.store)
    if number is None:
        return None
    live = snapshots.manifest(night.store, number)
    at = live.published_at.timestamp() if live.published_at else 0.0
    counts = live.counts.items()
    return VersionNumbers(
        number, at, {name: one.garments for name, one in counts}, {name: one.products for name, one in counts}
    )


def _lake(night: Night) -> dict[str, int]:
    sizes = Counter(dict.fromkeys((*FOLDERS, "other"), 0))
    for entry in night.store.list(""):
        top = entry.path.partition("/")[0]
        sizes[top if top in FOLDERS else "other"] += entry.bytes
    return dict(sizes)
