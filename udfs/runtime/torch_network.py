"""A released ONNX graph as a torch module: the file is the network's only definition, op by op the same arithmetic.

Graphs are small (300 nodes) and use few operators, so the whole translation is a table. What depends on constants and
on shapes alone is computed while the module is made: it is made for one number of rows.
"""

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, fx, nn
from torch.nn import functional

from udfs.runtime.onnx_file import FOLLOWS_HALF, GraphUnreadable, Node, OnnxGraph

Op = Callable[..., Any]

STATIC: Mapping[str, Sequence[int]] = {
    "Clip": (1, 2), "ConstantOfShape": (0,), "Expand": (1,), "Pad": (1, 2), "Range": (0, 1, 2), "ReduceSum": (1,),
    "Reshape": (1,), "Resize": (1, 2, 3), "Slice": (1, 2, 3, 4), "Split": (1,), "Squeeze": (1,), "Unsqueeze": (1,),
}  # fmt: skip
"""Inputs that have to be constants; operators get them as Python numbers and lists."""
ZERO = np.zeros(1, np.float32)
ELEMENTWISE = {"Add", "And", "Div", "Equal", "Greater", "GreaterOrEqual", "LessOrEqual", "Mul", "Pow", "Sub", "Where"}
"""Operators that repeat a single row for all others."""


def translated(graph: OnnxGraph, rows: int, half: bool = False) -> fx.GraphModule:
    """The module of a graph for inputs of `rows` rows: one tensor in, a tuple of tensors in the order of the outputs.

    `half`: convolutions and the maps between them are fp16, everything else stays fp32. Raises GraphUnreadable where
    an operator is not known.
    """
    return _Translation(graph, rows, half).module


