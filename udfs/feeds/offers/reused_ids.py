"""Finds ids that now mean another product: in the last feed and in this one, with titles that have little in common."""

from collections.abc import Mapping

import pyarrow as pa

from udfs.feeds.forms.words import spoken

LEAST_ALIKE = 0.2
"""Dice's coefficient of two titles' pairs of characters: a reworded title keeps more, another product's less."""
LEAST_COMPARED = 20
"""Fewer ids than this in common prove nothing."""


class KnownTitles:
    """Compares batches of a feed with titles by id, as an earlier feed had them."""

    def __init__(self, titles: Mapping[str, str]) -> None:
        self._titles = titles
        self.compared = self.changed = 0

    def compare(self, batch: pa.RecordBatch) -> None:
        """Count the batch's ids that are known, and those of them that now mean something else."""
        if not self._titles:
            return
        for identity, title in zip(batch["offer_id"].to_pylist(), batch["title"].to_pylist(), strict=True):
            before = self._titles.get(identity) if identity and title else None
            if before:
                self.compared += 1
                self.changed += before != title and likeness(before, title) < LEAST_ALIKE

    @property
    def share(self) -> float | None:
        """Share of the compared ids that changed meaning; None where too few could be compared."""
        return self.changed / self.compared if self.compared >= LEAST_COMPARED else None


def likeness(one: str, other: str) -> float:
    """Dice's coefficient over pairs of characters, case and punctuation aside: 1 for equal titles, 0 for strangers."""
    pairs = [_pairs(one), _pairs(other)]
    total = sum(map(len, pairs))
    return 2 * len(pairs[0] & pairs[1]) / total if total else 1.0


def _pairs(title: str) -> set[str]:
    text = spoken(title)
    return {text[at : at + 2] for at in range(len(text) - 1) if not text[at : at + 2].isspace()}
