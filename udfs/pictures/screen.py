"""Whether a picture is wanted, and which single garment it shows."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from schemas.tables import SCREEN_CLASSES
from udfs.pictures.cut_out import cut_out
from udfs.pictures.preprocess import letterbox
from udfs.runtime.models import Model, ModelError

LEAST = 1e-12
"""Of a product of two probabilities, so that no row of them is all zero."""


class Chances(NamedTuple):
    """For B pictures probabilities float32: `screen` [B, 6] of SCREEN_CLASSES, `depicts` [B, C] of the release's
    image classes; each row sums to 1."""

    screen: np.ndarray
    depicts: np.ndarray


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
    found = chances(pixels, model)
    names = model.description.classes["depicts"]
    return Screened(found.screen, [names[at] for at in found.depicts.argmax(axis=1)], found.depicts.max(axis=1))


def chances(pixels: Sequence[np.ndarray], model: Model) -> Chances:
    """Look at every picture, and where its class is in doubt once more at what is cut out of its background."""
    side = model.description.side
    whole = model.run(np.stack([letterbox(picture, side)[0] for picture in pixels]))
    depicts = whole["depicts"]
    doubtful = np.flatnonzero(in_doubt(Chances(whole["screen"], depicts), model.description.preprocessing)).tolist()
    if doubtful:
        canvases = np.stack([cut_out(pixels[at], whole["outline"][at], side) for at in doubtful])
        depicts[doubtful] = joined(depicts[doubtful], model.run(canvases)["depicts_cut_out"])
    return Chances(whole["screen"], depicts)


def in_doubt(found: Chances, rule: Mapping[str, Any]) -> np.ndarray:
    """bool [B]: the class is less probable than `again_below`, and the picture at least `again_wanted` to be shown.

    A release that says neither has no outlines.
    """
    shown = found.screen[:, SCREEN_CLASSES.index("wanted")] >= rule.get("again_wanted", 0)
    return shown & (found.depicts.max(axis=1) < rule.get("again_below", 0))


def joined(whole: np.ndarray, cut: np.ndarray) -> np.ndarray:
    """Probabilities [B, C] by both looks, their geometric mean: they err on different pictures."""
    both = np.sqrt(np.maximum(whole * cut, LEAST))
    return both / both.sum(axis=1, keepdims=True)
