"""Stage tables: files are compared with their logs. Rows of a lost file become due; a lost log is made anew."""

import json
import time
from collections.abc import Callable, Iterable, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from deltalake import DeltaTable
from deltalake.transaction import AddAction, RemoveAction

from lake.doctor.finding import MADE_AGAIN, Finding, Kind, Lake, set_aside
from lake.doctor.logs import log_fault, paths_in, set_log_aside
from lake.growth import signed
from lake.store import Store
from lake.table_files import faults, is_whole, states_digest
from lake.tables import FOLDER, Tables, WrittenFile, live_files, write_rows
from schemas.errors import WrongInput
from schemas.table import Table
from schemas.tables import FEEDS, FETCHES, PICTURES, RUNS, STAGE_TABLES

TABLES = (*STAGE_TABLES, RUNS)
BY_NAME = {table.name: table for table in TABLES}
COST = {
    FEEDS.name: "how these feeds were judged cannot be had again: shops are asked for them anew, and what comes is not "
    "compared with what came before",
    FETCHES.name: "when and how these pictures were fetched cannot be had again; shops are asked for them anew",
    PICTURES.name: "its pictures are taken from their shards or fetched anew",
    RUNS.name: "this part of the history of the runs cannot be had again",
}


def check(lake: Lake, deep: bool) -> list[Finding]:
    """Logs, and files against their logs; `deep` reads every file."""
    return [finding for table in TABLES for finding in _check_table(lake.store, table, deep)]


def _check_table(store: Store, table: Table, deep: bool) -> list[Finding]:
    base, cost = f"{FOLDER}/{table.name}", COST.get(table.name, MADE_AGAIN)
    try:
        fault = log_fault(store, FOLDER, table)
    except WrongInput as error:
        return [Finding(Kind.LOG, base, error.text.partition(";")[0], "nothing is lost", remedy="upgrade selvedge")]
    if fault:
        return [Finding(Kind.LOG, f"{base}/_delta_log", fault, "the log is made anew from the files of the table")]
    handle = Tables(store).found(table)
    if handle is None:
        return []
    live = live_files(handle)
    found = faults(store, base, live, read=deep)
    if deep:
        found |= {
            name: "cannot be read"
            for name in live
            if name not in found and not states_digest(name) and _rows_in(store, base, name) is None
        }
    return [Finding(Kind.TABLE_FILE, f"{base}/{name}", wrong, cost) for name, wrong in found.items()]


def _rows_in(store: Store, base: str, name: str) -> int | None:
    """Rows of a Parquet file that can be read whole."""
    try:
        return int(pq.read_table(f"{base}/{name}", filesystem=store.filesystem).num_rows)
    except Exception:  # whatever the reader says, the file cannot be used
        return None


def mend(lake: Lake, findings: Iterable[Finding]) -> None:
    """Make damaged logs anew, then take damaged files out of their tables."""
    for finding in findings:
        parts = finding.place.split("/")
        if len(parts) < 3:
            continue  # a newer program's
        table = BY_NAME[parts[1]]
        if finding.kind is Kind.LOG:
            _rebuild(lake.store, table)
        elif finding.kind is Kind.TABLE_FILE:
            _take_out(lake.store, table, parts[2])


def _take_out(store: Store, table: Table, name: str) -> None:
    """Remove a file from the table; a whole one of which the log was wrong is added as it is."""
    base, tables = f"{FOLDER}/{table.name}", Tables(store)
    handle = tables.open(table, newer_too=True)
    path, adds = f"{base}/{name}", []
    if store.exists(path) and states_digest(name) and is_whole(store, base, name):
        adds = [_described(store, base, name)]
    elif store.exists(path):
        set_aside(store, path)
    swap(handle, adds, [name])


def _described(store: Store, base: str, name: str) -> WrittenFile:
    (entry,) = (entry for entry in store.list(base) if entry.path == f"{base}/{name}")
    rows = pq.read_metadata(f"{base}/{name}", filesystem=store.filesystem).num_rows
    return WrittenFile(name, entry.bytes, rows)


def swap(handle: DeltaTable, added: Sequence[WrittenFile], removed: Sequence[str]) -> None:
    """Add files to a table and remove others in one commit; a file in both is described anew."""
    now_ms, sizes = int(time.time() * 1000), live_files(handle)
    actions: list[AddAction | RemoveAction] = [
        RemoveAction(name, True, now_ms, size=sizes[name], partition_values={})
        for name in removed
        if name in sizes and name not in {file.path for file in added}
    ]
    actions += [AddAction(f.path, f.bytes, {}, now_ms, True, json.dumps({"numRecords": f.rows})) for f in added]
    if actions:
        handle.create_write_transaction(actions, "append", handle.schema(), [], commit_properties=signed())
        handle.update_incremental()


def _rebuild(store: Store, table: Table) -> None:
    """A new log over all files that can be trusted. Rows of one key are kept once."""
    base = f"{FOLDER}/{table.name}"
    removed = paths_in(store, base, frozenset({"remove"}))
    set_log_aside(store, base)
    files = []
    for entry in store.list(base):
        name = entry.path.removeprefix(f"{base}/")
        if name in removed or not name.endswith(".parquet") or "/" in name:
            continue
        if not is_whole(store, base, name) or _rows_in(store, base, name) is None:
            set_aside(store, entry.path)
            continue
        files.append(_described(store, base, name))
    tables = Tables(store)
    handle = tables.open(table)
    swap(handle, files, [])
    _unique(tables, table)


def _unique(tables: Tables, table: Table) -> None:
    """Keep one row of each key and function."""
    keys = [*table.key, *(["function"] if "function" in table.schema.names else [])]
    names = ", ".join(keys)
    counted = tables.sql(
        f"select count(*) n, (select count(*) from (select distinct {names} from {table.name})) d from {table.name}",  # noqa: S608
        [table],
    ).to_pylist()[0]
    if counted["n"] == counted["d"]:
        return
    rows = tables.sql(f"select * from {table.name}", [table])  # noqa: S608
    place = pa.array(np.arange(rows.num_rows))
    first = rows.select(keys).append_column("place", place).group_by(keys).aggregate([("place", "min")])["place_min"]
    handle = tables.open(table)
    swap(handle, [write_rows(tables.store, table, rows.take(first.sort()))], list(live_files(handle)))


def drop_rows(store: Store, table: Table, lost: Callable[[pa.Table], pa.Array]) -> int:
    """Take rows out of a table, file by file -> how many. `lost` says of each row whether it goes."""
    handle = Tables(store).open(table)
    added, removed, dropped = [], [], 0
    for name in live_files(handle):
        rows = pq.read_table(f"{FOLDER}/{table.name}/{name}", filesystem=store.filesystem)
        for field in table.stored:
            if field.name not in rows.column_names:
                rows = rows.append_column(field, pa.nulls(rows.num_rows, field.type))
        kept = rows.filter(pc.invert(pc.fill_null(lost(rows), False)))
        if kept.num_rows == rows.num_rows:
            continue
        removed.append(name)
        dropped += rows.num_rows - kept.num_rows
        if kept.num_rows:
            added.append(write_rows(store, table, kept))
    swap(handle, added, removed)
    return dropped
