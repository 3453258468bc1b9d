"""Multinomial logistic regression on frozen features, its strength of regularisation chosen by grouped folds."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

MOST_ITERATIONS = 80


@dataclass(frozen=True)
class Scaler:
    """Mean and inverse deviation [D] of each feature over the training part."""

    mean: np.ndarray
    inverse: np.ndarray

    @classmethod
    def of(cls, features: np.ndarray) -> "Scaler":
        """Measured on features [N, D]; a feature that never changes is left as it is."""
        deviation = features.std(axis=0, dtype=np.float64)
        return cls(
            features.mean(axis=0, dtype=np.float64).astype(np.float32),
            (1.0 / np.where(deviation > 1e-4, deviation, 1.0)).astype(np.float32),
        )

    def apply(self, features: np.ndarray) -> np.ndarray:
        """Features [N, D] with mean 0 and deviation 1."""
        return (features - self.mean) * self.inverse


def balanced(classes: np.ndarray, power: float) -> np.ndarray:
    """A weight a row [N], mean 1: rare classes count more, by `power` 0 (not at all) to 1 (every class alike)."""
    counts = np.bincount(classes)
    weights = (1.0 / np.maximum(counts, 1)) ** power
    rows = weights[classes]
    return (rows / rows.mean()).astype(np.float32)


def fit(features: np.ndarray, classes: np.ndarray, weights: np.ndarray, penalty: float) -> nn.Linear:
    """Minimise weighted cross-entropy plus `penalty` / 2 times the squared weights, by L-BFGS from zero.

    `features` float32 [N, D] scaled, `classes` int64 [N], `weights` float32 [N].
    """
    inputs, truth, shares = torch.from_numpy(features), torch.from_numpy(classes), torch.from_numpy(weights)
    layer = nn.Linear(features.shape[1], int(classes.max()) + 1)
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    optimiser = torch.optim.LBFGS(
        layer.parameters(), max_iter=MOST_ITERATIONS, tolerance_change=1e-6, line_search_fn="strong_wolfe"
    )

    def closure() -> Tensor:
        optimiser.zero_grad()
        errors = functional.cross_entropy(layer(inputs), truth, reduction="none")
        total = (errors * shares).mean() + 0.5 * penalty * layer.weight.square().sum()
        total.backward()
        return total

    optimiser.step(closure)
    return layer


def logits(layer: nn.Module, features: np.ndarray) -> np.ndarray:
    """Unnormalised answers float32 [N, C]."""
    with torch.no_grad():
        return layer(torch.from_numpy(features)).numpy()


def temperature(answers: np.ndarray, classes: np.ndarray) -> float:
    """The number that `answers` [N, C] are divided by so that their probabilities are calibrated (Guo et al. 2017)."""
    candidates = np.exp(np.linspace(np.log(0.3), np.log(5.0), 60))
    losses = [functional.cross_entropy(torch.from_numpy(answers / t), torch.from_numpy(classes)) for t in candidates]
    return float(candidates[int(np.argmin([float(item) for item in losses]))])
