"""Weights in 8 bits: a quarter of the bytes, nearly the same answers, and only for weights that are large."""

from pathlib import Path

import numpy as np
import onnxruntime
import torch
from torch import nn

from training.networks.export import eight_bits, export


def test_large_weights_lie_in_eight_bits_and_answer_nearly_the_same(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network, pixels = nn.Sequential(nn.Linear(600, 200), nn.ReLU(), nn.Linear(200, 40)), torch.randn(4, 600)
    sizes = {}
    for name, least in (("fine", None), ("coarse", 100_000), ("small", 10_000_000)):
        path = tmp_path / f"{name}.onnx"
        export(network, pixels, path, ["answer"], least)
        (answer,) = onnxruntime.InferenceSession(str(path)).run(None, {"pixels": pixels.numpy()})
        expected = network(pixels).detach().numpy()
        assert np.abs(answer - expected).max() < 0.01 * np.abs(expected).max()
        sizes[name] = path.stat().st_size
    assert sizes["small"] == sizes["fine"]
    assert 115_000 < sizes["fine"] - sizes["coarse"] < 120_000, "the first layer has 120,000 weights, the second 8,000"


def test_a_row_of_zeros_stays_zero_and_each_row_has_its_own_scale() -> None:
    values = np.array([[0.0, 0.0], [1.0, -0.5], [100.0, 50.0]], np.float32)
    whole, scale = eight_bits(values)
    assert whole.dtype == np.int8
    assert (np.abs(whole * scale - values).max(axis=1) <= [0.0, 0.004, 0.4]).all()
