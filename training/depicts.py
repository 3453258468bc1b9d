"""The image class as two readings say it: a linear head on frozen features, and later blocks tuned on garments."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from torch import nn

from training.checkpoint import Checkpoint
from training.cuts import Cut
from training.features import Input, cached
from training.heads import FOLDS, Head, Task, probabilities
from training.labelled import Picture
from training.linear import logits
from training.split import fold_of
from training.tables import read_picture
from training.tuned import Early, Examples, Later, Plan, train, weights_of
from udfs.pictures.preprocess import letterbox

WEIGHING_FOLD = 2
"""The fold of the training part that weighs the two readings: it trains the linear head alone."""
SINGLE, NAMED, WORN = 0.72, 0.1, 0.18
"""Shares of the examples: single garments, catalogue photos whose title names the class, cuts of street photos."""
SMALLEST = 1e-6


@dataclass(frozen=True)
class Further:
    """Examples that train the later blocks and are in no figure."""

    named: Sequence[tuple[Picture, int]]
    cuts: Sequence[tuple[Cut, int]]

    @property
    def paths(self) -> list[Path]:
        """The files that they lie in."""
        return [picture.path for picture, _ in self.named] + [cut.path for cut, _ in self.cuts]


@dataclass(frozen=True)
class Depicts:
    """The two readings, whose logits add up to the class's."""

    layer: nn.Linear
    later: Later
    answers: np.ndarray
    """Probabilities [N, C] of the validation part."""


def two_readings(task: Task, head: Head, further: Further, side: int, plan: Plan, work: Path) -> Depicts:
    """Tune the later blocks on all folds but one, weigh both readings on that one, and answer the validation part.

    What was tuned is kept in `work` and used again, so that a corrected label costs a linear head alone.
    """
    classes = task.rows.classes
    inputs = [
        *(_input(str(one.path), partial(read_picture, one.path), side) for one in task.pictures),
        *(_input(str(one.path), partial(read_picture, one.path), side) for one, _ in further.named),
        *(_input(f"{one.path}|{one.box}", one.read, side) for one, _ in further.cuts),
    ]
    maps = cached(inputs, "letterbox-early", side, work, Early)
    own, named, cuts = np.split(maps, np.cumsum([len(task.pictures), len(further.named)]))
    folds = np.array([fold_of(picture.group, task.salt, FOLDS) for picture in task.pictures])
    weighs = ~task.held_back & (folds == WEIGHING_FOLD)
    learns = ~task.held_back & ~weighs
    kinds = [
        (SINGLE, own[learns], classes[learns]),
        (NAMED, named, np.array([label for _, label in further.named], np.int64)),
        (WORN, cuts, np.array([label for _, label in further.cuts], np.int64)),
    ]
    count = head.folded.shape[1]
    later = train(plan, Examples.of(kinds, plan.balance), count, Checkpoint.of(work, "later", plan))
    linear = np.log(head.folded[weighs[~task.held_back]].clip(SMALLEST))
    for reading, weight in zip(
        (head.layer, later.head), weights_of([linear, later.logits(own[weighs])], classes[weighs]), strict=True
    ):
        reading.weight.data *= weight
        reading.bias.data *= weight
    kept = task.held_back
    answers = logits(head.layer, task.rows.features[kept]) + later.logits(own[kept])
    return Depicts(head.layer, later, probabilities(answers))


def _input(key: str, read: Callable[[], np.ndarray], side: int) -> Input:
    return Input(key, lambda: letterbox(read(), side)[0])
