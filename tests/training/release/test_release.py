"""From a module to a release that loads: half the bytes, the same answers, golden answers that hold."""

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from torch import nn

from training.checkpoint import EVERY_STEPS, Checkpoint
from training.data.charts import draw_chart
from training.data.trained import content_key, unseen
from training.detect.train import Plan
from training.intervals import share, wilson
from training.release.golden import golden_inputs
from training.release.release import Release, promote, write_release
from udfs.runtime.models import load, promoted

SIDE = 32


class Mean(nn.Module):
    """A layer over the mean of a picture's rows."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.layer = nn.Linear(SIDE * 3, 20)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        return self.layer(pixels.float().mean(1).flatten(1))


@pytest.fixture
def released(tmp_path: Path) -> Path:
    seen = tmp_path / "seen.jpg"
    seen.write_bytes(b"seen")
    release = Release(
        name="mean",
        task="test",
        preprocessing={"function": "letterbox", "side": SIDE, "revision": 1},
        batch=2,
        classes={},
        outputs=["answer"],
        card="# mean\n",
        trained=[seen],
    )
    return write_release(release, Mean(), tmp_path / "models")


def test_a_release_answers_as_the_module_did(released: Path) -> None:
    inputs = np.random.default_rng(0).integers(0, 256, (3, SIDE, SIDE, 3), dtype=np.uint8)
    module = Mean().eval()
    with torch.no_grad():
        expected = module(torch.from_numpy(inputs)).numpy()
    assert np.abs(load(released).run(inputs)["answer"] - expected).max() < 0.01 * np.abs(expected).max()


def test_large_weights_are_stored_in_half_precision(released: Path) -> None:
    graph = onnx.load(released / "model.onnx").graph
    kinds = {np.prod(item.dims): item.data_type for item in graph.initializer}
    assert kinds[SIDE * 3 * 20] == onnx.TensorProto.FLOAT16
    assert kinds[20] == onnx.TensorProto.FLOAT


def test_the_folder_is_named_by_the_digest_and_promoted_by_name(released: Path) -> None:
    root = released.parents[1]
    promote("mean", released, root)
    assert promoted("mean", root) == released
    assert load(released).digest.startswith(released.name)


def test_files_that_trained_the_model_are_known_by_content(released: Path, tmp_path: Path) -> None:
    class File:
        def __init__(self, path: Path) -> None:
            self.path = path

    copy, fresh = tmp_path / "copy.jpg", tmp_path / "fresh.jpg"
    copy.write_bytes(b"seen")
    fresh.write_bytes(b"fresh")
    assert [item.path for item in unseen(released, [File(copy), File(fresh)])] == [fresh]
    assert content_key(copy) != content_key(fresh)


def test_golden_pictures_are_the_same_everywhere() -> None:
    assert np.array_equal(golden_inputs(64), golden_inputs(64))
    assert len({picture.tobytes() for picture in golden_inputs(64)}) == 3


def test_charts_are_a_function_of_their_number() -> None:
    charts = [draw_chart(number) for number in range(12)]
    assert all(np.array_equal(chart, draw_chart(number)) for number, chart in enumerate(charts))
    assert len({chart.tobytes() for chart in charts}) == 12
    assert all(chart.std() > 5 for chart in charts)


def test_a_killed_run_goes_on_to_the_same_weights(tmp_path: Path) -> None:
    def run(folder: Path, killed_at: int | None) -> np.ndarray:
        torch.manual_seed(1)
        layer = nn.Linear(4, 1)
        parts = {"layer": layer, "optimiser": torch.optim.AdamW(layer.parameters(), lr=0.01)}
        checkpoint = Checkpoint.of(folder, "test", Plan(start="none"))
        for step in range(checkpoint.restore(parts), 3 * EVERY_STEPS):
            if step == killed_at:
                return run(folder, None)
            inputs = torch.from_numpy(np.random.default_rng(step).standard_normal((8, 4)).astype(np.float32))
            parts["optimiser"].zero_grad()
            (layer(inputs) ** 2).mean().backward()
            parts["optimiser"].step()
            checkpoint.save(step + 1, parts)
        return layer.weight.detach().numpy()

    assert np.array_equal(run(tmp_path / "a", None), run(tmp_path / "b", EVERY_STEPS + 30))


def test_another_plan_has_another_checkpoint(tmp_path: Path) -> None:
    assert Checkpoint.of(tmp_path, "x", Plan("a")).path != Checkpoint.of(tmp_path, "x", Plan("a", seed=8)).path


def test_wilson_intervals() -> None:
    assert wilson(0, 0) == (0.0, 1.0)
    low, high = wilson(98, 100)
    assert (round(low, 4), round(high, 4)) == (0.9300, 0.9945)
    assert share(0, 0)["value"] is None
