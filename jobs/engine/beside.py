"""Rows of later stages that a stage's work makes on the way, because what they look at is at hand.

Before the work, a column of each later stage says which rows are due there too. After it, another column holds the
later stage's row, or null. Each goes to the table of its own stage, under its own function, in a commit of its own: so
a row that was made on the way is like any other. What was not made, whatever the reason, is still due in its stage.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from lake.tables import Tables, literal
from schemas.table import Table

SECONDS = "seconds"
"""The field of a made row that says how long it took; no table has it."""

_DUE, MADE = "due_in_", "made_for_"


def due_in(stage: str) -> str:
    return f"{_DUE}{stage}"


def made_column(stage: str) -> str:
    return f"{MADE}{stage}"


def with_due(tables: Tables, rows: pa.Table, others: Iterable[tuple[str, Table, bytes]]) -> pa.Table:
    """Due rows of a stage, with a column for each other one (name, table, function): whether it has no row of them."""
    for name, table, function in others:
        (key,) = table.key
        query = f"select {key} from {table.name} where function = {literal(function)}"  # noqa: S608
        present = tables.among(query, [table], key, rows[key].combine_chunks())
        missing = pc.invert(pc.is_in(rows[key], present[key].cast(rows[key].type).combine_chunks()))
        rows = rows.append_column(due_in(name), missing)
    return rows


def without_due(rows: pa.RecordBatch) -> pa.RecordBatch:
    """Rows of which nothing but the stage's own answer is wanted."""
    return rows.select([name for name in rows.schema.names if not name.startswith(_DUE)])


def own(answer: pa.RecordBatch) -> pa.RecordBatch:
    """The stage's own rows."""
    return answer.select([name for name in answer.schema.names if not name.startswith(MADE)])


def made(answers: Sequence[pa.RecordBatch], functions: Mapping[str, bytes]) -> Iterator[tuple[str, pa.Table, float]]:
    """For each other stage that has any: its name, its rows with their function, the seconds that they took."""
    for name, function in functions.items():
        parts = [answer.column(made_column(name)) for answer in answers if made_column(name) in answer.schema.names]
        parts = [part.filter(part.is_valid()) for part in parts]
        parts = [part for part in parts if len(part)]
        if parts:
            rows = pa.Table.from_batches([pa.RecordBatch.from_struct_array(part) for part in parts])
            seconds = pc.sum(rows[SECONDS]).as_py()
            digests = pa.array([function] * rows.num_rows, pa.binary(32))
            yield name, rows.drop_columns([SECONDS]).append_column("function", digests), seconds
