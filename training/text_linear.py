"""Softmax regression over sparse rows: minibatch Adagrad that touches only the features of a batch."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix


@dataclass(frozen=True)
class Fit:
    """How long and how fast to learn. `decay` is the L2 penalty a step and touched feature."""

    epochs: int = 8
    batch: int = 512
    rate: float = 0.3
    decay: float = 1e-6
    seed: int = 7


def softmax(scores: np.ndarray) -> np.ndarray:
    """Probabilities (N, K) of scores (N, K)."""
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)


def fitted(rows: csr_matrix, target: np.ndarray, weight: np.ndarray, fit: Fit) -> np.ndarray:
    """Weights (F + 1, K), the bias last, that give `target` (N, K; each row a distribution) from `rows` (N, F).

    `weight` (N,) is how much a row counts; its mean should be near 1.
    """
    features, classes = rows.shape[1], target.shape[1]
    weights = np.zeros((features + 1, classes), dtype=np.float32)
    squares = np.full((features + 1, classes), 1e-2, dtype=np.float32)
    draw = np.random.default_rng(fit.seed)
    steps = fit.epochs * -(-rows.shape[0] // fit.batch)
    step = 0
    for _ in range(fit.epochs):
        order = draw.permutation(rows.shape[0])
        for start in range(0, len(order), fit.batch):
            chosen = order[start : start + fit.batch]
            rate = fit.rate * (1 - step / steps)
            _step(rows[chosen], Target(target[chosen], weight[chosen]), weights, squares, (rate, fit.decay))
            step += 1
    return weights


def _step(
    rows: csr_matrix, wrong_by: "Target", weights: np.ndarray, squares: np.ndarray, pace: tuple[float, float]
) -> None:
    rate, decay = pace
    active, place = np.unique(rows.indices, return_inverse=True)
    batch = csr_matrix((rows.data, place, rows.indptr), shape=(rows.shape[0], len(active)))
    wrong = wrong_by.weight[:, None] * (softmax(batch @ weights[active] + weights[-1]) - wrong_by.target)
    gradient = batch.T @ wrong + decay * len(wrong) * weights[active]
    squares[active] += gradient**2
    weights[active] -= rate * gradient / np.sqrt(squares[active])
    bias = wrong.sum(axis=0)
    squares[-1] += bias**2
    weights[-1] -= rate * bias / np.sqrt(squares[-1])


@dataclass(frozen=True)
class Target:
    """What a batch should answer, (N, K), and how much each row counts, (N,)."""

    target: np.ndarray
    weight: np.ndarray