class _Translation:
    """Walks over the nodes once. A value is a tensor where it is known already, else a node of the new graph."""

    def __init__(self, graph: OnnxGraph, rows: int, half: bool) -> None:
        self._graph, self._half, self._fx, self._root = graph, half, fx.Graph(), nn.Module()
        self._names: dict[int, str] = {}  # of constants, by what they are in memory, where the module keeps them
        self._values: dict[str, Any] = {name: _constant(values) for name, values in graph.weights.items()}
        shape = (rows, *graph.input.shape[1:])
        entry = self._fx.placeholder("pixels")
        entry.meta["like"] = torch.empty(shape, dtype=_dtype(graph.input.dtype), device="meta")
        self._values[graph.input.name] = entry
        for node in graph.nodes:
            self._translate(node)
        found = [self._widened(self._values[port.name]) for port in graph.outputs]
        self._fx.output(tuple(self._tensor_argument(value) for value in found))
        self._fx.eliminate_dead_code()
        self.module = fx.GraphModule(self._root, self._fx).eval()

    def _translate(self, node: Node) -> None:
        inputs = [self._values[name] if name else None for name in node.inputs]
        if node.operator == "Shape":
            found: Any = torch.tensor(_like(inputs[0]).shape)
        elif node.operator not in OPERATORS:
            raise GraphUnreadable(f"torch_network knows no operator {node.operator} ({node.outputs[0]})")
        elif not any(isinstance(value, fx.Node) for value in inputs):
            found = _applied(node, [_static(node, place, value) for place, value in enumerate(inputs)])
        else:
            found = self._call(node, inputs)
        for place, name in enumerate(node.outputs):
            self._values[name] = found if len(node.outputs) == 1 else self._part(found, place)

    def _call(self, node: Node, inputs: list[Any]) -> Any:
        """A node of the new graph that applies an operator."""
        attributes = dict(node.attributes)
        if node.operator == "Conv":
            inputs, attributes = self._conv(inputs, attributes)
        elif node.operator not in FOLLOWS_HALF:
            inputs = [self._widened(value) for value in inputs]
        if node.operator in ELEMENTWISE:
            inputs = [self._one_row(value) for value in inputs]
        arguments = [_static(node, place, value) for place, value in enumerate(inputs)]
        return self._add(OPERATORS[node.operator], arguments, attributes)

    def _conv(self, inputs: list[Any], attributes: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
        """A convolution that pads by itself where an even border of zeros was added before it, in fp16 if asked."""
        value, weights = inputs[0], [_in_place(weight) for weight in inputs[1:]]
        if value.target is pad and _is_even(value.args[1]) and value.args[2] == 0:
            border = value.args[1]
            value = value.args[0]
            attributes["pads"] = [own + border[at] for own, at in zip(attributes["pads"], (2, 3, 6, 7), strict=True)]
        if self._half:
            weights = [weight.half() for weight in weights]
            if _like(value).dtype != torch.float16:
                value = self._add(to, [value], {"dtype": torch.float16})
        return [value, *weights], attributes

    def _widened(self, value: Any) -> Any:
        is_half = isinstance(value, fx.Node) and _like(value).dtype == torch.float16
        return self._add(to, [value], {"dtype": torch.float32}) if is_half else value

    def _one_row(self, value: Any) -> Any:
        """The first row of a constant that the exporter wrote down once for each row of its batch."""
        if (
            isinstance(value, Tensor)
            and value.ndim > 1
            and len(value) == self._graph.batch
            and bool((value == value[:1]).all())
        ):
            return value[:1]
        return value

    def _part(self, found: Any, place: int) -> Any:
        return self._add(operator.getitem, [found, place], {}) if isinstance(found, fx.Node) else found[place]

    def _add(self, function: Op, arguments: Sequence[Any], attributes: Mapping[str, Any]) -> fx.Node:
        like = function(*map(_like, arguments), **attributes)
        made = self._fx.call_function(function, tuple(map(self._tensor_argument, arguments)), dict(attributes))
        made.meta["like"] = like
        return made

    def _tensor_argument(self, value: Any) -> Any:
        if not isinstance(value, Tensor):
            return value
        name = self._names.setdefault(id(value), f"constant{len(self._names)}")
        self._root.register_buffer(name, value, persistent=False)
        return self._fx.get_attr(name)


def _constant(values: np.ndarray) -> Tensor:
    return torch.from_numpy(np.array(values))


def _dtype(kind: np.dtype[Any]) -> torch.dtype:
    return torch.from_numpy(np.empty(0, kind)).dtype


def _like(value: Any) -> Any:
    """What stands for a value while only shapes and types are worked out."""
    if isinstance(value, fx.Node):
        return value.meta["like"]
    return value.to("meta") if isinstance(value, Tensor) else value


def _static(node: Node, place: int, value: Any) -> Any:
    if place not in STATIC.get(node.operator, ()) or value is None:
        return value
    if isinstance(value, fx.Node):
        raise GraphUnreadable(f"{node.outputs[0]}: {node.operator} depends on what is in the picture")
    return value.tolist()


def _applied(node: Node, inputs: Sequence[Any]) -> Any:
    return OPERATORS[node.operator](*inputs, **node.attributes)


def _is_even(border: Sequence[int]) -> bool:
    """Whether a border is the same at both ends of each axis, and only around the picture."""
    half = len(border) // 2
    return border[:half] == border[half:] and not any(border[:2])


def _in_place(weight: Tensor) -> Tensor:
    return weight.contiguous(memory_format=torch.channels_last) if weight.ndim == 4 else weight


def to(values: Tensor, dtype: torch.dtype) -> Tensor:
    """Convert to a type."""
    return values.to(dtype)


def cast(values: Tensor, **attributes: int) -> Tensor:
    """Cast: `to` is a number of onnx.proto."""
    kinds = {1: torch.float32, 2: torch.uint8, 3: torch.int8, 6: torch.int32, 7: torch.int64, 9: torch.bool}
    return values.to(kinds[attributes["to"]])


def pad(values: Tensor, pads: Sequence[int], value: float | None = None, mode: str = "constant") -> Tensor:
    """Pad: all starts, then all ends; torch counts from the last axis."""
    assert mode == "constant"
    half = len(pads) // 2
    pairs = [end for axis in reversed(range(half)) for end in (pads[axis], pads[half + axis])]
    return functional.pad(values, pairs, value=value or 0.0)


def conv(values: Tensor, weight: Tensor, bias: Tensor | None = None, **attributes: Any) -> Tensor:
    """Conv over two axes, with the same padding at both ends."""
    above, aside, below, other = attributes.get("pads", (0, 0, 0, 0))
    assert (above, aside) == (below, other)
    strides, dilations = attributes.get("strides", (1, 1)), attributes.get("dilations", (1, 1))
    return functional.conv2d(values, weight, bias, strides, (above, aside), dilations, attributes.get("group", 1))


def pooled(values: Tensor, reduce: Op, kernel_shape: Sequence[int], **attributes: Any) -> Tensor:
    """MaxPool and AveragePool with the same padding at both ends, which counts."""
    above, aside, below, other = attributes.get("pads", (0, 0, 0, 0))
    assert (above, aside) == (below, other)
    return reduce(values, tuple(kernel_shape), tuple(attributes.get("strides", (1, 1))), (above, aside))


def average_pool(values: Tensor, **attributes: Any) -> Tensor:
    """AveragePool."""
    return pooled(values, functional.avg_pool2d, **attributes)


def max_pool(values: Tensor, **attributes: Any) -> Tensor:
    """MaxPool."""
    return pooled(values, functional.max_pool2d, **attributes)


def resize(values: Tensor, roi: Any = None, scales: Any = None, sizes: Any = None, **attributes: Any) -> Tensor:
    """Resize by whole factors to the nearest."""
    assert attributes["mode"] == "nearest" and not sizes and all(scale == int(scale) for scale in scales)
    return functional.interpolate(values, scale_factor=scales[2:], mode="nearest")


def gather(values: Tensor, places: Tensor, axis: int = 0) -> Tensor:
    """Gather along an axis; a single place takes the axis away."""
    found = values.index_select(axis, places.reshape(-1).to(values.device) % values.shape[axis])
    return found.reshape(values.shape[:axis] + places.shape + values.shape[axis + 1 :])


def slices(values: Tensor, starts: Any, ends: Any, axes: Any = None, steps: Any = None) -> Tensor:
    """Slice; a step of -1 turns the axis round."""
    for place, axis in enumerate(axes or range(len(starts))):
        step = steps[place] if steps else 1
        if step < 0:
            size = values.shape[axis]
            assert step == -1 and starts[place] in (-1, size - 1) and ends[place] <= -size - 1
            values = values.flip(axis)
        else:
            index = [slice(None)] * values.ndim
            index[axis] = slice(starts[place], ends[place], step)
            values = values[tuple(index)]
    return values


def split(values: Tensor, sizes: Any = None, axis: int = 0) -> Any:
    """Split into parts of the given sizes."""
    return values.split(sizes, axis)


def squeeze(values: Tensor, axes: Sequence[int]) -> Tensor:
    """Squeeze."""
    return values.squeeze(tuple(axes))


def unsqueeze(values: Tensor, axes: Any) -> Tensor:
    """Unsqueeze: axes of the answer."""
    axes = [axes] if isinstance(axes, int) else axes
    for axis in sorted(at % (values.ndim + len(axes)) for at in axes):
        values = values.unsqueeze(axis)
    return values


def reduced(function: Op) -> Op:
    """An operator that takes an axis list as an attribute or as its second input."""

    def reduce(values: Tensor, axes: Any = None, keepdims: int = 1, noop_with_empty_axes: int = 0) -> Tensor:
        return function(values, tuple(axes or range(values.ndim)), bool(keepdims))

    return reduce


def scatter_nd(values: Tensor, places: Tensor, updates: Tensor, reduction: str = "none") -> Tensor:
    """ScatterND that overwrites."""
    assert reduction == "none"
    changed = values.clone()
    changed[tuple(places.reshape(-1, places.shape[-1]).T)] = updates.reshape(-1, *values.shape[places.shape[-1] :])
    return changed


def scatter_elements(values: Tensor, places: Tensor, updates: Tensor, axis: int = 0, reduction: str = "none") -> Tensor:
    """ScatterElements that adds."""
    assert reduction == "add"
    return values.scatter_add(axis, places, updates)


def gemm(values: Tensor, weight: Tensor, bias: Tensor, **attributes: Any) -> Tensor:
    """Gemm without scaling."""
    assert attributes.get("alpha", 1.0) == attributes.get("beta", 1.0) == 1.0 and not attributes.get("transA", 0)
    return functional.linear(values, weight if attributes.get("transB", 0) else weight.T, bias)


def modulo(first: Tensor, second: Tensor, fmod: int = 0) -> Tensor:
    """Mod with the sign of the divisor, or of the dividend under `fmod`."""
    return torch.fmod(first, second) if fmod else torch.remainder(first, second)


def divided(first: Tensor, second: Tensor) -> Tensor:
    """Div; whole numbers stay whole."""
    mode = None if first.is_floating_point() or second.is_floating_point() else "trunc"
    return torch.div(first, second, rounding_mode=mode)


OPERATORS: Mapping[str, Op] = {
    "Abs": torch.abs,
    "Add": torch.add,
    "And": torch.logical_and,
    "AveragePool": average_pool,
    "Cast": cast,
    "Clip": lambda values, low=None, high=None: values.clamp(low, high),
    "Concat": lambda *values, axis: torch.cat(values, axis),
    "Constant": lambda value: _constant(value),
    "ConstantOfShape": lambda shape, value=ZERO: _constant(value).expand(shape).contiguous(),
    "Conv": conv,
    "Div": divided,
    "Equal": torch.eq,
    "Exp": torch.exp,
    "Expand": lambda values, shape: values.expand(torch.broadcast_shapes(values.shape, tuple(shape))),
    "Flatten": lambda values, axis=1: values.reshape(*(values.shape[:1] if axis else (1,)), -1),
    "Floor": torch.floor,
    "Gather": gather,
    "Gemm": gemm,
    "Greater": torch.gt,
    "GreaterOrEqual": torch.ge,
    "LessOrEqual": torch.le,
    "MatMul": torch.matmul,
    "MaxPool": max_pool,
    "Mod": modulo,
    "Mul": torch.mul,
    "Neg": torch.neg,
    "Pad": pad,
    "Pow": torch.pow,
    "Range": lambda start, end, step: torch.arange(start, end, step),
    "Reciprocal": torch.reciprocal,
    "ReduceL2": reduced(lambda values, axes, keep: torch.linalg.vector_norm(values, dim=axes, keepdim=keep)),
    "ReduceMax": reduced(torch.amax),
    "ReduceMean": reduced(torch.mean),
    "ReduceMin": reduced(torch.amin),
    "ReduceSum": reduced(torch.sum),
    "Relu": torch.relu,
    "Reshape": lambda values, shape, allowzero=0: values.reshape(
        [size or values.shape[at] for at, size in enumerate(shape)]
    ),
    "Resize": resize,
    "ScatterElements": scatter_elements,
    "ScatterND": scatter_nd,
    "Sigmoid": torch.sigmoid,
    "Slice": slices,
    "Softmax": lambda values, axis=-1: values.softmax(axis),
    "Split": split,
    "Sqrt": torch.sqrt,
    "Squeeze": squeeze,
    "Sub": torch.sub,
    "Transpose": lambda values, perm: values.permute(perm),
    "Unsqueeze": unsqueeze,
    "Where": torch.where,
}
"""What each operator of ONNX (opset 17) is in torch, as far as the released graphs use it."""
