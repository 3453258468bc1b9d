"""Reads an ONNX file: nodes, weights, input and outputs; cuts it in two. Needs no package: a bare machine has none.

The file is protobuf, of which the released graphs use little: messages, varints, floats and bytes. Everything else is
refused: weights in other files, subgraphs, and tensors that are not stored as raw bytes.
"""

import struct
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from schemas.errors import Stop

TYPES: Mapping[int, Any] = {
    1: np.float32, 2: np.uint8, 3: np.int8, 6: np.int32, 7: np.int64, 9: np.bool_, 10: np.float16, 11: np.float64,
}  # fmt: skip
"""Numbers of element types (onnx.proto, TensorProto.DataType)."""
FOLLOWS_HALF = ("Add", "Clip", "Concat", "Flatten", "MaxPool", "Pad", "Relu", "Resize", "Transpose")
"""Operators that lose nothing in fp16. On a card convolutions compute in it; all others get fp32."""
VARINT, EIGHT_BYTES, BYTES, FOUR_BYTES = 0, 1, 2, 5
"""Wire types of protobuf."""
MOST_VARINT_BYTES = 10
BATCH = (7, 11, 2, 1, 2, 1)
"""Fields on the way to the batch of the first input: ModelProto.graph, input, type, tensor_type, shape, dim."""
STATED = 0x08
"""How a dimension of a stated size begins; the size follows in one byte if it is below 128."""


class GraphUnreadable(Stop):
    """The bytes are no ONNX file, or hold what the released graphs never do; the message says what."""

    exit_code = 2


@dataclass(frozen=True)
class Node:
    """One operation: names of what goes in ("" where an optional input is left out) and of what comes out."""

    operator: str
    inputs: Sequence[str]
    outputs: Sequence[str]
    attributes: Mapping[str, Any]


@dataclass(frozen=True)
class Port:
    """An input or output of the graph. Its shape has a 0 where the file does not state a size."""

    name: str
    dtype: np.dtype[Any]
    shape: tuple[int, ...]


@dataclass(frozen=True)
class OnnxGraph:
    """A network with one input, its nodes in an order in which they can run."""

    nodes: Sequence[Node]
    weights: Mapping[str, np.ndarray] = field(repr=False)
    input: Port
    outputs: Sequence[Port]

    @property
    def batch(self) -> int:
        """How many rows the released graph takes."""
        return self.input.shape[0]


def read_graph(body: bytes) -> OnnxGraph:
    """The graph in the bytes of an ONNX file. Raises GraphUnreadable."""
    try:
        graph = _fields(_fields(body)[7][0])
        weights = dict(map(_tensor, graph[5]))
        (entry,) = [port for port in map(_port, graph[11]) if port.name not in weights]
        return OnnxGraph([*map(_node, graph[1])], weights, entry, [*map(_port, graph[12])])
    except (IndexError, ValueError, KeyError, TypeError, AttributeError, struct.error) as error:
        raise GraphUnreadable(
            f"the network is no ONNX file that can be read ({type(error).__name__}: {error})"
        ) from error


def one_at_a_time(body: bytes) -> bytes | None:
    """The bytes of an ONNX file with 1 in place of the batch of its first input; None if it states none there."""
    copy = bytearray(body)
    found: Any = copy
    try:
        for number in BATCH:
            found = _fields(found)[number][0]
    except (IndexError, ValueError, TypeError):
        return None
    if len(found) != 2 or found[0] != STATED:
        return None
    found[1] = 1
    return bytes(copy)


def until(body: bytes, tensor: str) -> bytes:
    """The bytes of the part of a network that makes `tensor`, which becomes its one output."""
    parts = _fields(body)
    graph = _fields(parts[7][0])
    return _written(parts | {7: [_written(_making(graph, {tensor}) | {12: [_real(tensor, ())]})]})


def beyond(body: bytes, tensor: str, shape: Sequence[int]) -> bytes | None:
    """The bytes of the part of a network that follows `tensor`, float32 of a shape, which becomes its one input.

    None: what follows reads the network's own input too.
    """
    parts = _fields(body)
    graph = _fields(parts[7][0])
    own = {_text(_fields(port)[1]) for port in graph[11]}
    following = _making(graph, {_text(_fields(port)[1]) for port in graph[12]}, tensor)
    if own & {bytes(name).decode() for node in following[1] for name in _fields(node)[1]}:
        return None
    return _written(parts | {7: [_written(following | {11: [_real(tensor, shape)]})]})


def _making(graph: dict[int, list[Any]], names: set[str], given: str = "") -> dict[int, list[Any]]:
    """A graph's fields with those nodes and weights alone that the tensors `names` come from; `given` is there."""
    nodes = []
    for body in reversed(graph[1]):
        inputs, outputs = ({bytes(name).decode() for name in _fields(body)[number]} for number in (1, 2))
        if outputs & names:
            nodes.append(body)
            names = names | (inputs - {given})
    return graph | {1: nodes[::-1], 5: [weight for weight in graph[5] if _text(_fields(weight)[8]) in names]}


