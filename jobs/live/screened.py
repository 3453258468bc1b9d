"""What the screen says of every live picture, read once for all parts of the report."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jobs.engine.night import Night
from jobs.live.functions import screen_function
from jobs.live.stored import stored
from jobs.live.views import pictures
from lake.tables import literal
from schemas.table import DONE
from schemas.tables import FEEDS, SCREEN_CLASSES, SCREENS

COLUMNS = ("status", "code", *SCREEN_CLASSES, "depicts", "depicts_score")


def screened(night: Night) -> pa.Table:
    """Every live picture (`picture`) with COLUMNS of its row in `screens`; nulls where it waits."""
    live = pictures(night)
    query = f"""
        select p.picture, {", ".join(f"s.{name}" for name in COLUMNS)} from ({live.sql}) p left join (
            select * from {SCREENS.name} where function = {literal(screen_function(night))}
        ) s on p.picture = s.picture"""  # noqa: S608
    tables = {*live.tables, SCREENS}
    return night.kept("screened", lambda: night.tables.sql(query, tables), of={FEEDS, *tables})


def done(night: Night) -> pa.Table:
    """Those that have scores."""
    rows = screened(night)
    return rows.filter(pc.equal(rows["status"], DONE))


def screens_of(night: Night, keys: pa.ChunkedArray) -> pa.Table:
    """The same of some pictures alone, live or not, each once."""
    every = pa.chunked_array([pc.unique(keys).drop_null()])
    rows = stored(night, SCREENS, COLUMNS, "picture", screen_function(night), every)
    return rows.append_column("picture", every).filter(pc.equal(rows["status"], DONE))


def scores_of(rows: pa.Table) -> np.ndarray:
    """(N, classes) float32 of rows that have scores, in the order of SCREEN_CLASSES."""
    return np.stack([rows[name].to_numpy() for name in SCREEN_CLASSES], axis=1)
