"""The outliner learns what its teacher shows; a killed run goes on to the same weights."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from tests.training.data.test_labelled import write
from training import checkpoint
from training.data.tables import DataError
from training.screen import outline, outliner, teacher
from training.screen.outline import on_canvas
from training.screen.outliner import said_of
from training.screen.teacher import Teacher

SIDE = 96


class Bright:
    """A teacher to whom the subject is what is bright."""

    def __init__(self, weights: Path) -> None:
        pass

    def run(self, pictures: Sequence[np.ndarray]) -> np.ndarray:
        shape = (teacher.SIDE, teacher.SIDE)
        return np.stack([cv2.resize(pixels[:, :, 1], shape) // 128 * np.uint8(255) for pixels in pictures])


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Bright garments on dark ground, of many senders; no other pictures."""
    root = tmp_path_factory.mktemp("data")
    files = [f"{name}_{n}.png" for name in ("top", "dress") for n in range(40)]
    draw = np.random.default_rng(3)
    for folder, columns, rows in (
        ("g", "file|label|class|sender|kids|split|source|colour",
         [f"{file}|x|{file.split('_')[0]}|{at}|False||c|" for at, file in enumerate(files)]),
        ("c", "source|product_id|file|view|width|height", []),
        ("s", "file|label|class|x0|y0|x1|y1|source", []),
    ):  # fmt: skip
        write(root / folder / {"g": "index.tsv", "c": "views.tsv", "s": "boxes.tsv"}[folder], columns, *rows)
    write(root / "s" / "images.tsv", "file|width|height|source|kind|source_split")
    (root / "g" / "images").mkdir()
    for file in files:
        pixels = np.full((120, 90, 3), 30, np.uint8)
        left, top = draw.integers(5, 40, 2)
        pixels[top : top + 50, left : left + 40] = 220
        cv2.imwrite(str(root / "g" / "images" / file), pixels)
    return [root / name for name in ("g", "c", "s")]


def train(data: list[Path], root: Path, patch: pytest.MonkeyPatch) -> Path:
    words = ["outline", "--out", str(root / "o.safetensors"), "--work", str(root), "--steps", "40", "--teacher", "-"]
    patch.setattr("sys.argv", [*words, "--data", *map(str, data)])
    patch.setattr(outline, "SIDE", SIDE)
    patch.setattr(outline, "Teacher", Bright)
    patch.setattr(checkpoint, "EVERY_STEPS", 10)
    root.mkdir(exist_ok=True)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    outline.main()
    torch.set_num_threads(threads)
    return root / "o.safetensors"


def test_it_learns_and_a_killed_run_goes_on_to_the_same_weights(
    data: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = train(data, tmp_path / "whole", monkeypatch)
    assert float(said_of(whole)["likeness"]) > 0.7
    steps: list[int] = []
    rate_at = outline.rate_at

    def killed(step: int, *others: float) -> float:
        steps.append(step)
        if step == 25:
            raise KeyboardInterrupt
        return rate_at(step, *others)  # type: ignore[arg-type]

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(outline, "rate_at", killed)
        train(data, tmp_path / "killed", patch)
    resumed = train(data, tmp_path / "killed", monkeypatch)
    assert steps[-1] == 25
    for name, value in load_file(whole).items():
        assert torch.equal(value, load_file(resumed)[name]), name
    assert whole.read_bytes() == resumed.read_bytes()


def test_other_weights_are_no_teacher(tmp_path: Path) -> None:
    (tmp_path / "other.onnx").write_bytes(b"other")
    for name in ("other.onnx", "none.onnx"):
        with pytest.raises(DataError, match="not the weights"):
            Teacher(tmp_path / name)


def test_an_outline_lies_where_the_picture_does(tmp_path: Path) -> None:
    file = tmp_path / "wide.png"
    cv2.imwrite(str(file), np.zeros((48, 96, 3), np.uint8))
    half = np.zeros((teacher.SIDE, teacher.SIDE), np.float32)
    half[:, : teacher.SIDE // 2] = 255
    found = on_canvas(half, file, SIDE)
    assert found.shape == (12, 12)
    assert found[:3].max() == found[9:].max() == 0
    assert found[3:9, :5].min() == 1 and found[3:9, 7:].max() == 0


def test_the_kept_weights_load() -> None:
    assert not any(parameter.requires_grad for parameter in outliner.load().parameters())
