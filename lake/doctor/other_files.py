"""The files beside tables and versions: the lease, notes, kept feeds, and what killed processes left."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import TypeAdapter

from lake import erased, lease, models, recalled, shards, withdrawals
from lake import feeds as kept_feeds
from lake.doctor.finding import LOST, Finding, Kind, Lake, set_aside
from lake.doctor.logs import paths_in
from lake.doctor.stage_tables import TABLES
from lake.notes import copy_of, parse_notes, write_notes
from lake.tables import FOLDER, live_files
from lake.vacuum import retired
from lake.vacuum.rows import Keep, drop
from schemas.errors import DamagedLake, WrongInput
from schemas.table import DONE
from schemas.tables import FEEDS, OFFERS

NOTES: dict[str, tuple[TypeAdapter[Any], str]] = {
    withdrawals.PATH: (
        withdrawals.NOTES,
        "withdrawals that no version has followed yet cannot be had again: repeat `selvedge withdraw`",
    ),
    erased.PATH: (
        erased.NOTES,
        "what was erased cannot be had again and would come back: list it in `mappings/blocked.tsv` and repeat "
        "`selvedge vacuum --erase`, or restore the file",
    ),
    retired.PATH: (retired.NOTES, "the next vacuum finds these shards again"),
    recalled.PATH: (
        recalled.NOTES,
        "which published vectors were found to be wrong cannot be had again: a version may go on with them until a "
        "release with another digest replaces them",
    ),
}
"""The files of notes, how to read them, and the cost if a file and its copy are both lost."""
TEMPORARY = re.compile(r"(^|/)\.tmp-[^/]*$")
LEFT_OVER = timedelta(days=1)
"""No task of a night takes that long."""


def check(lake: Lake, deep: bool) -> list[Finding]:
    """Notes; `deep` also reads the kept feeds and looks for leftovers."""
    found = [*_notes(lake), *_releases(lake, deep)]
    return [*found, *_feeds(lake), *_leftovers(lake)] if deep else found


def _releases(lake: Lake, deep: bool) -> list[Finding]:
    """Notes of what answers stand under the digest of a release; `deep`: also the weights, which a cluster loads."""
    paths = [entry.path for entry in lake.store.list(models.FOLDER) if entry.path.endswith(f"/{models.NOTE}")]
    cost = "the next night writes it anew from the release in `models/`"
    damaged = [path for path in paths if models.read_note(lake.store, path) is None]
    damaged += models.damaged_files(lake.store) if deep else []
    return [Finding(Kind.RELEASE, path, "is damaged", cost, stops=False) for path in damaged]


def _notes(lake: Lake) -> list[Finding]:
    found = []
    for path, (notes, cost) in NOTES.items():
        for place, other in ((path, copy_of(path)), (copy_of(path), path)):
            if parse_notes(lake.store, place, notes) is None:
                saved = parse_notes(lake.store, other, notes)
                text = f"{other} has the same notes" if saved else cost
                found.append(Finding(Kind.NOTES, place, "is damaged", text))
    return found


def lease_findings(lake: Lake) -> list[Finding]:
    """Leases that nobody can read."""
    cost = "nobody can tell whether a night is running; a running one writes it again within minutes"
    damaged = [path for path in lease.paths(lake.store) if lease.is_damaged(lake.store, path)]
    return [Finding(Kind.LEASE, path, "is damaged", cost) for path in damaged]


def mend_lease(lake: Lake, path: str) -> None:
    """Set a damaged lease aside if no night can be running. Raises DamagedLake with the time from which that is sure.

    A running night renews its lease, also over a damaged one, four times in `lease_seconds`.
    """
    (entry,) = (entry for entry in lake.store.list("") if entry.path == path)
    sure = entry.modified + timedelta(seconds=lake.lease_seconds)
    if datetime.now(UTC) < sure:
        raise DamagedLake(
            f"{lake.store.uri}/{path}: is damaged, and a night may be running; to act: the data engineer (repeat "
            f"`selvedge doctor --repair` after {sure.isoformat(timespec='seconds')})"
        )
    set_aside(lake.store, path)


def _feeds(lake: Lake) -> list[Finding]:
    """Kept feeds that are damaged, and accepted feeds that are gone."""
    entries = [entry.path for entry in lake.store.list(kept_feeds.FOLDER) if not TEMPORARY.search(entry.path)]
    paths = {path for path in entries if kept_feeds.feed_path(path) == path}
    paths |= {kept_feeds.path_of(row["feed"]) for row in _accepted(lake)}
    cost = "the next night asks the shop for it; if the shop has another by then, this one cannot be had again"
    faults = ((path, kept_feeds.fault_of(lake.store, path)) for path in sorted(paths))
    return [Finding(Kind.FEED, path, fault, cost, stops=False) for path, fault in faults if fault]


def _accepted(lake: Lake) -> list[dict[str, Any]]:
    """The newest accepted feed of each retailer's files; none if the table is damaged."""
    query = f"""
        select f.retailer, f.feed from {FEEDS.name} f join (
            select retailer, max(attempt) attempt from {FEEDS.name} where status = '{DONE}' group by retailer, part
        ) n on f.retailer = n.retailer and f.attempt = n.attempt"""  # noqa: S608
    try:
        return list(lake.tables.sql(query, [FEEDS]).to_pylist())
    except (DamagedLake, WrongInput):
        return []


