"""Softmax regression over sparse rows: minibatch Adagrad that touches only the features of a batch."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix


@dataclass(frozen=True)
class Fit:
    """How long and how fast to learn. `decay` is the L2 penalty a step and touched feature.

    `hidden` is the share of values hidden from each step, `blinded` the share of rows that lose each of their kinds of
    features but the last: in an unseen shop most features are unknown, and what remains must do.
    """

    epochs: int = 8
    batch: int = 1024
    rate: float = 0.35
    decay: float = 1e-6
    hidden: float = 0.4
    blinded: float = 0.5
    seed: int = 7


@dataclass(frozen=True)
class Lesson:
    """Rows (N, F), what each should answer (N, K; each row a distribution), and how much it counts, (N,), about 1.

    `kinds` int8 (F,) groups the features; the last kind is never hidden.
    """

    rows: csr_matrix
    target: np.ndarray
    weight: np.ndarray
    kinds: np.ndarray


def softmax(scores: np.ndarray) -> np.ndarray:
    """Probabilities (N, K) of scores (N, K)."""
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)


def fitted(lesson: Lesson, fit: Fit) -> np.ndarray:
    """Weights (F + 1, K), the bias last."""
    shape = (lesson.rows.shape[1] + 1, lesson.target.shape[1])
    weights, squares = np.zeros(shape, np.float32), np.full(shape, 1e-2, np.float32)
    draw = np.random.default_rng(fit.seed)
    steps = fit.epochs * -(-lesson.rows.shape[0] // fit.batch)
    step = 0
    for _ in range(fit.epochs):
        order = draw.permutation(lesson.rows.shape[0])
        for start in range(0, len(order), fit.batch):
            chosen = order[start : start + fit.batch]
            rows = _partly_hidden(lesson.rows[chosen], lesson.kinds, fit, draw)
            batch = Lesson(rows, lesson.target[chosen], lesson.weight[chosen], lesson.kinds)
            _step(batch, weights, squares, (fit.rate * (1 - step / steps), fit.decay))
            step += 1
    return weights


def _partly_hidden(rows: csr_matrix, kinds: np.ndarray, fit: Fit, draw: np.random.Generator) -> csr_matrix:
    last = kinds.max()
    seen = draw.random((rows.shape[0], last + 1)) >= fit.blinded
    seen[:, last] = True
    row = np.repeat(np.arange(rows.shape[0]), np.diff(rows.indptr))
    kept = seen[row, kinds[rows.indices]] & (draw.random(rows.nnz) >= fit.hidden)
    starts = np.concatenate([[0], np.cumsum(np.bincount(row[kept], minlength=rows.shape[0]))])
    return csr_matrix((rows.data[kept] / (1 - fit.hidden), rows.indices[kept], starts), shape=rows.shape)


def _step(batch: Lesson, weights: np.ndarray, squares: np.ndarray, pace: tuple[float, float]) -> None:
    rate, decay = pace
    active, place = np.unique(batch.rows.indices, return_inverse=True)
    rows = csr_matrix((batch.rows.data, place, batch.rows.indptr), shape=(batch.rows.shape[0], len(active)))
    wrong = batch.weight[:, None] * (softmax(rows @ weights[active] + weights[-1]) - batch.target)
    gradient = rows.T @ wrong + decay * len(wrong) * weights[active]
    squares[active] += gradient**2
    weights[active] -= rate * gradient / np.sqrt(squares[active])
    bias = wrong.sum(axis=0)
    squares[-1] += bias**2
    weights[-1] -= rate * bias / np.sqrt(squares[-1])
