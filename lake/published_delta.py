"""The published Delta tables: their newest version lists exactly the files of a manifest."""

import json

from deltalake.transaction import AddAction, PostCommitHookProperties, RemoveAction

from lake.engine_errors import in_one_line
from lake.growth import signed
from lake.published_files import TABLES
from lake.store import Store
from lake.tables import Tables
from schemas.manifest import DataFile, Manifest, PublishedTable

KEEP_LOG = PostCommitHookProperties(cleanup_expired_logs=False)
"""Kept manifests name old Delta versions: only `lake.vacuum.logs` knows which log files they need."""


def commit(store: Store, manifest: Manifest | None, at_ms: int) -> dict[PublishedTable, int]:
    """Make the three tables list a manifest's files (None: no files) -> the Delta version of each.

    Only differences are committed: this also undoes what a killed publish left, and a repeated call does nothing.
    """
    return {table: _commit(store, table, manifest.of(table) if manifest else [], at_ms) for table in TABLES}


def _commit(store: Store, table: PublishedTable, files: list[DataFile], at_ms: int) -> int:
    handle = Tables(store, "published").open(TABLES[table], newer_too=True)  # a rollback writes no row
    present = handle.get_add_actions()
    live = dict(zip(present["path"].to_pylist(), present["size_bytes"].to_pylist(), strict=True))
    wanted = {file.path.rpartition("/")[2]: file for file in files}
    actions: list[AddAction | RemoveAction] = [
        AddAction(name, file.bytes, {}, at_ms, True, json.dumps({"numRecords": file.rows}))
        for name, file in wanted.items()
        if name not in live
    ]
    actions += [
        RemoveAction(name, True, at_ms, size=size, partition_values={})
        for name, size in live.items()
        if name not in wanted
    ]
    if actions:
        with in_one_line():
            handle.create_write_transaction(
                actions, "append", handle.schema(), [], commit_properties=signed(), post_commithook_properties=KEEP_LOG
            )
        handle.update_incremental()
    return int(handle.version())
