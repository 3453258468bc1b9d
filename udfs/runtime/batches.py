"""Runs a network of a fixed batch over any number of rows."""

from collections.abc import Callable

import numpy as np


def in_batches(
    run: Callable[[np.ndarray], dict[str, np.ndarray]], inputs: np.ndarray, batch: int
) -> dict[str, np.ndarray]:
    """Outputs by name for inputs [N, ...], in batches of exactly `batch`; padding rows are zero and dropped."""
    if len(inputs) == 0:
        raise ValueError("a network needs at least one input")
    collected: dict[str, list[np.ndarray]] = {}
    for start in range(0, len(inputs), batch):
        rows = inputs[start : start + batch]
        for name, values in run(padded(rows, batch)).items():
            collected.setdefault(name, []).append(values[: len(rows)])
    return {name: np.concatenate(parts) for name, parts in collected.items()}


def padded(rows: np.ndarray, batch: int) -> np.ndarray:
    """`batch` rows in one block of memory: these, and zeros after them."""
    if len(rows) == batch:
        return np.ascontiguousarray(rows)
    return np.concatenate((rows, np.zeros((batch - len(rows), *rows.shape[1:]), rows.dtype)))
