"""The detector: boxes on the picture, the same in any batch; peaks to boxes and what covers what."""

import numpy as np

from tests.udfs.pictures.promoted import FIRST, model, pictures
from udfs.pictures.detect import CLASSES, MOST_BOXES, decode, detect, on_picture, overlap, suppress
from udfs.pictures.preprocess import Placement

WHOLE_CANVAS = Placement(0, 0, 320, 320)


def test_detect_gives_the_same_boxes_in_any_batch() -> None:
    every = detect(pictures(), model("detect"))
    for index in FIRST:
        assert detect([pictures()[index]], model("detect"))[0] == every[index]


def test_detections_lie_on_the_picture_best_first() -> None:
    for found in detect(pictures(), model("detect")):
        scores = [item.score for item in found]
        assert scores == sorted(scores, reverse=True)
        for item in found:
            left, top, right, bottom = item.box
            assert 0 <= left < right <= 1
            assert 0 <= top < bottom <= 1


def test_no_picture_gives_no_list() -> None:
    assert detect([], model("detect")) == []


def empty_maps() -> tuple[np.ndarray, np.ndarray]:
    return np.zeros((len(CLASSES), 40, 40), np.float32), np.zeros((len(CLASSES), 4, 40, 40), np.float32)


def test_a_peak_becomes_a_box_of_its_class() -> None:
    scores, boxes = empty_maps()
    scores[6, 10, 20], boxes[6, :, 10, 20] = 0.75, (32, 64, 160, 320)
    (found,) = decode(scores, boxes, WHOLE_CANVAS)
    assert (found.name, found.score) == ("shoes", 0.75)
    assert np.allclose(found.box, (0.1, 0.2, 0.5, 1.0))


def test_scores_below_the_floor_and_boxes_off_the_picture_are_left_out() -> None:
    scores, boxes = empty_maps()
    scores[0, 0, 0], boxes[0, :, 0, 0] = 0.01, (0, 0, 99, 99)
    scores[1, 5, 5], boxes[1, :, 5, 5] = 0.9, (0, 0, 20, 300)
    assert decode(scores, boxes, Placement(100, 0, 120, 320)) == []


def test_no_more_than_the_most_boxes_come_out() -> None:
    scores, boxes = empty_maps()
    scores[:] = 0.5
    place = np.arange(1600, dtype=np.float32).reshape(40, 40) / 1600 * 300
    boxes[:, 0], boxes[:, 1], boxes[:, 2], boxes[:, 3] = place, place, place + 0.1, place + 0.1
    assert len(decode(scores, boxes, WHOLE_CANVAS)) == MOST_BOXES


def test_letterbox_is_undone() -> None:
    corners = on_picture(np.array([[80.0, 0.0, 240.0, 320.0]]), Placement(80, 0, 160, 320))
    assert corners.tolist() == [[0, 0, 1, 1]]


def test_overlap_of_known_boxes() -> None:
    boxes = np.array([[0, 0, 2, 2], [1, 1, 3, 3], [5, 5, 5, 5]], np.float32)
    shared = overlap(boxes, boxes)
    assert np.allclose(shared, [[1, 1 / 7, 0], [1 / 7, 1, 0], [0, 0, 0]])


def test_a_covered_box_of_the_same_class_goes() -> None:
    boxes = np.array([[0, 0, 10, 10], [0, 0, 10, 9], [0, 0, 10, 9], [20, 20, 30, 30]], np.float32)
    assert suppress(boxes, np.array([0, 0, 1, 0])).tolist() == [0, 2, 3]


def test_what_a_suppressed_box_covers_stays() -> None:
    boxes = np.array([[0, 0, 10, 10], [0, 3, 10, 13], [0, 6, 10, 16]], np.float32)
    assert suppress(boxes, np.zeros(3, int)).tolist() == [0, 2]
