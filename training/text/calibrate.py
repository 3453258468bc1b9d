"""Turns scores into probabilities that mean what they say, and finds where answers are right often enough."""

from collections.abc import Sequence

import numpy as np
from sklearn.isotonic import IsotonicRegression

from training.text.figures import ANSWERED_SHARE, RIGHT_SHARE
from training.text.linear import softmax

TEMPERATURES = np.geomspace(0.4, 4.0, 60)
BINS = (0.0, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 1.0)
DOUBTS = (1.0, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0)
LEAST_ANSWERED = 50

KNOTS = 25
"""Equally heavy bands of certainty: more would follow single mistakes."""

SLOPE = 0.002
"""Of each knot's rank, so that no two certainties become one and the surer answer stays the surer."""


def temperature(scores: np.ndarray, true: np.ndarray, weight: np.ndarray) -> float:
    """The divisor of scores (N, K) under which the true answers (N,) are likeliest; `weight` (N,) counts rows."""

    def surprise(divisor: float) -> float:
        chance = softmax(scores / divisor)[np.arange(len(true)), true]
        return float(-(weight * np.log(np.maximum(chance, 1e-12))).sum() / weight.sum())

    return round(float(min(TEMPERATURES, key=surprise)), 3)


def surest(scores: np.ndarray) -> np.ndarray:
    """Places of the `ANSWERED_SHARE` of the rows (N, K) whose best score leads the next by most.

    Thresholds lie among them, and there a temperature has to be right: one that suits all rows lets the sure ones of an
    unseen shop be too sure.
    """
    best = np.partition(scores, -2, axis=1)[:, -2:]
    return np.argsort(best[:, 0] - best[:, 1], kind="stable")[: int(np.ceil(ANSWERED_SHARE * len(scores)))]


def doubt(scores: np.ndarray, true: np.ndarray, doubtful: np.ndarray) -> float:
    """The further divisor of doubtful rows (bool (N,)) under which the surest `ANSWERED_SHARE` of all rows err least.

    `scores` (N, K) are those that the temperature has divided. One threshold serves all languages, so they are looked
    at together.
    """
    wrong = scores.argmax(axis=1) != true

    def mistakes(divisor: float) -> int:
        certain = softmax(np.where(doubtful[:, None], scores / divisor, scores)).max(axis=1)
        return int(wrong[np.argsort(-certain, kind="stable")][: int(ANSWERED_SHARE * len(wrong))].sum())

    return min(DOUBTS, key=mistakes)


def certainty(probability: np.ndarray, right: np.ndarray, weight: np.ndarray) -> tuple[list[float], list[float]]:
    """Knots, both rising from 0 to 1: a best leaf's softmax, and the share of such answers that is right.

    `probability`, `right` (N,) are of answered rows, `weight` (N,) counts them.
    """
    order = np.argsort(probability, kind="stable")
    mass = np.cumsum(weight[order]) / weight.sum()
    band = np.minimum((mass * KNOTS).astype(int), KNOTS - 1)
    rows = np.maximum(np.bincount(band, weight[order], minlength=KNOTS), 1e-12)
    said, share = (np.bincount(band, weight[order] * of[order], minlength=KNOTS) / rows for of in (probability, right))
    rising = IsotonicRegression().fit_transform(np.arange(KNOTS), share, sample_weight=rows)
    told = (1 - SLOPE) * rising + SLOPE * np.arange(1, KNOTS + 1) / (KNOTS + 1)
    return [0.0, *np.round(said, 6).tolist(), 1.0], [0.0, *np.round(told, 6).tolist(), 1.0]


def threshold(probability: np.ndarray, right: np.ndarray, share: float = RIGHT_SHARE) -> tuple[float, float] | None:
    """The lowest probability from which `share` of the answers are right, and the share answered; None: no such one."""
    order = np.argsort(-probability, kind="stable")
    precision = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    good = np.flatnonzero(precision >= share)
    if not len(good) or good[-1] + 1 < LEAST_ANSWERED:
        return None
    return float(probability[order[good[-1]]]), float((good[-1] + 1) / len(order))


def reliability(probability: np.ndarray, right: np.ndarray) -> list[dict[str, float]]:
    """Rows, mean probability and share right of each band of probability."""
    band = np.clip(np.searchsorted(BINS, probability, side="right") - 1, 0, len(BINS) - 2)
    return [
        {
            "from": BINS[number],
            "to": BINS[number + 1],
            "rows": int((band == number).sum()),
            "said": round(float(probability[band == number].mean()), 4),
            "right": round(float(right[band == number].mean()), 4),
        }
        for number in range(len(BINS) - 1)
        if (band == number).any()
    ]


def calibration_error(table: Sequence[dict[str, float]]) -> float:
    """Mean distance of what is said from what is right, by rows (expected calibration error)."""
    rows = sum(band["rows"] for band in table)
    return round(sum(band["rows"] * abs(band["said"] - band["right"]) for band in table) / max(rows, 1), 4)
