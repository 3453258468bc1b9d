"""What the image filter's figures are made of, and the card that shows them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from schemas.tables import SCREEN_CLASSES, UNWANTED_CLASSES
from training.intervals import share

WANTED_KEPT = 0.995
SURE_KEPT = 0.98
CAUTION = 0.05
DRAWS = 300

TARGETS = {"sizechart": 0.98, "texture": 0.97, "logo": 0.95, "banner": 0.90, "closeup": 0.80}
FLOOR = {"sizechart": 0.95, "texture": 0.95, "logo": 0.94, "banner": 0.75, "closeup": 0.49}


def thresholds(probabilities: np.ndarray, classes: np.ndarray, groups: Sequence[str]) -> dict[str, float]:
    """Bounds of P(wanted), measured on rows that the answering head had not seen: `reject_below`, `sure_from`.

    The first is where 99.5% of the wanted are kept in 19 of 20 drawings of the `groups`: shops that are new differ from
    each other by more than pictures do. The second keeps 98% of the wanted; between them lies the unsure band.
    """
    wanted = classes == 0
    values, names = probabilities[wanted, 0], np.array(groups)[wanted]
    _, place = np.unique(names, return_inverse=True)
    members = np.split(np.argsort(place, kind="stable"), np.cumsum(np.bincount(place))[:-1])
    generator = np.random.default_rng(0)
    bounds = []
    for _ in range(DRAWS):
        drawn = np.concatenate([members[group] for group in generator.integers(len(members), size=len(members))])
        bounds.append(np.quantile(values[drawn], 1 - WANTED_KEPT))
    return {
        "reject_below": float(np.quantile(bounds, CAUTION)),
        "sure_from": float(np.quantile(values, 1 - SURE_KEPT)),
    }


def figures(probabilities: np.ndarray, classes: np.ndarray, reject_below: float) -> dict[str, Any]:
    """Share of the wanted kept and of each unwanted class turned away, with 95% intervals."""
    rejected = probabilities[:, 0] < reject_below
    found: dict[str, Any] = {}
    for index, name in enumerate(SCREEN_CLASSES):
        mine = rejected[classes == index]
        hits = int((~mine).sum()) if index == 0 else int(mine.sum())
        found["wanted_kept" if index == 0 else f"{name}_rejected"] = share(hits, len(mine))
    return found


def at_kept(probabilities: np.ndarray, classes: np.ndarray, kept: float) -> dict[str, Any]:
    """`figures` at the bound that keeps exactly the share `kept` of these very wanted pictures."""
    wanted = probabilities[classes == 0, 0]
    bound = float(np.quantile(wanted, 1 - kept, method="lower")) if len(wanted) else 0.0
    return figures(probabilities, classes, bound)


def mean_rejected(probabilities: np.ndarray, classes: np.ndarray) -> float:
    """Mean over the unwanted classes of the share turned away where 99.5% of the wanted are kept."""
    found = at_kept(probabilities, classes, WANTED_KEPT)
    return float(np.mean([found[f"{name}_rejected"]["value"] for name in UNWANTED_CLASSES]))


def class_figures(answers: np.ndarray, classes: np.ndarray, names: Sequence[str]) -> dict[str, Any]:
    """Accuracy of the image class over all and by class; `answers` and `classes` int [N] are places in `names`."""
    right = answers == classes
    by_class = {name: share(int(right[classes == i].sum()), int((classes == i).sum())) for i, name in enumerate(names)}
    return {"accuracy": share(int(right.sum()), len(right)), "by_class": by_class}


def line(name: str, figure: Mapping[str, Any]) -> str:
    """One row of a card's table."""
    if figure["value"] is None:
        return f"| {name} | - | - | 0 |"
    return f"| {name} | {figure['value']:.3f} | {figure['low']:.3f} to {figure['high']:.3f} | {figure['count']} |"


def table(rows: Mapping[str, Mapping[str, Any]]) -> str:
    """A markdown table of shares."""
    head = "| figure | share | 95% interval | pictures |\n| --- | --- | --- | --- |\n"
    return head + "\n".join(line(name, figure) for name, figure in rows.items())
