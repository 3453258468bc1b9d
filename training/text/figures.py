"""Figures of a text model over answered rows, with 95% intervals."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

LEAST_ROWS = 20
"""A leaf counts in macro F1 from this many rows."""

ANSWERED_SHARE, RIGHT_SHARE = 0.85, 0.995
CURVE = (RIGHT_SHARE, 0.99, 0.98, 0.95)
"""Shares right at which a curve says how much can be answered."""

DRAWS, SEED = 200, 11


@dataclass(frozen=True)
class Answers:
    """N answered rows. `group` is what a bootstrap draws: a brand, a shop or a row.

    leaf, found int (N,): places in `names`; language, basis, group str (N,); probability float (N,);
    gender str (N,), as stated or ""; gender_found str (N,).
    """

    names: tuple[str, ...]
    leaf: np.ndarray
    found: np.ndarray
    probability: np.ndarray
    language: np.ndarray
    basis: np.ndarray
    group: np.ndarray
    gender: np.ndarray
    gender_found: np.ndarray

    def where(self, kept: np.ndarray) -> "Answers":
        """The rows of a mask."""
        columns = [name for name in self.__dataclass_fields__ if name != "names"]
        return replace(self, **{name: getattr(self, name)[kept] for name in columns})


Weighed = Callable[[Answers, np.ndarray], float]
"""A figure of rows that count `weight` (N,) times."""


def macro_f1(answers: Answers, weight: np.ndarray) -> float:
    """Mean F1 over the leaves with `LEAST_ROWS` or more."""
    scores = f1_of_leaves(answers, weight)
    return float(np.mean(list(scores.values()))) if scores else float("nan")


def f1_of_leaves(answers: Answers, weight: np.ndarray) -> dict[str, float]:
    """F1 = 2 TP / (labelled + answered) of each leaf with enough rows."""
    size = len(answers.names)
    rows = np.bincount(answers.leaf, minlength=size)
    labelled = np.bincount(answers.leaf, weight, minlength=size)
    answered = np.bincount(answers.found, weight, minlength=size)
    right = np.bincount(answers.leaf, weight * (answers.leaf == answers.found), minlength=size)
    score = 2 * right / np.maximum(labelled + answered, 1e-9)
    kept = np.flatnonzero((rows >= LEAST_ROWS) & (labelled > 0))
    return {answers.names[leaf]: float(score[leaf]) for leaf in kept}


def mean_of_languages(answers: Answers, weight: np.ndarray) -> float:
    """Macro F1 of each language, then their mean."""
    kept = [answers.language == language for language in np.unique(answers.language)]
    scores = [macro_f1(answers.where(rows), weight[rows]) for rows in kept]
    return float(np.nanmean(scores)) if not np.all(np.isnan(scores)) else float("nan")


def right_at_85(answers: Answers, weight: np.ndarray) -> float:
    """Share right among the most certain 85%."""
    answered, right = _by_certainty(answers, weight)
    last = min(int(np.searchsorted(answered, ANSWERED_SHARE)), len(right) - 1)
    return float(right[last])


def answered_at_995(answers: Answers, weight: np.ndarray) -> float:
    """Largest share that can be answered with 99.5% of it right."""
    return _answered(answers, weight, RIGHT_SHARE)


def curve(answers: Answers) -> dict[str, float]:
    """Largest share that can be answered at each share right of `CURVE`."""
    ones = np.ones(len(answers.leaf))
    return {f"{share:g}": round(_answered(answers, ones, share), 4) for share in CURVE}


def _answered(answers: Answers, weight: np.ndarray, share: float) -> float:
    answered, right = _by_certainty(answers, weight)
    good = np.flatnonzero(right >= share)
    return float(answered[good[-1]]) if len(good) else 0.0


def _by_certainty(answers: Answers, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    order = np.argsort(-answers.probability, kind="stable")
    heavy, correct = weight[order], (answers.leaf == answers.found)[order]
    total = np.cumsum(heavy)
    return total / total[-1], np.cumsum(heavy * correct) / np.maximum(total, 1e-9)


def gender_accuracy(answers: Answers, weight: np.ndarray) -> float:
    """Share of rows with a stated gender for which the text alone gives it."""
    said = answers.gender != ""
    right = answers.gender == answers.gender_found
    return float((weight * (said & right)).sum() / max((weight * said).sum(), 1e-9)) if said.any() else float("nan")


def accuracy(answers: Answers, weight: np.ndarray) -> float:
    """Share right of all rows."""
    return float((weight * (answers.leaf == answers.found)).sum() / weight.sum())


def figure(answers: Answers, measure: Weighed) -> dict[str, Any]:
    """Value and 95% interval of a figure, by drawing groups with replacement."""
    groups, place = np.unique(answers.group, return_inverse=True)
    draw = np.random.default_rng(SEED)
    drawn = []
    for _ in range(DRAWS):
        times = np.bincount(draw.integers(len(groups), size=len(groups)), minlength=len(groups))
        weight = times[place].astype(float)
        if weight.any():
            drawn.append(measure(answers, weight))
    value = measure(answers, np.ones(len(answers.leaf)))
    low, high = np.nanpercentile(drawn, [2.5, 97.5]) if not np.all(np.isnan(drawn)) else (value, value)
    return {"value": _rounded(value), "low": _rounded(low), "high": _rounded(high)}


def figures(answers: Answers, macro: Weighed = mean_of_languages) -> dict[str, Any]:
    """All figures of some rows."""
    measures: dict[str, Weighed] = {
        "macro_f1": macro,
        "accuracy": accuracy,
        "right_at_85": right_at_85,
        "answered_at_995": answered_at_995,
        "gender_accuracy": gender_accuracy,
    }
    return {"rows": len(answers.leaf), **{name: figure(answers, measure) for name, measure in measures.items()}}


def _rounded(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), 4)


def column(values: Sequence[str | None]) -> np.ndarray:
    """Strings as an array, None as the empty string."""
    return np.array([value or "" for value in values], dtype=str)
