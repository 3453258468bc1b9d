"""What the detector's head is asked for."""

import math

import numpy as np
import pytest
import torch

from training.detect.targets import draw, loss, overlaps
from training.networks.pyramid import FIT_TRUST, STRIDE, Answer, Pyramid, peaks_and_boxes
from udfs.pictures.detect import CLASSES, decode
from udfs.pictures.preprocess import Placement

SIDE = 320
ALL = np.ones(len(CLASSES), bool)
NONE = np.zeros((0, 4), np.float32)


def one_box(box: tuple[float, ...], name: str) -> tuple[np.ndarray, np.ndarray]:
    return np.array([box], np.float32), np.array([CLASSES.index(name)])


def test_the_peak_is_one_at_the_centre_and_only_in_its_class() -> None:
    targets = draw(*one_box((80, 40, 160, 200), "dress"), NONE, ALL, (SIDE, SIDE))
    dress = CLASSES.index("dress")
    assert np.argwhere(targets.heat == 1).tolist() == [[dress, 120 // STRIDE, 120 // STRIDE]]
    assert targets.heat[[index for index in range(len(CLASSES)) if index != dress]].max() == 0
    assert targets.box_weight.sum() == pytest.approx(1, abs=1e-5)
    assert (targets.boxes == (80, 40, 160, 200)).all()


def test_what_a_source_does_not_label_is_not_learnt() -> None:
    known = np.array([name == "top" for name in CLASSES])
    targets = draw(NONE, np.zeros(0, int), NONE, known, (SIDE, SIDE))
    assert targets.weight[CLASSES.index("top")].all()
    assert not targets.weight[CLASSES.index("shoes")].any()


def test_ignored_regions_are_not_learnt_but_a_centre_inside_them_is() -> None:
    boxes, classes = one_box((40, 40, 120, 120), "bag")
    targets = draw(boxes, classes, np.array([[0, 0, 200, 200]], np.float32), ALL, (SIDE, SIDE))
    assert targets.weight[CLASSES.index("hat"), 5, 5] == 0
    assert targets.weight[CLASSES.index("hat"), 35, 35] == 1
    assert targets.weight[CLASSES.index("bag"), 80 // STRIDE, 80 // STRIDE] == 1


def perfect(targets_box: tuple[float, ...], name: int) -> Answer:
    """The answer that says exactly this box, everywhere on the map."""
    place = (torch.arange(SIDE // STRIDE) + 0.5) * STRIDE
    left, top, right, bottom = targets_box
    reach = torch.full((1, len(CLASSES), 4, SIDE // STRIDE, SIDE // STRIDE), 1.0)
    reach[0, name, 0], reach[0, name, 2] = place[None, :] - left, right - place[None, :]
    reach[0, name, 1], reach[0, name, 3] = place[:, None] - top, bottom - place[:, None]
    logits = torch.full((1, len(CLASSES), SIDE // STRIDE, SIDE // STRIDE), -12.0)
    logits[0, name, int((top + bottom) / 2) // STRIDE, int((left + right) / 2) // STRIDE] = 12.0
    return Answer(logits, reach, torch.full_like(logits, 12.0))


def test_the_right_answer_has_no_loss_and_decodes_to_the_box() -> None:
    box, name = (80.0, 40.0, 160.0, 200.0), CLASSES.index("skirt")
    answer = perfect(box, name)
    focal, boxes, fit = loss(answer, [draw(*one_box(box, "skirt"), NONE, ALL, (SIDE, SIDE))])
    assert focal < 1e-3
    assert boxes < 1e-4
    assert fit < 1e-4
    scores, corners = peaks_and_boxes(answer)
    (found,) = decode(scores[0].numpy(), corners[0].numpy(), Placement(0, 0, SIDE, SIDE))
    assert found.name == "skirt"
    assert np.allclose(np.array(found.box) * SIDE, box, atol=1e-3)


def test_a_photo_without_garments_has_a_loss_too() -> None:
    head = Pyramid(width=16)
    maps = (torch.zeros(1, 40, 40, 40), torch.zeros(1, 112, 20, 20), torch.zeros(1, 320, 10, 10))
    focal, boxes, fit = loss(head(*maps), [draw(NONE, np.zeros(0, int), NONE, ALL, (SIDE, SIDE))])
    assert torch.isfinite(focal + boxes + fit)
    assert boxes == fit == 0


def test_overlaps_of_known_boxes() -> None:
    box = torch.tensor([[0.0, 0.0, 2.0, 2.0]])
    others = torch.tensor([[0.0, 0.0, 2.0, 2.0], [1.0, 0.0, 3.0, 2.0], [2.0, 0.0, 4.0, 2.0], [4.0, 0.0, 6.0, 2.0]])
    plain, generalised = overlaps(box, others)
    assert plain.tolist() == pytest.approx([1, 1 / 3, 0, 0])
    assert generalised.tolist() == pytest.approx([1, 1 / 3, 0, -1 / 3])


def test_the_fit_learns_how_much_the_box_overlaps() -> None:
    name = CLASSES.index("skirt")
    answer = perfect((80.0, 40.0, 160.0, 200.0), name)
    answer.fit.zero_().requires_grad_()
    halved = [draw(*one_box((80.0, 40.0, 160.0, side), "skirt"), NONE, ALL, (SIDE, SIDE)) for side in (100.0, 200.0)]
    pulls = []
    for targets in halved:
        (pull,) = torch.autograd.grad(loss(answer, [targets])[2], answer.fit)
        pulls.append(float(pull.sum()))
    assert pulls[0] > 0 > pulls[1], "a box that overlaps by 3 / 8 lowers a fit of 1/2, one that is right raises it"


def test_a_looser_box_of_the_same_peak_has_a_lower_score() -> None:
    logits = torch.full((1, len(CLASSES), 8, 8), -30.0)
    logits[0, :3, 4, 4] = 0.0
    fit = torch.zeros_like(logits)
    for name, overlap in enumerate((0.75, 0.375, 0.9)):
        fit[0, name] = math.log(overlap / (1 - overlap))
    scores, _ = peaks_and_boxes(Answer(logits, torch.full((1, len(CLASSES), 4, 8, 8), 8.0), fit))
    typical, loose, tight = scores[0, :3, 4, 4].tolist()
    assert typical == pytest.approx(0.5, abs=1e-4)
    assert loose == pytest.approx(1 / (1 + 2**FIT_TRUST), abs=1e-4)
    assert typical < tight < 1


def test_a_box_is_the_mean_of_nine_cells_by_the_squares_of_their_peaks() -> None:
    logits = torch.full((1, len(CLASSES), 8, 8), -30.0)
    reach = torch.full((1, len(CLASSES), 4, 8, 8), 8.0)
    logits[0, 0, 4, 4], logits[0, 0, 4, 5] = 0.0, -1.0986  # peaks of 1/2 and 1/4
    reach[0, 0, :, 4, 5] = 16.0
    scores, boxes = peaks_and_boxes(Answer(logits, reach, torch.full_like(logits, math.log(3))))
    centre, beside = 4.5 * STRIDE, 5.5 * STRIDE
    assert scores[0, 0, 4, 4] == pytest.approx(0.5)
    assert scores[0, 0, 4, 5] == 0
    left, top, right, bottom = boxes[0, 0, :, 4, 4].tolist()
    assert left == pytest.approx(0.8 * (centre - 8) + 0.2 * (beside - 16), abs=0.01)
    assert right == pytest.approx(0.8 * (centre + 8) + 0.2 * (beside + 16), abs=0.01)
    assert (top, bottom) == pytest.approx((0.8 * (centre - 8) + 0.2 * (centre - 16), centre + 9.6), abs=0.01)
    assert torch.isfinite(boxes).all()
