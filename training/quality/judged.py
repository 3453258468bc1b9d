"""Labelled rows with a model's probabilities: rates by category, threshold curves, mistakes, what would teach most."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from reports.release import ClassRow, Curve

STEPS = 26
"""Thresholds of a curve, evenly from 0 to 1."""

A_GROUP = 20
"""Rows that one shop's one answer may give to what would teach most: else the largest shop fills the page."""


@dataclass(frozen=True)
class Judged:
    """N labelled rows and C categories: `truth`, `answer` int [N], `chances` float [N, C], `source` of each row."""

    names: Sequence[str]
    truth: np.ndarray
    answer: np.ndarray
    chances: np.ndarray
    source: Sequence[str]

    def wrong(self) -> np.ndarray:
        """Places of the mistakes, those first in which the answer is likeliest beside the label."""
        rows = np.flatnonzero(self.truth != self.answer)
        lead = self.chances[rows, self.answer[rows]] - self.chances[rows, self.truth[rows]]
        return rows[np.argsort(-lead, kind="stable")]

    def teaching(self, count: int) -> np.ndarray:
        """Places of the `count` rows of most doubt x products touched.

        Doubt is 1 less the lead of the best category over the next; touched are the rows of the same source with the
        same answer, because what settles one of them settles its like.
        """
        best = np.sort(self.chances, axis=1)[:, ::-1]
        doubt = 1 - (best[:, 0] - best[:, 1] if best.shape[1] > 1 else best[:, 0])
        groups = list(zip(self.source, self.answer.tolist(), strict=True))
        touched = Counter(groups)
        worth = doubt * np.array([touched[group] for group in groups])
        taken: Counter[tuple[str, int]] = Counter()
        found: list[int] = []
        for row in np.argsort(-worth, kind="stable").tolist():
            taken[groups[row]] += 1
            if taken[groups[row]] <= A_GROUP and len(found) < count:
                found.append(row)
        return np.array(found, dtype=np.int64)

    def rates(self, name: int) -> tuple[float | None, float | None, float | None]:
        """True positive rate, false positive rate and precision of a category, as the model answers."""
        mine, said = self.truth == name, self.answer == name
        hits, alarms = int((mine & said).sum()), int((~mine & said).sum())
        return _over(hits, int(mine.sum())), _over(alarms, int((~mine).sum())), _over(hits, hits + alarms)

    def curve(self, name: int) -> Curve:
        """The same three over the threshold of the category's probability; precision is 1 where nothing is taken."""
        mine, bounds = self.truth == name, np.linspace(0, 1, STEPS)
        hits = _at_least(self.chances[mine, name], bounds)
        alarms = _at_least(self.chances[~mine, name], bounds)
        taken = hits + alarms
        precision = np.divide(hits, taken, out=np.ones(STEPS), where=taken > 0)
        return Curve(
            (hits / max(int(mine.sum()), 1)).tolist(),
            (alarms / max(int((~mine).sum()), 1)).tolist(),
            precision.tolist(),
        )


def class_rows(judged: Judged, before: Judged | None) -> list[ClassRow]:
    """A row a category that is labelled or answered, beside the release before."""
    earlier = {name: before.rates(place) for place, name in enumerate(before.names)} if before else {}
    rows = []
    for place, name in enumerate(judged.names):
        count = int((judged.truth == place).sum())
        if count or (judged.answer == place).any():
            true_positive, false_positive, precision = judged.rates(place)
            was = earlier.get(name, (None, None, None))
            curve = judged.curve(place)
            rows.append(ClassRow(name, count, true_positive, false_positive, precision, was[0], was[2], curve))
    return rows


def _at_least(chances: np.ndarray, bounds: np.ndarray) -> np.ndarray:
    return (len(chances) - np.searchsorted(np.sort(chances), bounds, side="left")).astype(float)


def _over(part: int, whole: int) -> float | None:
    return part / whole if whole else None