def _real(name: str, shape: Sequence[int]) -> bytes:
    """A ValueInfoProto: a float32 tensor; no shape where `shape` is empty."""
    tensor: dict[int, list[Any]] = {1: [1]}
    if shape:
        tensor[2] = [_written({1: [_written({1: [size]}) for size in shape]})]
    return _written({1: [name.encode()], 2: [_written({1: [_written(tensor)]})]})


def _written(fields: Mapping[int, Sequence[Any]]) -> bytes:
    """A message of numbers and of bytes."""
    body = bytearray()
    for number, values in fields.items():
        for value in values:
            whole = isinstance(value, int)
            body += _as_varint(number << 3 | (VARINT if whole else BYTES))
            body += _as_varint(value) if whole else _as_varint(len(value)) + bytes(value)
    return bytes(body)


def _as_varint(value: int) -> bytes:
    found = bytearray()
    while value > 127:
        found.append(value & 127 | 128)
        value >>= 7
    return bytes([*found, value])


def _fields(body: Any) -> dict[int, list[Any]]:
    """A message's values by field number: int for a varint, memoryview for bytes and for fixed widths."""
    found: dict[int, list[Any]] = defaultdict(list)
    view, at = memoryview(body), 0
    while at < len(view):
        key, at = _varint(view, at)
        wire = key & 7
        if wire == VARINT:
            value, at = _varint(view, at)
            found[key >> 3].append(value)
            continue
        length = {EIGHT_BYTES: 8, FOUR_BYTES: 4}.get(wire, -1)
        if wire == BYTES:
            length, at = _varint(view, at)
        if length < 0 or at + length > len(view):
            raise ValueError(f"field {key >> 3} ends behind the file, or has wire type {wire}")
        found[key >> 3].append(view[at : at + length])
        at += length
    return found


def _varint(view: memoryview, at: int) -> tuple[int, int]:
    value = 0
    for place in range(MOST_VARINT_BYTES):
        byte = view[at + place]
        value |= (byte & 127) << (7 * place)
        if byte < 128:
            return value, at + place + 1
    raise ValueError("a number has too many bytes")


def _text(values: Sequence[Any]) -> str:
    return bytes(values[0]).decode() if values else ""


def _signed(value: int) -> int:
    return value - (1 << 64) if value >= 1 << 63 else value


def _whole_numbers(values: Sequence[Any]) -> list[int]:
    """Repeated int64, written one by one or packed."""
    found = []
    for value in values:
        if isinstance(value, int):
            found.append(_signed(value))
            continue
        at = 0
        while at < len(value):
            number, at = _varint(value, at)
            found.append(_signed(number))
    return found


def _tensor(body: Any) -> tuple[str, np.ndarray]:
    """Name and values of a stored tensor."""
    parts = _fields(body)
    name, shape = _text(parts[8]), _whole_numbers(parts[1])
    kind = TYPES[parts[2][0]]
    if parts[13] or (not parts[9] and 0 not in shape):
        raise ValueError(f"{name} is not stored as raw bytes in the file")
    raw = parts[9][0] if parts[9] else b""
    return name, np.frombuffer(raw, np.dtype(kind).newbyteorder("<")).astype(kind).reshape(shape)


def _port(body: Any) -> Port:
    parts = _fields(body)
    tensor = _fields(_fields(parts[2][0])[1][0])
    sizes = _fields(tensor[2][0])[1] if tensor[2] else []
    shape = tuple(int(next(iter(_fields(size)[1]), 0)) for size in sizes)
    return Port(_text(parts[1]), np.dtype(TYPES[tensor[1][0]]), shape)


def _node(body: Any) -> Node:
    parts = _fields(body)
    inputs, outputs = ([bytes(name).decode() for name in parts[number]] for number in (1, 2))
    return Node(_text(parts[4]), inputs, outputs, dict(map(_attribute, parts[5])))


def _attribute(body: Any) -> tuple[str, Any]:
    parts = _fields(body)
    readers: dict[int, Callable[[], Any]] = {
        1: lambda: struct.unpack("<f", parts[2][0])[0],
        2: lambda: _signed(parts[3][0]) if parts[3] else 0,
        3: lambda: _text(parts[4]),
        4: lambda: _tensor(parts[5][0])[1],
        6: lambda: [*struct.unpack(f"<{len(b''.join(parts[7])) // 4}f", b"".join(parts[7]))],
        7: lambda: _whole_numbers(parts[8]),
    }
    return _text(parts[1]), readers[parts[20][0]]()
