"""Finds rows whose shop's category is coarser than our leaves: such a row teaches a wrong answer.

A shop that files jeans under "trousers" or sweatshirts under "sweaters" is right in its own tree and wrong in ours.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from training.text.data import OUT_OF_SCOPE, Row, table, tables
from udfs.text.features import OPENING_LIMIT
from udfs.text.lexicon import Lexicon
from udfs.text.normalise import plain

LEAF_COLUMNS = {"leaf", "parent"}
BROAD = {"top", "jacket", "shoes", "bag", "trousers", "underwear", "coat", "shirt"}
"""Leaves that a text may name while a finer one is meant ("jacket" of a blazer)."""


def parents(folder: Path) -> dict[str, str]:
    """The class above each leaf."""
    return {row["leaf"]: row["parent"] for path in tables(folder, LEAF_COLUMNS) for row in table(path)}


def fine(rows: Sequence[Row], names: Lexicon, parent: Mapping[str, str]) -> list[Row]:
    """The rows less those with a stated category whose title or opening names another leaf of the same parent alone."""
    return [row for row in rows if row.basis != "stated" or row.leaf == OUT_OF_SCOPE or not _coarse(row, names, parent)]


def _coarse(row: Row, names: Lexicon, parent: Mapping[str, str]) -> bool:
    for field in (row.text.title, row.text.description):
        named = {leaf for _, leaf in names.named(plain(field, OPENING_LIMIT))}
        if len(named) == 1:
            leaf = named.pop()
            if leaf != row.leaf and leaf not in BROAD and parent.get(leaf) == parent.get(row.leaf):
                return True
    return False
