"""Average precision on cases that can be counted by hand."""

from pathlib import Path

import numpy as np
import pytest

from training.data.street import Photo
from training.detect.average_precision import average_precision, by_class, interval, match, mean_of
from udfs.pictures.detect import CLASSES, Detection

BOX = (0.1, 0.1, 0.5, 0.5)
ELSEWHERE = (0.6, 0.6, 0.9, 0.9)


def photo(boxes: list[tuple[float, ...]], name: str = "top", ignored: list[tuple[float, ...]] | None = None) -> Photo:
    return Photo(
        Path("none.jpg"),
        "test",
        "test",
        np.array(boxes, np.float32).reshape(-1, 4),
        np.full(len(boxes), CLASSES.index(name)),
        np.array(ignored or [], np.float32).reshape(-1, 4),
        np.ones(len(CLASSES), bool),
    )


def found(*items: tuple[float, tuple[float, ...]], name: str = "top") -> list[Detection]:
    return [Detection(name, score, box) for score, box in items]  # type: ignore[arg-type]


def precision(photos: list[Photo], detections: list[list[Detection]]) -> float:
    top = CLASSES.index("top")
    return average_precision([match(p, d, top, 0.5) for p, d in zip(photos, detections, strict=True)])


def test_the_truth_scores_one_and_nothing_scores_nothing() -> None:
    assert precision([photo([BOX, ELSEWHERE])], [found((0.9, BOX), (0.8, ELSEWHERE))]) == pytest.approx(1)
    assert precision([photo([BOX])], [[]]) == 0
    assert np.isnan(precision([photo([])], [found((0.9, BOX))]))


def test_a_second_box_on_one_garment_is_a_false_alarm() -> None:
    assert precision([photo([BOX, ELSEWHERE])], [found((0.9, BOX), (0.8, BOX), (0.7, ELSEWHERE))]) == pytest.approx(
        (51 * 1 + 50 * 2 / 3) / 101
    )


def test_a_false_alarm_in_an_ignored_region_does_not_count() -> None:
    detections = [found((0.9, ELSEWHERE), (0.8, BOX))]
    assert precision([photo([BOX], ignored=[ELSEWHERE])], detections) == pytest.approx(1)
    assert precision([photo([BOX])], detections) == pytest.approx(0.5)


def test_classes_that_a_source_does_not_label_do_not_count() -> None:
    unlabelled = photo([BOX])
    unlabelled.labelled[CLASSES.index("bag")] = False
    classes = by_class([unlabelled], [[*found((0.9, BOX)), *found((0.9, BOX), name="bag")]], 0.5)
    assert classes["top"] == pytest.approx(1)
    assert mean_of(classes) == 1


def test_the_interval_holds_the_value() -> None:
    photos = [photo([BOX]) for _ in range(20)]
    detections = [found((0.9, BOX if index % 2 else ELSEWHERE)) for index in range(20)]
    low, high = interval(photos, detections, 0.5)
    assert low < precision(photos, detections) < high
