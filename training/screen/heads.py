"""Calibrated linear heads on pooled features: which rows train them, and how their settings are chosen by folds."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from training.data.labelled import Picture
from training.data.split import Part, fold_of, part_of
from training.linear import Scaler, balanced, fit, logits, temperature

FOLDS = 4
BALANCE = 0.5
"""Between counting every row alike (0) and every class alike (1)."""

Judge = Callable[[np.ndarray, np.ndarray], float]
"""How good probabilities [N, C] are for classes [N]; higher is better."""


@dataclass(frozen=True)
class Rows:
    """Features float32 [N, D] with their classes int64 [N]."""

    features: np.ndarray
    classes: np.ndarray

    @classmethod
    def of(cls, labelled: Sequence[tuple[Picture, int]], features: dict[Path, np.ndarray]) -> "Rows":
        """A row a labelled picture."""
        stacked = np.stack([features[picture.path] for picture, _ in labelled])
        return cls(stacked, np.array([name for _, name in labelled]))

    def where(self, chosen: np.ndarray) -> "Rows":
        """The rows that `chosen` (bool [N]) marks."""
        return Rows(self.features[chosen], self.classes[chosen])

    def __add__(self, other: "Rows") -> "Rows":
        return Rows(np.concatenate((self.features, other.features)), np.concatenate((self.classes, other.classes)))


@dataclass(frozen=True)
class Head:
    """A linear layer on unscaled features that answers calibrated logits."""

    layer: nn.Linear
    penalty: float
    folded: np.ndarray
    """Probabilities [N, C] of the training rows, each by a head that did not see its fold."""


@dataclass(frozen=True)
class Task:
    """The labelled rows of one head, `drawn` rows that only train it, and which rows are kept back."""

    pictures: list[Picture]
    rows: Rows
    drawn: Rows
    salt: str

    @classmethod
    def of(
        cls, labelled: Sequence[tuple[Picture, int]], features: dict[Path, np.ndarray], drawn: Rows | None, salt: str
    ) -> "Task":
        """A row a labelled picture; no drawn ones where `drawn` is None."""
        pictures = [picture for picture, _ in labelled]
        rows = Rows.of(labelled, features)
        return cls(pictures, rows, drawn or rows.where(np.zeros(len(pictures), bool)), salt)

    @property
    def held_back(self) -> np.ndarray:
        """bool [N]: the validation part."""
        return np.array([part_of(picture.group, self.salt) is Part.VALIDATION for picture in self.pictures])

    @property
    def trained(self) -> list[Path]:
        """The files of the training part."""
        return [picture.path for picture, kept in zip(self.pictures, self.held_back, strict=True) if not kept]

    def train(self, penalties: Sequence[float], judge: Judge) -> Head:
        """Choose the penalty by folds, the temperature on the answers of those folds, then fit on the training part."""
        seen = ~self.held_back
        folds = np.array([fold_of(picture.group, self.salt, FOLDS) for picture in self.pictures])[seen]
        rows = self.rows.where(seen)
        tried = []
        for penalty in penalties:
            answers = np.zeros((len(rows.classes), int(rows.classes.max()) + 1), np.float32)
            for fold in range(FOLDS):
                layer = fit_rows(rows.where(folds != fold) + self.drawn, penalty)
                answers[folds == fold] = logits(layer, rows.features[folds == fold])
            worth = judge(probabilities(answers), rows.classes)
            print(f"penalty {penalty}: {worth:.4f}", flush=True)
            tried.append((worth, penalty, answers))
        _, penalty, answers = max(tried, key=lambda item: item[0])
        scale = temperature(answers, rows.classes)
        layer = fit_rows(rows + self.drawn, penalty)
        layer.weight.data /= scale
        layer.bias.data /= scale
        return Head(layer, penalty, probabilities(answers / scale))

    def validate(self, head: Head) -> tuple[np.ndarray, np.ndarray]:
        """Probabilities and classes of the validation part."""
        kept = self.rows.where(self.held_back)
        return probabilities(logits(head.layer, kept.features)), kept.classes


def fit_rows(rows: Rows, penalty: float) -> nn.Linear:
    """A layer on unscaled features, fitted on scaled ones."""
    scaler = Scaler.of(rows.features)
    fitted = fit(scaler.apply(rows.features), rows.classes, balanced(rows.classes, BALANCE), penalty)
    weight = fitted.weight.detach().double() * torch.from_numpy(scaler.inverse).double()
    layer = nn.Linear(weight.shape[1], weight.shape[0])
    layer.weight.data = weight.float()
    layer.bias.data = (fitted.bias.detach().double() - weight @ torch.from_numpy(scaler.mean).double()).float()
    return layer


def probabilities(answers: np.ndarray) -> np.ndarray:
    """Softmax of logits [N, C]."""
    return torch.from_numpy(answers).softmax(1).numpy()


def share_right(probabilities_: np.ndarray, classes: np.ndarray) -> float:
    """Share of rows whose most probable class is theirs."""
    return float((probabilities_.argmax(1) == classes).mean())
