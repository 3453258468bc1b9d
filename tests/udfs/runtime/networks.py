"""A network small enough to be written by hand, released in a folder of its own."""

import hashlib
import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from udfs.runtime.models import Description, digest_of

BATCH, SIDE = 4, 8
PREPROCESSING = {"function": "letterbox", "side": SIDE, "revision": 1}


def release(folder: Path, factor: float = 0.5) -> Path:
    """A release whose one output `scaled` is the input times `factor`, with its golden answers."""
    folder.mkdir(parents=True, exist_ok=True)
    weights = folder / "model.onnx"
    weights.write_bytes(graph(factor).SerializeToString())
    sha256 = hashlib.sha256(weights.read_bytes()).hexdigest()
    description = Description(
        name="halving",
        digest=digest_of(sha256, PREPROCESSING, "float"),
        task="test",
        weights="model.onnx",
        weights_sha256=sha256,
        numeric_class="float",
        preprocessing=PREPROCESSING,
        batch=BATCH,
        classes={},
        golden="golden.npz",
    )
    (folder / "model.json").write_text(json.dumps(asdict(description)), encoding="utf-8")
    inputs = np.arange(2 * SIDE * SIDE * 3, dtype=np.uint8).reshape(2, SIDE, SIDE, 3)
    np.savez(folder / "golden.npz", inputs=inputs, output_scaled=inputs.astype(np.float32) * np.float32(factor))
    return folder


def graph(factor: float) -> onnx.ModelProto:
    """pixels uint8 -> scaled float32."""
    shape = [BATCH, SIDE, SIDE, 3]
    nodes = [
        helper.make_node("Cast", ["pixels"], ["real"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["real", "factor"], ["scaled"]),
    ]
    return helper.make_model(
        helper.make_graph(
            nodes,
            "halving",
            [helper.make_tensor_value_info("pixels", TensorProto.UINT8, shape)],
            [helper.make_tensor_value_info("scaled", TensorProto.FLOAT, shape)],
            [numpy_helper.from_array(np.array(factor, dtype=np.float32), "factor")],
        ),
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=8,
    )
