"""The logs of Delta tables: whether they can be read, and what can still be read of one that is damaged."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import DeltaTable
from deltalake import Schema as DeltaSchema

from lake.doctor.finding import set_aside
from lake.growth import lacking
from lake.store import Store
from lake.tables import Tables, first_line, live_files
from schemas.errors import DamagedLake, WrongInput
from schemas.table import Table

COMMIT = re.compile(r"/(\d{20})\.json$")
CHECKPOINT = re.compile(r"/(\d{20})\.checkpoint.*\.parquet$")
MISSING = "the log is missing"
ACTIONS = frozenset({"add", "remove", "metaData", "protocol", "commitInfo", "txn", "cdc", "domainMetadata"})


def opened(store: Store, folder: str, table: Table) -> tuple[DeltaTable | None, str | None]:
    """The table, and what is wrong with its log: nothing with a whole one, nor where there is no table.

    Raises WrongInput where another program made the table so.
    """
    base = f"{folder}/{table.name}"
    files = [entry.path for entry in store.list(base)]
    if not files:
        return None, None
    fault = _file_fault(store, [path for path in files if "/_delta_log/" in path])
    if fault:
        return None, fault
    try:
        handle = Tables(store, folder).found(table)
    except DamagedLake as damage:
        return None, str(damage).split(": ", 1)[-1].partition(";")[0]
    if handle is None:
        return None, MISSING
    try:
        lacking(handle, table)
    except WrongInput as error:
        if not _contradicts_files(store, base, handle, table):
            raise
        return None, f"does not fit this program ({error.text.partition(';')[0]})"
    return handle, None


def _contradicts_files(store: Store, base: str, handle: DeltaTable, table: Table) -> bool:
    """Whether a file of the table has a column that the log lacks, or has otherwise: then no program made the log so.
    Without a file: whether the log lacks a column of this program."""
    logged = {field.name: field.type for field in handle.schema().fields}
    files = [columns for name in live_files(handle) if (columns := _columns(store, f"{base}/{name}"))]
    known = files or [dict.fromkeys(table.stored.names)]
    return any(
        name not in logged or (kind is not None and kind != logged[name]) for one in known for name, kind in one.items()
    )


def _columns(store: Store, path: str) -> dict[str, Any]:
    """The type of each column of a Parquet file; none of one that cannot be read, which says nothing of its log."""
    try:
        schema = pq.read_schema(path, filesystem=store.filesystem)
        return {field.name: field.type for field in DeltaSchema.from_arrow(schema).fields}
    except (OSError, pa.ArrowException):
        return {}


def _file_fault(store: Store, paths: list[str]) -> str | None:
    """The first thing wrong with the commits since the last checkpoint: one that is missing, or is no commit."""
    commits = {int(found[1]): path for path in paths if (found := COMMIT.search(path))}
    checkpoints = [int(found[1]) for path in paths if (found := CHECKPOINT.search(path))]
    if not commits and not checkpoints:
        return MISSING
    first = max(checkpoints) + 1 if checkpoints else 0
    for version in range(first, max(commits, default=first - 1) + 1):
        if version not in commits:
            return f"commit {version} of the log is missing"
        try:
            for _ in _actions(store.read(commits[version])):
                pass
        except ValueError as error:
            return f"commit {version} of the log cannot be read ({first_line(error)})"
    return None


def _actions(body: bytes) -> Iterator[dict[str, Any]]:
    """The actions of a commit; raises ValueError at the first that is none."""
    lines = body.splitlines()
    if not lines:
        raise ValueError("it is empty")
    for line in lines:
        action = json.loads(line)
        if not isinstance(action, dict) or not ACTIONS.issuperset(action):
            raise ValueError("it holds something that is no action")
        yield action


def paths_in(store: Store, base: str, actions: frozenset[str]) -> set[str]:
    """The files that readable lines of a table's log name in actions of some kinds."""
    named: set[str] = set()
    for entry in store.list(f"{base}/_delta_log"):
        if not COMMIT.search(entry.path):
            continue
        for line in store.read(entry.path).splitlines():
            try:
                action = json.loads(line)
                named |= {str(action[kind]["path"]) for kind in actions if kind in action}
            except (ValueError, TypeError, KeyError):
                continue
    return named


def set_log_aside(store: Store, base: str) -> None:
    """Move a table's whole log out of the way."""
    for entry in store.list(f"{base}/_delta_log"):
        set_aside(store, entry.path)
