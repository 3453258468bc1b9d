"""Stage tables: files are compared with their logs. Rows of a lost file become due; a lost log is made anew."""

from collections.abc import Collection, Iterable, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from lake.doctor.finding import MADE_AGAIN, Finding, Kind, Lake, of_another_program, set_aside
from lake.doctor.logs import opened, paths_in, set_log_aside
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
        handle, fault = opened(store, FOLDER, table)
    except WrongInput as error:
        return [of_another_program(base, error)]
    if fault:
        return [Finding(Kind.LOG, f"{base}/_delta_log", fault, "the log is made anew from the files of the table")]
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
    """Make damaged logs anew, then take damaged files out of their tables. The name of a file may itself be damaged, so
    that no log takes it back: that log is made anew too."""
    for finding in findings:
        _, name, *file = finding.place.split("/")
        if finding.kind is Kind.LOG or (
            finding.kind is Kind.TABLE_FILE and not _take_out(lake.store, BY_NAME[name], file[0])
        ):
            _rebuild(lake.store, BY_NAME[name])


def _take_out(store: Store, table: Table, name: str) -> bool:
    """Remove a file from the table, or describe a whole one anew of which the log was wrong -> whether the log did."""
    base, tables = f"{FOLDER}/{table.name}", Tables(store)
    path, adds = f"{base}/{name}", []
    if store.exists(path) and states_digest(name) and is_whole(store, base, name):
        adds = [_described(store, base, name)]
    elif store.exists(path):
        set_aside(store, path)
    _swap(tables, table, adds, [name])
    return bool(adds) or name not in live_files(tables.open(table, newer_too=True))


def _described(store: Store, base: str, name: str) -> WrittenFile:
    (entry,) = (entry for entry in store.list(base) if entry.path == f"{base}/{name}")
    rows = pq.read_metadata(f"{base}/{name}", filesystem=store.filesystem).num_rows
    return WrittenFile(name, entry.bytes, rows)


def _swap(tables: Tables, table: Table, added: Sequence[WrittenFile], removed: Collection[str]) -> None:
    """Add files to a table and remove others in one commit; a file in both is described anew."""
    handle = tables.open(table, newer_too=True)
    named = {file.path for file in added}
    gone = [
        WrittenFile(name, size, 0) for name, size in live_files(handle).items() if name in removed and name not in named
    ]
    if added or gone:
        tables.replace(handle, gone, added)


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
    _swap(tables, table, files, [])
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
    one = write_rows(tables.store, table, rows.take(first.sort()))
    _swap(tables, table, [one], live_files(handle))
