"""The promoted models, and pictures to try them on."""

from pathlib import Path

import numpy as np

from udfs.runtime.models import Model, load, promoted

FIRST = (3, 0, 8)
"""Places of the pictures that are also tried alone."""
MODELS = Path(__file__).resolve().parents[3] / "models"


def model(name: str) -> Model:
    """The promoted release of a model."""
    return load(promoted(name, MODELS))


def pictures() -> list[np.ndarray]:
    """Ten pictures, more than one batch, of shapes from 1 x 1 to a strip of 20,000 x 10."""
    generator = np.random.default_rng(5)
    smooth = [np.kron(generator.integers(0, 256, (6, 4, 3)), np.ones((40, 50, 1))).astype(np.uint8) for _ in range(4)]
    noisy = [generator.integers(0, 256, shape, dtype=np.uint8) for shape in ((300, 200, 3), (64, 64, 3), (7, 900, 3))]
    odd = [np.zeros((1, 1, 3), np.uint8), np.full((10, 20_000, 3), 200, np.uint8), np.full((50, 50, 3), 255, np.uint8)]
    return [*smooth, *noisy, *odd]
