"""How good vectors are: is the same kind near, is the garment of a worn photo found, how sure is a figure."""

from collections.abc import Sequence
from typing import Any

import numpy as np

NEAREST = 5
RESAMPLED = 1000
SAME_CLASS_AND_COLOUR, SAME_CLASS = 2.0, 1.0
"""What a neighbour is worth to nDCG; the same product would be worth 3."""
SAME_PRODUCT = 3.0


def clustered(values: np.ndarray, groups: Sequence[str]) -> dict[str, Any]:
    """The mean of `values` [N] with its 95% interval by resampling whole groups (products, senders), 1,000 times.

    The same keys as `training.intervals.share`; the value is None where nothing counts.
    """
    if len(values) == 0:
        return {"value": None, "low": 0.0, "high": 1.0, "count": 0}
    _, place = np.unique(np.asarray(groups), return_inverse=True)
    sums, counts = np.bincount(place, values), np.bincount(place)
    drawn = np.random.default_rng(0).multinomial(len(sums), np.full(len(sums), 1 / len(sums)), size=RESAMPLED)
    low, high = np.quantile((drawn @ sums) / (drawn @ counts), (0.025, 0.975))
    return {
        "value": round(float(np.mean(values)), 4),
        "low": round(float(low), 4),
        "high": round(float(high), 4),
        "count": len(values),
    }


def nearest_others(vectors: np.ndarray) -> np.ndarray:
    """Rows [N, NEAREST] of the nearest other vectors of each of the unit vectors [N, D], nearest first."""
    likeness = vectors @ vectors.T
    np.fill_diagonal(likeness, -np.inf)
    return np.argsort(-likeness, axis=1, kind="stable")[:, :NEAREST]


def precision(nearest: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Share [N] of each row's `nearest` [N, K] that have its label."""
    return np.asarray((labels[nearest] == labels[:, None]).mean(axis=1))


def gains(nearest: np.ndarray, classes: np.ndarray, colours: np.ndarray) -> np.ndarray:
    """What each neighbour [N, K] is worth: 2 of the same class and colour, 1 of the same class; "" is no colour."""
    alike = classes[nearest] == classes[:, None]
    painted = alike & (colours[nearest] == colours[:, None]) & (colours != "")[:, None]
    return np.where(painted, SAME_CLASS_AND_COLOUR, np.where(alike, SAME_CLASS, 0.0))


def ndcg(nearest: np.ndarray, classes: np.ndarray, colours: np.ndarray) -> np.ndarray:
    """nDCG [N] of the neighbours [N, K] of single garments against the best order of all others.

    Gains as in `gains`: every garment is another product, so that none is worth 3.
    """
    count = nearest.shape[1]
    discount = 1 / np.log2(np.arange(2, count + 2))
    everyone = np.broadcast_to(np.arange(len(classes)), (len(classes), len(classes)))
    possible = gains(everyone, classes, colours)
    np.fill_diagonal(possible, 0.0)
    best = -np.sort(-possible, axis=1)[:, :count] @ discount
    return np.divide(gains(nearest, classes, colours) @ discount, best, out=np.zeros(len(best)), where=best > 0)


def rank_of_own(likeness: np.ndarray, own: np.ndarray) -> np.ndarray:
    """How many of the photos [G] come before the best right one, for each query; `likeness` [Q, G], `own` bool."""
    best = np.where(own, likeness, -np.inf).max(axis=1)
    return np.asarray(((likeness > best[:, None]) & ~own).sum(axis=1))
