"""From a torch module to one ONNX file, its large weights stored in 16 or 8 bits."""

import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

OPSET = 17
HALVED_FROM = 512
"""Weights of fewer numbers stay fp32: biases cost nothing, and their rounding would."""


def export(
    module: nn.Module, example: torch.Tensor, path: Path, outputs: Sequence[str], coarse_from: int | None = None
) -> None:
    """Write `module`, traced on `example` (its shape becomes the fixed batch shape), to `path`.

    Weights are rounded to fp16 in the file and cast back to fp32 in the graph: half the bytes, arithmetic in fp32.
    Weights of `coarse_from` numbers or more are stored in 8 bits, with a scale for each output.
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
    if coarse_from is not None:
        coarsen(model, coarse_from)
    halve(model)
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString(deterministic=True))


def halve(model: onnx.ModelProto) -> None:
    """Store each large fp32 initializer of `model` as fp16 with a Cast behind it."""
    graph = model.graph
    casts = []
    for index, name, values in _weights(graph, HALVED_FROM):
        stored = f"{name}.half"
        casts.append(helper.make_node("Cast", [stored], [name], to=TensorProto.FLOAT))
        graph.initializer[index].CopyFrom(numpy_helper.from_array(values.astype(np.float16), stored))
    for cast in reversed(casts):
        graph.node.insert(0, cast)


def coarsen(model: onnx.ModelProto, least: int) -> None:
    """Store each fp32 weight of `model` of `least` numbers or more as int8 with a scale for each row of axis 0."""
    graph = model.graph
    nodes = []
    for index, name, values in _weights(graph, least):
        if values.ndim < 2:
            continue
        whole, scale = eight_bits(values)
        graph.initializer[index].CopyFrom(numpy_helper.from_array(whole, f"{name}.eighth"))
        graph.initializer.append(numpy_helper.from_array(scale, f"{name}.scale"))
        nodes.append(helper.make_node("Cast", [f"{name}.eighth"], [f"{name}.whole"], to=TensorProto.FLOAT))
        nodes.append(helper.make_node("Mul", [f"{name}.whole", f"{name}.scale"], [name]))
    for node in reversed(nodes):
        graph.node.insert(0, node)


def _weights(graph: onnx.GraphProto, least: int) -> Iterator[tuple[int, str, np.ndarray]]:
    """Place, name and numbers of each fp32 initializer of `least` numbers or more."""
    for index, initializer in enumerate([*graph.initializer]):
        if initializer.data_type == TensorProto.FLOAT:
            values = numpy_helper.to_array(initializer)
            if values.size >= least:
                yield index, initializer.name, values


def eight_bits(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weights [N, ...] as int8 and a scale float32 [N, 1, ...], whose product they nearly are."""
    scale = np.abs(values).max(axis=tuple(range(1, values.ndim)), keepdims=True) / 127.0
    scale = np.where(scale > 0, scale, 1.0).astype(np.float32)
    return np.round(values / scale).astype(np.int8), scale
