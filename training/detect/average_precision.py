"""Average precision of a detector as COCO counts it: 101 recall points, one overlap bound."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from training.data.street import Photo
from udfs.pictures.detect import CLASSES, Detection, overlap

DRAWS = 200
COVERED = 0.5
"""A false alarm whose area lies so far inside a region that counts neither way is not counted."""


@dataclass(frozen=True)
class Hits:
    """One class over all photos: each detection's score and whether it found a garment, and how many there were."""

    scores: np.ndarray
    found: np.ndarray
    garments: int


def match(photo: Photo, detections: Sequence[Detection], name: int, bound: float) -> Hits:
    """Give each garment of the class to the best-scored detection that overlaps it by `bound` or more."""
    mine = sorted((item for item in detections if item.name == CLASSES[name]), key=lambda item: -item.score)
    truth = photo.boxes[photo.classes == name]
    if not photo.labelled[name] or not mine:
        return Hits(np.zeros(0), np.zeros(0, bool), len(truth))
    boxes = np.array([item.box for item in mine], dtype=np.float32)
    shared = overlap(boxes, truth) if len(truth) else np.zeros((len(boxes), 0), np.float32)
    free = np.ones(len(truth), dtype=bool)
    found = np.zeros(len(boxes), dtype=bool)
    counted = np.ones(len(boxes), dtype=bool)
    for index, row in enumerate(shared):
        candidates = np.where(free, row, 0)
        if len(truth) and candidates.max() >= bound:
            found[index] = True
            free[candidates.argmax()] = False
        else:
            counted[index] = not _inside(boxes[index], photo.ignored)
    scores = np.array([item.score for item in mine])
    return Hits(scores[counted], found[counted], len(truth))


def _inside(box: np.ndarray, regions: np.ndarray) -> bool:
    if not len(regions):
        return False
    low, high = np.maximum(box[:2], regions[:, :2]), np.minimum(box[2:], regions[:, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=1)
    return bool(shared.max() > COVERED * max(float((box[2:] - box[:2]).prod()), 1e-9))


def average_precision(hits: Sequence[Hits]) -> float:
    """Mean precision at recall 0, 0.01, ... 1; NaN where no photo shows the class."""
    garments = sum(item.garments for item in hits)
    if garments == 0:
        return float("nan")
    scores = np.concatenate([item.scores for item in hits])
    found = np.concatenate([item.found for item in hits])[np.argsort(-scores, kind="stable")]
    true = np.cumsum(found)
    recall, precision = true / garments, true / np.arange(1, len(found) + 1)
    best_from_here = np.maximum.accumulate(precision[::-1])[::-1]
    place = np.searchsorted(recall, np.linspace(0, 1, 101), side="left")
    return float(np.append(best_from_here, 0.0)[np.minimum(place, len(found))].mean())


def mean_of(classes: dict[str, float]) -> float:
    """The mean over the classes that any photo shows (mAP)."""
    return round(float(np.nanmean(list(classes.values()))), 4)


def by_class(photos: Sequence[Photo], found: Sequence[Sequence[Detection]], bound: float) -> dict[str, float]:
    """Average precision of each class at overlap `bound`."""
    return {
        name: average_precision([match(photo, items, index, bound) for photo, items in zip(photos, found, strict=True)])
        for index, name in enumerate(CLASSES)
    }


def interval(photos: Sequence[Photo], found: Sequence[Sequence[Detection]], bound: float) -> tuple[float, float]:
    """95% interval of the mean over classes, by drawing photos with replacement."""
    matches = [
        [match(photo, items, index, bound) for index in range(len(CLASSES))]
        for photo, items in zip(photos, found, strict=True)
    ]
    generator = np.random.default_rng(0)
    means = []
    for _ in range(DRAWS):
        drawn = generator.integers(len(matches), size=len(matches))
        classes = [average_precision([matches[row][index] for row in drawn]) for index in range(len(CLASSES))]
        means.append(float(np.nanmean(classes)))
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)
