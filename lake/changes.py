"""The rows that a version adds, removes and changes, compared with its parent."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

CHANGES = pa.schema([("table", pa.string()), ("id", pa.string()), ("change", pa.string())])


def changes(table: str, key: str, old: pa.Table, new: pa.Table) -> pa.Table:
    """Compare two tables of the same columns whose `key` makes a row unique -> table, id, change, sorted by id."""
    place = pc.index_in(new[key], old[key].combine_chunks())
    in_both = place.is_valid()
    after, found_at = new.filter(in_both), place.drop_null()
    stayed = np.zeros(len(old), bool)
    stayed[found_at.to_numpy()] = True
    found = {
        "added": new[key].filter(pc.invert(in_both)),
        "removed": old[key].filter(pa.array(~stayed)),
        "changed": after[key].filter(_differs(old.take(found_at), after)),
    }
    parts = [
        pa.table([pa.repeat(table, len(ids)), ids, pa.repeat(change, len(ids))], schema=CHANGES)
        for change, ids in found.items()
    ]
    return pa.concat_tables(parts).sort_by("id").combine_chunks()


def _differs(before: pa.Table, after: pa.Table) -> pa.Array:
    """Whether any column of a row differs; null equals only null."""
    differs = pa.repeat(False, len(after))
    for name in after.column_names:
        old, new = _scalar(before[name]), _scalar(after[name])
        unequal = pc.fill_null(pc.not_equal(old, new), False)
        differs = pc.or_(differs, pc.or_(unequal, pc.xor(old.is_null(), new.is_null())))
    return differs


def _scalar(column: pa.ChunkedArray) -> pa.Array:
    """The column in a comparable form: a list of strings as one string, a box as its bytes."""
    array = column.combine_chunks()
    if pa.types.is_fixed_size_list(array.type):
        width = array.type.list_size * array.type.value_type.bit_width // 8
        values = array.fill_null([0] * array.type.list_size).flatten()
        flat = pa.FixedSizeBinaryArray.from_buffers(
            pa.binary(width), len(array), [None, values.buffers()[1]], values.offset
        )
        return pc.if_else(array.is_valid(), flat, pa.scalar(None, pa.binary(width)))
    if pa.types.is_list(array.type):
        return pc.binary_join(array, "\0")  # no text of a feed holds a NUL
    return array
