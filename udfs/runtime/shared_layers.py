"""Two networks that begin with the same layers: these run once for a picture that both look at. On a CPU.

The detector's first blocks are as ImageNet left them, and so is the whole backbone of the image filter.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Iterator

import numpy as np

from udfs.runtime.batches import in_batches
from udfs.runtime.device import Device
from udfs.runtime.onnx_file import Node, OnnxGraph, beyond, one_at_a_time, read_graph, until
from udfs.runtime.onnx_session import OnnxSession

MOST_KEPT = 128
"""Pictures whose maps wait, 0.2 MB each: the filter looks at a group of 32, and at some of it again, first."""


def together(first: bytes, second: bytes, device: Device) -> tuple["Following", "Following"] | None:
    """Both networks on the layers that they share: the one that looks first, and the one that looks at the same next.

    None where they share none, or state no batch.
    """
    cut = where_they_part(read_graph(first), read_graph(second))
    bodies = [single for body in (first, second) if (single := one_at_a_time(body)) is not None]
    if cut is None or len(bodies) < 2:
        return None
    layers = SharedLayers(until(bodies[0], cut[0]), device)
    shape = layers.made(np.zeros(read_graph(bodies[0]).input.shape, np.uint8)).shape
    rests = [beyond(body, tensor, shape) for body, tensor in zip(bodies, cut, strict=True)]
    one, other = (rest and OnnxSession(rest, device) for rest in rests)
    return (Following(layers.kept, one), Following(layers.taken, other)) if one and other else None


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
    """The layers. What they make of a picture for the first network is kept until the second one takes it."""

    def __init__(self, graph: bytes, device: Device) -> None:
        self._session = OnnxSession(graph, device)
        self._kept: OrderedDict[bytes, np.ndarray] = OrderedDict()

    def made(self, canvas: np.ndarray) -> np.ndarray:
        """The maps [1, C, H, W] of a canvas [1, side, side, 3] uint8."""
        (maps,) = self._session.run(canvas).values()
        return maps

    def kept(self, canvas: np.ndarray) -> np.ndarray:
        """The same, kept too."""
        maps = self._kept[_key(canvas)] = self.made(canvas)
        if len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
        return maps

    def taken(self, canvas: np.ndarray) -> np.ndarray:
        """The same, of those kept where they are."""
        maps = self._kept.pop(_key(canvas), None)
        return self.made(canvas) if maps is None else maps


def _key(canvas: np.ndarray) -> bytes:
    return hashlib.sha256(canvas.data).digest()


class Following:
    """A network whose first layers are shared: `maps` gives what they make of a canvas."""

    batch = 1

    def __init__(self, maps: Callable[[np.ndarray], np.ndarray], rest: OnnxSession) -> None:
        self._maps, self._rest = maps, rest

    def run(self, inputs: np.ndarray) -> dict[str, np.ndarray]:
        """Outputs by name, as of the whole network."""
        return in_batches(lambda canvas: self._rest.run(self._maps(canvas)), inputs, self.batch)