def _leftovers(lake: Lake) -> list[Finding]:
    """Files that a killed process left: nothing names them. `fetch` itself looks after those of the shards."""
    before = datetime.now(UTC) - LEFT_OVER
    named: set[str] = set()
    for table in TABLES:
        base = f"{FOLDER}/{table.name}"
        try:
            handle = lake.tables.found(table)
        except DamagedLake:
            return []
        live = set(live_files(handle)) if handle else set()
        named |= {f"{base}/{name}" for name in live | paths_in(lake.store, base, frozenset({"add", "remove"}))}
    found = []
    for entry in lake.store.list(""):
        folder = entry.path.split("/")[0]
        if entry.modified > before or folder in (LOST, shards.FOLDER):
            continue
        unnamed = folder == FOLDER and entry.path.endswith(".parquet") and "/_delta_log/" not in entry.path
        if TEMPORARY.search(entry.path) or (unnamed and entry.path not in named):
            text = "was left by a process that was killed"
            found.append(Finding(Kind.LEFTOVER, entry.path, text, "nothing needs it", stops=False))
    return found


def mend(lake: Lake, findings: Iterable[Finding]) -> None:
    """Set damaged and left over files aside. A feed that is gone is asked for again by the next night, and notes are
    written again from their copy."""
    for finding in findings:
        if lake.store.exists(finding.place):
            set_aside(lake.store, finding.place)
        if finding.kind is Kind.FEED:
            _ask_again(lake, bytes.fromhex(finding.place.rpartition("/")[2]))
        if finding.kind is Kind.NOTES:
            path = next(path for path in NOTES if finding.place in (path, copy_of(path)))
            _write_again(lake, path)


def _write_again(lake: Lake, path: str) -> None:
    """Write a file of notes and its copy from the one that can be read, if that has any."""
    notes, _ = NOTES[path]
    left = [found for place in (path, copy_of(path)) if (found := parse_notes(lake.store, place, notes))]
    if left:
        write_notes(lake.store, path, notes, left[0])


def _ask_again(lake: Lake, feed: bytes) -> None:
    """Forget a feed that is gone and whose offers were not read: no night could go on from it."""
    if feed in lake.tables.sql(f"select distinct feed from {OFFERS.name}", [OFFERS])["feed"].to_pylist():  # noqa: S608
        return
    gone = pa.scalar(feed, FEEDS.stored.field("feed").type)
    drop(lake.tables, Keep(FEEDS, ("feed",), lambda rows: pc.not_equal(rows["feed"], gone)))
