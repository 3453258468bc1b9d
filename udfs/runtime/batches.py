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
        rows = np.ascontiguousarray(inputs[start : start + batch])
        count = len(rows)
        if count < batch:
            rows = np.concatenate((rows, np.zeros((batch - count, *rows.shape[1:]), rows.dtype)))
        for name, values in run(rows).items():
            collected.setdefault(name, []).append(values[:count])
    return {name: np.concatenate(parts) for name, parts in collected.items()}
