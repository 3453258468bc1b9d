"""The differences between two open snapshots."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from selvedge_searcher import parquet
from selvedge_searcher.snapshot import Snapshot

SCHEMA = pa.schema([("table", pa.string()), ("id", pa.string()), ("change", pa.string())])
IDS = {"garments": "garment_id", "products": "product_id"}


def changes(old: Snapshot, new: Snapshot) -> pa.Table:
    """Rows added, removed and changed from `old` to `new`, any two versions of a lake -> table, id, change.

    A garment has changed when a value or its vector has; where its vector is stored does not count. Between a version
    and its parent the published list is read; otherwise the retailers whose content differs are compared.
    """
    if new.manifest.parent == old.version:
        listed = new.manifest.changes
        return parquet.read(new.lake.proven([listed])[listed.path])
    before, after = old.manifest.content, new.manifest.content
    retailers = sorted(name for name in {*before, *after} if before.get(name) != after.get(name))
    return pa.concat_tables(
        _compared(table, _rows(old, table, retailers), _rows(new, table, retailers)) for table in IDS
    )


def _rows(snapshot: Snapshot, table: str, retailers: list[str]) -> pa.Table:
    rows = snapshot.products
    if table == "garments":
        rows = snapshot.garments.drop_columns(["segment", "row"]).append_column("vector_key", snapshot.vector_keys)
    return rows.filter(pc.is_in(rows["retailer"], pa.array(retailers, pa.string())))


def _compared(table: str, old: pa.Table, new: pa.Table) -> pa.Table:
    key = IDS[table]
    place = pc.index_in(new[key], old[key].combine_chunks())
    both = place.is_valid()
    differs = _differ(old.take(place.drop_null()), new.filter(both))
    found = {
        "added": new[key].filter(pc.invert(both)),
        "removed": old[key].filter(pc.invert(pc.is_in(old[key], new[key].combine_chunks()))),
        "changed": new[key].filter(both).filter(pa.array(differs)),
    }
    parts = [
        pa.table([pa.repeat(table, len(ids)), ids, pa.repeat(change, len(ids))], schema=SCHEMA)
        for change, ids in found.items()
    ]
    return pa.concat_tables(parts).sort_by("id")


def _differ(old: pa.Table, new: pa.Table) -> np.ndarray:
    """(N,) bool: whether any column of a row differs."""
    differs = np.zeros(len(new), bool)
    for name in dict.fromkeys([*new.column_names, *old.column_names]):
        if name in old.column_names and name in new.column_names:
            differs |= _unequal(old[name].combine_chunks(), new[name].combine_chunks())
        else:  # a column that came later, and that this package does not know: null where it lacks
            rows = new if name in new.column_names else old
            differs |= rows[name].is_valid().to_numpy()
    return differs


def _unequal(old: pa.Array, new: pa.Array) -> np.ndarray:
    """(N,) bool; null equals only null, and lists are compared item by item."""
    unequal: np.ndarray
    if not _is_list(old.type):
        differ = pc.fill_null(pc.not_equal(old, new), False)
        unequal = pc.or_(differ, pc.xor(old.is_null(), new.is_null())).to_numpy(zero_copy_only=False)
        return unequal
    lengths = (
        pc.fill_null(pc.list_value_length(old), -1).to_numpy(),
        pc.fill_null(pc.list_value_length(new), -1).to_numpy(),
    )
    unequal = lengths[0] != lengths[1]
    alike = np.flatnonzero(~unequal & (lengths[0] > 0))
    items = _unequal(old.take(pa.array(alike)).flatten(), new.take(pa.array(alike)).flatten())
    unequal[np.repeat(alike, lengths[0][alike])[items]] = True
    return unequal


def _is_list(kind: pa.DataType) -> bool:
    return bool(pa.types.is_list(kind) or pa.types.is_fixed_size_list(kind))
