"""What a Delta table's folder no longer needs: data files that no version names, and the log before a checkpoint."""

import json
import re
from collections.abc import Collection
from datetime import datetime

from deltalake import DeltaTable

from lake.engine_errors import in_one_line
from lake.store import Entry, Store

LOG = "_delta_log"
COMMIT = re.compile(r"(\d{20})\.json")
CHECKPOINT = re.compile(r"(\d{20})\.checkpoint\.(?:.*\.)?parquet")
MANY_COMMITS = 30
"""A log with more commits than this before its last one is cut off behind a checkpoint."""


def unnamed_files(store: Store, folder: str, named: Collection[str], before: datetime) -> list[Entry]:
    """Data files and broken-off writes of a table that are older than `before` and that nothing names.

    `named`: files of the live version, and of whatever else needs them. Files in a commit that is not older than
    `before` are named too: a reader may have opened the table just before it.
    """
    entries = store.list(folder)
    recent = {name for entry in entries if _is_recent_commit(entry, before) for name in _in_commit(store, entry)}
    needed = set(named) | recent
    return [
        entry
        for entry in entries
        if f"/{LOG}/" not in entry.path
        and entry.path.rpartition("/")[2] not in needed
        and entry.modified < before
    ]  # fmt: skip


def _is_recent_commit(entry: Entry, before: datetime) -> bool:
    return bool(COMMIT.fullmatch(entry.path.rpartition("/")[2])) and entry.modified >= before


def _in_commit(store: Store, entry: Entry) -> list[str]:
    actions = (json.loads(line) for line in store.read(entry.path).splitlines() if line.strip())
    return [action[kind]["path"] for action in actions for kind in ("add", "remove") if kind in action]


def old_log(store: Store, folder: str, wanted: Collection[int], before: datetime) -> list[Entry]:
    """Commits and checkpoints that nobody needs behind a checkpoint of the last version and of the `wanted` ones; none
    while there are few."""
    entries = [(entry, _commit_of(entry), _checkpoint_of(entry)) for entry in store.list(f"{folder}/{LOG}")]
    commits = [commit for _, commit, _ in entries if commit is not None]
    if not commits or len(commits) <= MANY_COMMITS:
        return []
    last = max(commits)
    return [
        entry
        for entry, commit, checkpoint in entries
        if entry.modified < before
        and ((commit is not None and commit < last)
             or (checkpoint is not None and checkpoint < last and checkpoint not in wanted))
    ]  # fmt: skip


def cut_log(store: Store, handle: DeltaTable, folder: str, wanted: Collection[int], before: datetime) -> list[Entry]:
    """Write the checkpoints, then delete the old log -> what was deleted. Every wanted version can still be opened."""
    old = old_log(store, folder, wanted, before)
    if not old:
        return []
    have = {_checkpoint_of(entry) for entry in store.list(f"{folder}/{LOG}")}
    with in_one_line():
        for version in sorted(set(wanted) - have - {handle.version()}):
            earlier = DeltaTable(handle.table_uri, version=version, storage_options=store.storage_options or None)
            earlier.create_checkpoint()
        handle.create_checkpoint()  # last: it is the one that readers are pointed to
    for entry in old:
        store.delete(entry.path)
    return old


def _commit_of(entry: Entry) -> int | None:
    found = COMMIT.fullmatch(entry.path.rpartition("/")[2])
    return int(found[1]) if found else None


def _checkpoint_of(entry: Entry) -> int | None:
    found = CHECKPOINT.fullmatch(entry.path.rpartition("/")[2])
    return int(found[1]) if found else None
