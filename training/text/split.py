"""Which rows train and which are kept to measure, from the row alone, so that scoring finds them again without a list.

Three questions need three splits. Unseen brands: a fifth of the brands of a catalogue with brands as sources. Unseen
titles of known shops: a tenth of every shop's distinct titles. Unseen shops: every shop is left out once, in one of
`FOLDS` fits beside the promoted one, because no shop can be spared for good.
"""

from collections.abc import Sequence

from training.data.split import Part, fraction
from training.text.data import Row
from udfs.text.normalise import plain

SALT = "text"
BRANDS_KEPT, TITLES_KEPT = 0.2, 0.1
FOLDS = 4
_TITLE_LIMIT = 300


def shop(row: Row) -> str:
    """The source that a row counts for: all brands of one catalogue are one shop."""
    return row.source.split(":")[0]


def part(row: Row) -> Part:
    """Validation or training part of a labelled row; names of taxonomies and feeds always train."""
    if row.basis in {"name", "feed"}:
        return Part.TRAIN
    if row.basis == "styles":
        kept = fraction(row.source, SALT) < BRANDS_KEPT
    else:
        kept = fraction(f"{row.source}\t{plain(row.text.title, _TITLE_LIMIT)}", SALT) < TITLES_KEPT
    return Part.VALIDATION if kept else Part.TRAIN


def folds(rows: Sequence[Row]) -> dict[str, int]:
    """The fold that leaves each shop out: per language the largest first, each to the fold with the fewest rows."""
    counts: dict[tuple[str, str], int] = {}
    for row in rows:
        if row.basis not in {"name", "feed"}:
            counts[row.language, shop(row)] = counts.get((row.language, shop(row)), 0) + 1
    filled: dict[tuple[str, int], int] = {}
    found: dict[str, int] = {}
    for (language, name), count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        fold = min(range(FOLDS), key=lambda number: (filled.get((language, number), 0), number))
        found[name] = fold
        filled[language, fold] = filled.get((language, fold), 0) + count
    return found
