"""Turns the detector's peaks into boxes on the picture."""

from typing import NamedTuple

import numpy as np

from selvedge_searcher.preprocessing import Placement

SCORE_FLOOR = 0.05
MOST_BOXES = 100
SAME_BOX = 0.5
"""Two boxes of one class that overlap more (intersection over union) are one garment."""


class Box(NamedTuple):
    """A garment in a picture; `corners` are left, top, right, bottom in 0..1."""

    class_index: int
    score: float
    corners: tuple[float, ...]


def boxes(scores: np.ndarray, corners: np.ndarray, placement: Placement) -> list[Box]:
    """Boxes, best first, of peaks (C, H, W) that are zero beside a higher one, and corners (C, 4, H, W) in pixels."""
    flat = scores.reshape(-1)
    order = np.argsort(-flat, kind="stable")[:MOST_BOXES]
    order = order[flat[order] >= SCORE_FLOOR]
    cells = scores.shape[1] * scores.shape[2]
    classes = order // cells
    places = _on_picture(corners.reshape(len(scores), 4, cells)[classes, :, order % cells], placement)
    kept = _suppressed(places, classes)
    return [
        Box(int(classes[at]), float(flat[order[at]]), tuple(float(value) for value in places[at]))
        for at in kept
        if places[at, 2] > places[at, 0] and places[at, 3] > places[at, 1]
    ]


def _on_picture(corners: np.ndarray, placement: Placement) -> np.ndarray:
    origin = np.array([placement.left, placement.top] * 2, np.float32)
    size = np.array([placement.width, placement.height] * 2, np.float32)
    shares: np.ndarray = np.clip((corners - origin) / size, 0.0, 1.0)
    return shares.astype(np.float32)


def _suppressed(places: np.ndarray, classes: np.ndarray) -> list[int]:
    """Indices of the boxes, given best first, that no better box of their class covers."""
    low = np.maximum(places[:, None, :2], places[None, :, :2])
    high = np.minimum(places[:, None, 2:], places[None, :, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=2)
    area = np.clip(places[:, 2:] - places[:, :2], 0, None).prod(axis=1)
    union = area[:, None] + area[None, :] - shared
    overlap = np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
    covers = np.triu((overlap > SAME_BOX) & (classes[:, None] == classes[None, :]), k=1)
    kept = np.ones(len(places), bool)
    for at in range(len(places)):
        if kept[at]:
            kept &= ~covers[at]
    return np.flatnonzero(kept).tolist()
