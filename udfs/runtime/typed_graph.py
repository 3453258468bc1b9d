"""Writes types into an ONNX graph, for a runtime that takes them as they are written: TensorRT.

fp16 by the same rule as in PyTorch: convolutions and the maps between them are fp16, everything else stays fp32, and so
do the outputs. Pixels become fp32 at once, as TensorRT computes nothing in uint8. Needs the package `onnx`.
"""

from typing import Any

import numpy as np

from udfs.runtime.onnx_file import FOLLOWS_HALF

LEFT_ALONE = {"Pad": (1,), "Resize": (1, 2, 3)}
"""Inputs that hold sizes, not values."""
COLUMNS = 337
"""Of the matrix that sums into bins; about the square root of the 113,022 bins of a colour histogram."""
REAL_PIXELS = "pixels.as_float"


def typed(graph: bytes, half: bool) -> bytes:
    """The bytes of an ONNX file whose types TensorRT takes; `half`: with convolutions in fp16."""
    import onnx

    model = onnx.load_from_string(graph)
    _sum_by_product(model.graph)
    _widen_stored(model.graph)
    nodes = _Casting(model.graph, half).nodes
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    body: bytes = model.SerializeToString()
    return body


def _widen_stored(graph: Any) -> None:
    """Weights that are stored in 8 bits as fp32: to TensorRT, int8 means quantised arithmetic."""
    from onnx import TensorProto, numpy_helper

    for weight in graph.initializer:
        if weight.data_type == TensorProto.INT8:
            weight.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(weight).astype(np.float32), weight.name))


def _sum_by_product(graph: Any) -> None:
    """Sums into bins (ScatterElements that adds, of [B, M] into [B, N]) as one product, which TensorRT has.

    A bin's number is row * COLUMNS + column, and the sums are a matrix: the rows that values belong to, weighted by
    them, times the columns.
    """
    found = []
    for node in graph.node:
        found += _as_product(graph, node) if node.op_type == "ScatterElements" else [node]
    del graph.node[:]
    graph.node.extend(found)


def _as_product(graph: Any, node: Any) -> list[Any]:
    from onnx import TensorProto, helper, numpy_helper

    bins, places, values = node.input
    name = node.output[0]
    fixed = {
        "0": 0,
        "1": 1,
        "columns": COLUMNS,
        "less": COLUMNS - 1,
        "axis1": [1],
        "axis2": [2],
        "flat": [0, -1],
        "from": [0],
    }
    for part, number in fixed.items():
        graph.initializer.append(numpy_helper.from_array(np.array(number), f"{name}.{part}"))
    real, axis1, axis2 = {"to": TensorProto.FLOAT}, "axis1", "axis2"
    steps: list[tuple[str, list[str], str, dict[str, Any]]] = [
        ("Shape", [bins], "shape", {}),
        ("Gather", ["shape", axis1], "count", {}),
        ("Squeeze", ["count", "from"], "bins", {}),
        ("Add", ["bins", "less"], "more", {}),
        ("Div", ["more", "columns"], "rows", {}),
        ("Range", ["0", "rows", "1"], "every_row", {}),
        ("Range", ["0", "columns", "1"], "every_column", {}),
        ("Div", [places, "columns"], "row", {}),
        ("Mul", ["row", "columns"], "before", {}),
        ("Sub", [places, "before"], "column", {}),
        ("Unsqueeze", ["row", axis2], "row_of", {}),
        ("Unsqueeze", ["column", axis2], "column_of", {}),
        ("Equal", ["row_of", "every_row"], "is_row", {}),
        ("Equal", ["column_of", "every_column"], "is_column", {}),
        ("Cast", ["is_row"], "in_row", real),
        ("Cast", ["is_column"], "in_column", real),
        ("Unsqueeze", [values, axis2], "value", {}),
        ("Mul", ["in_row", "value"], "weighted", {}),
        ("Transpose", ["weighted"], "turned", {"perm": [0, 2, 1]}),
        ("MatMul", ["turned", "in_column"], "sums", {}),
        ("Reshape", ["sums", "flat"], "all_sums", {}),
        ("Slice", ["all_sums", "from", "count", axis1], "found", {}),
        ("Add", [bins, "found"], "", {}),
    ]
    given = {bins, places, values}

    def named(part: str) -> str:
        return part if part in given else f"{name}.{part}" if part else name

    return [helper.make_node(kind, [*map(named, inputs)], [named(part)], **said) for kind, inputs, part, said in steps]


class _Casting:
    """Walks over the nodes once; `_half` holds the names of values that are fp16 by now, `_made` the casts."""

    def __init__(self, graph: Any, half: bool) -> None:
        self.nodes: list[Any] = []
        self._to_half = half
        self._half: set[str] = set()
        self._made: dict[tuple[str, bool], str] = {}
        self._outputs = {output.name for output in graph.output}
        (pixels,) = [entry.name for entry in graph.input]
        self.nodes.append(_cast(pixels, REAL_PIXELS, False))
        for node in graph.node:
            for place, name in enumerate(node.input):
                if name == pixels:
                    node.input[place] = REAL_PIXELS
            self._add(node)

    def _add(self, node: Any) -> None:
        becomes_half = self._becomes_half(node)
        if becomes_half:
            alone = LEFT_ALONE.get(node.op_type, ())
            inputs = [name if at in alone else self._as(name, True) for at, name in enumerate(node.input)]
        else:
            inputs = [self._as(name, False) if name in self._half else name for name in node.input]
        del node.input[:]
        node.input.extend(inputs)
        self.nodes.append(node)
        if becomes_half:
            self._halve_outputs(node)

    def _becomes_half(self, node: Any) -> bool:
        """A convolution, or an operator that loses nothing and gets fp16: all of it where it joins maps."""
        if node.op_type == "Conv":
            return self._to_half
        if node.op_type not in FOLLOWS_HALF:
            return False
        values = node.input if node.op_type in ("Add", "Concat") else node.input[:1]
        return all(name in self._half for name in values)

    def _halve_outputs(self, node: Any) -> None:
        for place, name in enumerate(node.output):
            if name in self._outputs:
                node.output[place] = f"{name}.half"
                self._half.add(node.output[place])
                self.nodes.append(_cast(node.output[place], name, False))
            else:
                self._half.add(name)

    def _as(self, name: str, half: bool) -> str:
        """The name under which a value is fp16, or fp32 again."""
        if not name or (name in self._half) == half:
            return name
        key = name, half
        if key not in self._made:
            self._made[key] = f"{name}.as_{'half' if half else 'float'}"
            self.nodes.append(_cast(name, self._made[key], half))
        return self._made[key]


def _cast(source: str, target: str, half: bool) -> Any:
    from onnx import TensorProto, helper

    return helper.make_node("Cast", [source], [target], to=TensorProto.FLOAT16 if half else TensorProto.FLOAT)
