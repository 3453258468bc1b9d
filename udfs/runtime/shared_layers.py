"""Two networks that begin with the same layers: these run once for a picture that both look at. On a CPU.

The detector's first blocks are as ImageNet left them, and so is the whole backbone of the image filter.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Iterator

import numpy as np

from udfs.runtime.batches import in_batches
from udfs.runtime.device import Device
from udfs.runtime.onnx_file import Node, OnnxGraph, beyond, one_at_a_time, read_graph, until
from udfs.runtime.onnx_session import OnnxSession

KEPT = 128
"""Pictures whose maps are kept: the filter looks at a group of 32, and again at some of them, before the detector."""


def together(first: bytes, second: bytes, device: Device) -> tuple["Following", "Following"] | None:
    """Both networks on the layers that they share; None where they share none, or are no networks for one picture."""
    cut = where_they_part(read_graph(first), read_graph(second))
    singles = [one_at_a_time(body) for body in (first, second)]
    if cut is None or None in singles:
        return None
    bodies = [body for body in singles if body is not None]
    layers = SharedLayers(until(bodies[0], cut[0]), device)
    shape = layers.maps(np.zeros(read_graph(bodies[0]).input.shape, np.uint8)).shape
    rests = [beyond(body, tensor, shape) for body, tensor in zip(bodies, cut, strict=True)]
    one, other = (None if rest is None else Following(layers, OnnxSession(rest, device)) for rest in rests)
    return (one, other) if one is not None and other is not None else None


def where_they_part(first: OnnxGraph, second: OnnxGraph) -> tuple[str, str] | None:
    """Names of what the first convolutions that differ read; None where inputs or the very first ones do."""
    if first.input.shape != second.input.shape:
        return None
    pairs = enumerate(zip(_convolutions(first), _convolutions(second), strict=False))
    for at, ((node, weights), (other, others)) in pairs:
        if not all(map(np.array_equal, weights, others)):
            return (node.inputs[0], other.inputs[0]) if at else None
    return None


def _convolutions(graph: OnnxGraph) -> Iterator[tuple[Node, list[np.ndarray]]]:
    """Convolutions with their stored numbers, in the order in which they run."""
    stored = {node.outputs[0]: node.inputs[0] for node in graph.nodes if node.operator == "Cast"}
    for node in graph.nodes:
        if node.operator == "Conv":
            yield node, [graph.weights[name if name in graph.weights else stored[name]] for name in node.inputs[1:]]


class SharedLayers:
    """The layers, and what they made of the last pictures."""

    def __init__(self, graph: bytes, device: Device) -> None:
        self._session = OnnxSession(graph, device)
        self._made: OrderedDict[bytes, np.ndarray] = OrderedDict()

    def maps(self, canvas: np.ndarray) -> np.ndarray:
        """The maps [1, C, H, W] of a canvas [1, side, side, 3] uint8."""
        key = hashlib.sha256(canvas.data).digest()
        if key not in self._made:
            (self._made[key],) = self._session.run(canvas).values()
            if len(self._made) > KEPT:
                self._made.popitem(last=False)
        return self._made[key]


class Following:
    """A network whose first layers are shared."""

    batch = 1

    def __init__(self, layers: SharedLayers, rest: OnnxSession) -> None:
        self._layers, self._rest = layers, rest

    def run(self, inputs: np.ndarray) -> dict[str, np.ndarray]:
        """Outputs by name, as of the whole network."""
        return in_batches(lambda canvas: self._rest.run(self._layers.maps(canvas)), inputs, self.batch)
