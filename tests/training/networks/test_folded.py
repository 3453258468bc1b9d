"""A detector with folded batch norms answers as before, and takes up the weights of a release."""

import copy
from pathlib import Path

import numpy as np
import pytest
import torch

from schemas.errors import WrongInput
from training.networks.backbone import imagenet
from training.networks.export import export
from training.networks.folded import fold, load_release
from training.networks.pyramid import Detector, Pyramid
from udfs.runtime.models import SCORE_FLOOR, promoted

RELEASE = promoted("detect", Path(__file__).parents[3] / "models")
BLANK = torch.zeros(1, 64, 64, 3, dtype=torch.uint8)


def test_folding_changes_no_answer() -> None:
    torch.manual_seed(1)
    detector = Detector(imagenet(), Pyramid(8)).eval()
    for part in detector.head.modules():
        if isinstance(part, torch.nn.BatchNorm2d):
            part.running_mean.uniform_(-1, 1)  # type: ignore[union-attr,operator]
            part.running_var.uniform_(0.5, 2)  # type: ignore[union-attr,operator]
    pixels = torch.randint(0, 255, (1, 64, 64, 3), dtype=torch.uint8)
    with torch.no_grad():
        before = detector(pixels)
        fold(detector)
        after = detector(pixels)
    assert not any(isinstance(part, torch.nn.BatchNorm2d) for part in detector.head.modules())
    for one, other in zip(before, after, strict=True):
        assert torch.allclose(one, other, rtol=1e-3, atol=1e-3)


def test_the_weights_of_a_release_give_its_golden_answers() -> None:
    detector = Detector(imagenet(), Pyramid(96)).eval()
    fold(detector)
    load_release(detector, RELEASE, BLANK)
    with np.load(RELEASE / "golden.npz") as golden, torch.no_grad():
        scores, boxes = (answer.numpy() for answer in detector(torch.from_numpy(golden["inputs"])))
        assert np.abs(scores - golden["output_scores"]).max() < 1e-4
        read = (
            golden["output_scores"] >= SCORE_FLOOR
        )  # where no class is likely, a mean weighted by scores says nothing
        apart = np.abs(boxes - golden["output_boxes"]).max(axis=2)[read]
        assert len(apart) and apart.max() < 0.5


def test_a_release_of_another_network_is_refused() -> None:
    detector = Detector(imagenet(), Pyramid(64)).eval()
    fold(detector)
    with pytest.raises(WrongInput, match="no release of this network"):
        load_release(detector, RELEASE, BLANK)


def test_what_a_release_lacks_at_the_end_keeps_its_weights(tmp_path: Path) -> None:
    first, last = torch.nn.Conv2d(3, 4, 3), torch.nn.Conv2d(4, 2, 1)
    image = torch.zeros(1, 3, 8, 8)
    export(first, image, tmp_path / "model.onnx", ["maps"])
    longer = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), copy.deepcopy(last))
    load_release(longer, tmp_path, image)
    assert torch.allclose(longer[0].weight, first.weight, atol=1e-3)
    assert torch.equal(longer[1].weight, last.weight)
