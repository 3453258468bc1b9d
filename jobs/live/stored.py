"""What a stage found for each of some keys."""

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from jobs.engine.night import Night
from jobs.live.rows import taken
from lake.tables import literal
from schemas.table import Table


def stored(
    night: Night, table: Table, names: Sequence[str], key: str, function: bytes | None, keys: pa.ChunkedArray
) -> pa.Table:
    """Some columns of a stage's rows of its current function, one row for each key: nulls where there is none."""
    where = f"where function = {literal(function)}" if function else ""
    query = f"select {key}, {', '.join(names)} from {table.name} {where}"  # noqa: S608
    keys = keys.cast(pa.binary())
    rows = night.tables.among(query, [table], key, pc.unique(keys).drop_null())
    return taken(rows.select(names), pc.index_in(keys, rows[key]))
