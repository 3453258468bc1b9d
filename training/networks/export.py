"""From a torch module to one ONNX file, its large weights stored in half precision."""

import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

OPSET = 17
HALVED_FROM = 512
"""Weights of fewer numbers stay fp32: biases cost nothing, and their rounding would."""


def export(module: nn.Module, example: torch.Tensor, path: Path, outputs: Sequence[str]) -> None:
    """Write `module`, traced on `example` (its shape becomes the fixed batch shape), to `path`.

    Weights are rounded to fp16 in the file and cast back to fp32 in the graph: half the bytes, arithmetic in fp32.
    """
    module.eval()
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter names steps of its own that it skips
        torch.onnx.export(
            module,
            (example,),
            str(path),
            input_names=["pixels"],
            output_names=list(outputs),
            opset_version=OPSET,
            dynamo=False,
        )
    model = onnx.load(path)
    halve(model)
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString(deterministic=True))


def halve(model: onnx.ModelProto) -> None:
    """Store each large fp32 initializer of `model` as fp16 with a Cast behind it."""
    graph = model.graph
    casts = []
    for index, initializer in enumerate(graph.initializer):
        if initializer.data_type != TensorProto.FLOAT:
            continue
        values = numpy_helper.to_array(initializer)
        if values.size < HALVED_FROM:
            continue
        stored = f"{initializer.name}.half"
        casts.append(helper.make_node("Cast", [stored], [initializer.name], to=TensorProto.FLOAT))
        graph.initializer[index].CopyFrom(numpy_helper.from_array(values.astype(np.float16), stored))
    for cast in reversed(casts):
        graph.node.insert(0, cast)
