"""Leaves that a person found wrong, by text key: read by training and by scoring."""

from collections.abc import Sequence
from dataclasses import replace

from training.data.corrections import AMBIGUOUS, DROP, Corrections, read_corrections
from training.text.data import Row
from training.text.export import text_key


def key_of(row: Row) -> str:
    """How `corrections/text.tsv` names a text: its key in 16 hexadecimal digits."""
    return f"{text_key(row.text):016x}"


def corrected_rows(rows: Sequence[Row], corrections: Corrections | None = None) -> list[Row]:
    """The rows with their corrected leaves, less those that are dropped or ambiguous."""
    known = read_corrections("text") if corrections is None else corrections
    if not known:
        return list(rows)
    labels = [(row, known.get((key_of(row), row.leaf), row.leaf)) for row in rows]
    return [replace(row, leaf=leaf) for row, leaf in labels if leaf not in (AMBIGUOUS, DROP)]
