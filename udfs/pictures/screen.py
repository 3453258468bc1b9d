"""Whether a picture may be shown, and what single garment it shows."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from schemas.tables import SCREEN_CLASSES
from udfs.pictures.preprocess import letterbox
from udfs.runtime.models import Model, ModelError


class Screened(NamedTuple):
    """For B pictures: `probabilities` float32 [B, 6] in the order of SCREEN_CLASSES, each row sums to 1; `depicts` [B]
    the class of the garment if it is a single one, `depicts_score` float32 [B] its probability."""

    probabilities: np.ndarray
    depicts: list[str]
    depicts_score: np.ndarray


def screen(pixels: Sequence[np.ndarray], model: Model) -> Screened:
    """Screen pictures (H, W, 3) uint8 RGB, upright; any size from 1 x 1 gives an answer."""
    if tuple(model.description.classes["screen"]) != SCREEN_CLASSES:
        raise ModelError(f"{model.folder}: its screen classes are not those of the table")
    if not pixels:
        return Screened(np.zeros((0, len(SCREEN_CLASSES)), np.float32), [], np.zeros(0, np.float32))
    side = model.description.side
    outputs = model.run(np.stack([letterbox(picture, side)[0] for picture in pixels]))
    best = outputs["depicts"].argmax(axis=1)
    names = model.description.classes["depicts"]
    score = outputs["depicts"][np.arange(len(best)), best]
    return Screened(outputs["screen"], [names[index] for index in best], score)
