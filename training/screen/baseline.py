"""The floor of the image filter: linear heads on the 1,280 features that the ImageNet classifier reads."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from training.linear import logits
from training.networks.backbone import CHANNELS
from training.screen.heads import Rows, Task, fit_rows, probabilities
from training.screen.report import WANTED_KEPT, at_kept, class_figures

PENALTY, CLASS_PENALTY = 0.01, 0.2
_FIRST = sum(CHANNELS.values()) - CHANNELS["top"]
TOP = slice(_FIRST, _FIRST + CHANNELS["top"])
"""The means of the last layer among all pooled features."""


def floor(screening: Task, depicting: Task, names: Sequence[str]) -> dict[str, Any]:
    """Figures of the validation part, by the names that the release's own have."""
    screened, truth = _answers(screening, PENALTY)
    shown, classes = _answers(depicting, CLASS_PENALTY)
    return {
        "screen_at_995": at_kept(screened, truth, WANTED_KEPT),
        "depicts": class_figures(shown.argmax(1), classes, names),
    }


def _answers(task: Task, penalty: float) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities and classes of the validation part; drawn rows are left out."""
    kept, seen = task.rows.where(task.held_back), task.rows.where(~task.held_back)
    layer = fit_rows(Rows(seen.features[:, TOP], seen.classes), penalty)
    return probabilities(logits(layer, np.ascontiguousarray(kept.features[:, TOP]))), kept.classes
