"""Finds the garments of a picture: class, score and box."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from udfs.pictures.preprocess import Placement, letterbox
from udfs.runtime.models import SCORE_FLOOR, Model

CLASSES = ("top", "outerwear", "dress", "skirt", "trousers", "shorts", "shoes", "bag", "hat", "eyewear")
MOST_BOXES = 100
SAME_BOX = 0.5
"""Two boxes of one class that overlap more (intersection over union) are one garment."""


class Detection(NamedTuple):
    """A garment: `box` is left, top, right, bottom in 0..1 of the upright picture."""

    name: str
    score: float
    box: tuple[float, float, float, float]


def detect(pixels: Sequence[np.ndarray], model: Model) -> list[list[Detection]]:
    """The garments of each picture (H, W, 3) uint8 RGB, best score first; a picture without any gives an empty list."""
    if not pixels:
        return []
    placed = [letterbox(picture, model.description.side) for picture in pixels]
    outputs = model.run(np.stack([canvas for canvas, _ in placed]))
    return [
        decode(scores, boxes, placement)
        for scores, boxes, (_, placement) in zip(outputs["scores"], outputs["boxes"], placed, strict=True)
    ]


def decode(scores: np.ndarray, boxes: np.ndarray, placement: Placement) -> list[Detection]:
    """Peaks to detections.

    `scores` float32 [C, H, W], zero where a neighbour is higher; `boxes` float32 [C, 4, H, W] in canvas pixels.
    """
    flat = scores.reshape(-1)
    order = np.argsort(-flat, kind="stable")[:MOST_BOXES]
    order = order[flat[order] >= SCORE_FLOOR]
    place = scores.shape[1] * scores.shape[2]
    classes, cells = order // place, order % place
    corners = boxes.reshape(len(CLASSES), 4, place)[classes, :, cells]
    corners = on_picture(corners, placement)
    kept = suppress(corners, classes)
    kept = kept[(corners[kept, 2] > corners[kept, 0]) & (corners[kept, 3] > corners[kept, 1])]
    return [
        Detection(CLASSES[classes[index]], float(flat[order[index]]), _box(corners[index])) for index in kept.tolist()
    ]


def _box(corners: np.ndarray) -> tuple[float, float, float, float]:
    left, top, right, bottom = (float(value) for value in corners)
    return left, top, right, bottom


def on_picture(corners: np.ndarray, placement: Placement) -> np.ndarray:
    """Boxes [N, 4] from canvas pixels to 0..1 of the picture, clipped to it."""
    origin = np.array([placement.left, placement.top] * 2, dtype=np.float32)
    size = np.array([placement.width, placement.height] * 2, dtype=np.float32)
    return np.clip((corners - origin) / size, 0.0, 1.0).astype(np.float32)


def overlap(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Intersection over union [N, M] of boxes [N, 4] and [M, 4]; 0 where both are empty."""
    low = np.maximum(first[:, None, :2], second[None, :, :2])
    high = np.minimum(first[:, None, 2:], second[None, :, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=2)
    areas = [np.clip(boxes[:, 2:] - boxes[:, :2], 0, None).prod(axis=1) for boxes in (first, second)]
    union = areas[0][:, None] + areas[1][None, :] - shared
    return np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)


def suppress(corners: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Indices of the boxes, given best first, that no better box of their class covers."""
    covers = (overlap(corners, corners) > SAME_BOX) & (classes[:, None] == classes[None, :])
    covers = np.triu(covers, k=1)
    kept = np.ones(len(corners), dtype=bool)
    for index in range(len(corners)):
        if kept[index]:
            kept &= ~covers[index]
    return np.flatnonzero(kept)
