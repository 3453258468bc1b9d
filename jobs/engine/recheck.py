"""Stored rows next to what the function makes of the same content now: which of them differ."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jobs.engine.night import Night
from lake.vacuum.rows import Keep
from schemas.rejects import WORKER_CODES
from schemas.table import Table

Row = dict[str, Any]


@dataclass(frozen=True)
class Tolerance:
    """How far two answers of one function to one row may be apart, as those of different processors are."""

    number: float = 0.0
    """Largest difference of two floats."""
    bits: int = 0
    """Largest number of bits in which two binary values differ."""


EXACT = Tolerance()
OF_A_NETWORK = Tolerance(number=2e-3)
"""The numeric class fp32 on any processor; another release differs in most rows by more."""


@dataclass(frozen=True)
class Draw:
    """Which rows are checked: all, or a sample that a seed decides."""

    rows: int | None = None
    seed: int = 0

    def of(self, rows: pa.Table) -> pa.Table:
        """The rows of the draw, in their order."""
        if self.rows is None or self.rows >= rows.num_rows:
            return rows
        places = np.random.default_rng(self.seed).choice(rows.num_rows, self.rows, replace=False)
        return rows.take(pa.array(np.sort(places)))


@dataclass(frozen=True)
class Pair:
    """Rows of a table as they are stored, and as the function makes them now."""

    stored: pa.Table
    made: pa.Table


@dataclass(frozen=True)
class Difference:
    """A row that is not what it should be: its key, and the columns that differ (none of a row that is missing)."""

    key: Row
    stored: Row
    right: Row


@dataclass(frozen=True)
class Recheck:
    """How a stage's rows are checked and dropped."""

    table: Table
    again: Callable[[Night, Draw], Iterator[Pair]]
    """The live rows of the present function, as they are stored and as they are made now."""
    keys: Callable[[Night], pa.Table]
    """The keys of all live rows of the present function."""
    drop: Callable[[Night, pa.Table], list[Keep]]
    """What stays if the rows of these keys go, and with them what was made of them: the stage's own table is last."""
    tolerance: Tolerance = EXACT


def differences(table: Table, pair: Pair, tolerance: Tolerance) -> tuple[list[Difference], int]:
    """The rows that differ, by key, and how many could not be made now (a worker that died, a lost picture)."""
    stored, made = (_in_order(table, rows) for rows in (pair.stored, pair.made))
    if stored.equals(made):
        return [], 0
    before, after = ({tuple(row[name] for name in table.key): row for row in t.to_pylist()} for t in (stored, made))
    unmade = {key for key, row in after.items() if row["code"] in WORKER_CODES and row != before.get(key)}
    found = []
    for key in [key for key in before.keys() | after.keys() if key not in unmade]:
        old, new = before.get(key, {}), after.get(key, {})
        names = [name for name in old | new if not (old and new and is_same(old[name], new[name], tolerance))]
        if names:
            parts = ({name: row[name] for name in names if name in row} for row in (old, new))
            found.append(Difference(dict(zip(table.key, key, strict=True)), *parts))
    return sorted(found, key=lambda difference: repr(difference.key)), len(unmade)


def is_same(one: Any, other: Any, tolerance: Tolerance) -> bool:
    """Whether two values of a column are within the tolerance; lists of other lengths never are."""
    if isinstance(one, float) and isinstance(other, float):
        return abs(one - other) <= tolerance.number or (math.isnan(one) and math.isnan(other))
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(is_same(*pair, tolerance) for pair in zip(one, other, strict=True))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(is_same(one[name], other[name], tolerance) for name in one)
    if isinstance(one, bytes) and isinstance(other, bytes) and len(one) == len(other):
        return (int.from_bytes(one) ^ int.from_bytes(other)).bit_count() <= tolerance.bits
    return bool(one == other)


def without(table: Table, keys: pa.Array, function: bytes) -> Keep:
    """All rows but those of some keys under a function. The table has one key column."""
    (key,) = table.key
    dead, current = keys.cast(table.stored.field(key).type), pa.scalar(function, pa.binary())
    return Keep(
        table, (key, "function"),
        lambda rows: pc.invert(pc.and_(pc.is_in(rows[key], dead), pc.equal(rows["function"], current))),
    )  # fmt: skip


def _in_order(table: Table, rows: pa.Table) -> pa.Table:
    names = [name for name in table.stored.names if name != "function"]
    plain = rows.select(names).cast(pa.schema([table.stored.field(name) for name in names]))
    return plain.sort_by([(name, "ascending") for name in table.key])
