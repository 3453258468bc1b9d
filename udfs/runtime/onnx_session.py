"""A network in ONNX Runtime, on a CPU or on CUDA.

On a CPU it runs picture by picture: what one layer makes of eight pictures at once does not fit into a core's cache,
and there is no last batch to pad. The answers are bit for bit those of the file's own batch.
"""

from contextlib import suppress

import numpy as np
import onnxruntime
from onnxruntime.capi.onnxruntime_pybind11_state import RuntimeException

from udfs.runtime.device import Device, DeviceMissing

GPU_MEMORY_BYTES = 4 << 30
"""Bound of ONNX Runtime's arena a session; shapes are fixed, so that it does not creep."""


class OnnxSession:
    """One graph with one input, run on batches of its fixed shape, always in fp32."""

    def __init__(self, graph: bytes, device: Device) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = device.threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session = _opened(graph, options, device)
        if device.kind == "cuda" and "CUDAExecutionProvider" not in self._session.get_providers():
            raise DeviceMissing(f"GPU {device.index}: ONNX Runtime fell back to the CPU; see its CUDA libraries")
        self._input = self._session.get_inputs()[0].name
        self._outputs = [output.name for output in self._session.get_outputs()]
        self.batch: int | None = self._session.get_inputs()[0].shape[0]

    def run(self, batch: np.ndarray) -> dict[str, np.ndarray]:
        """Outputs by name, in the graph's order. Raises MemoryError where the batch needs more than there is."""
        try:
            values = self._session.run(self._outputs, {self._input: batch})
        except RuntimeException as error:
            if "alloc" in str(error):
                raise MemoryError(str(error)) from error
            raise
        return dict(zip(self._outputs, values, strict=True))


BATCH = (7, 11, 2, 1, 2, 1)
"""Fields on the way to the batch of the first input in an ONNX file: ModelProto.graph, input, type, tensor_type, shape,
dim (onnx.proto)."""
STATED = 0x08
"""How a dimension of a stated size begins; the size follows in one byte if it is below 128."""


def _opened(graph: bytes, options: onnxruntime.SessionOptions, device: Device) -> onnxruntime.InferenceSession:
    providers = [_provider(device)]
    single = one_at_a_time(graph) if device.kind == "cpu" else None
    if single is not None:
        with suppress(Exception):  # a graph that counts on its batch inside says so in many ways
            session = onnxruntime.InferenceSession(single, options, providers=providers)
            (entry,) = session.get_inputs()
            answers = session.run(None, {entry.name: np.zeros(entry.shape, np.uint8)})
            if all(len(answer) == 1 for answer in answers):
                return session
    return onnxruntime.InferenceSession(graph, options, providers=providers)


def one_at_a_time(graph: bytes) -> bytes | None:
    """The bytes of an ONNX file with 1 in place of the batch of its first input; None if it states none there."""
    start, stop = 0, len(graph)
    for field in BATCH:
        found = _first(graph, field, start, stop)
        if found is None:
            return None
        start, stop = found
    if graph[start] != STATED or stop - start != 2:
        return None
    return graph[: start + 1] + b"\x01" + graph[stop:]


def _first(graph: bytes, field: int, at: int, stop: int) -> tuple[int, int] | None:
    """Where the first value of a message's field lies (protobuf, wire type 2)."""
    while at < stop:
        key, at = _varint(graph, at)
        size, after = _varint(graph, at) if key & 7 in (0, 2) else (0, at)
        begins = {0: after, 1: at + 8, 2: after, 5: at + 4}[key & 7]
        if key & 7 == 2:
            if key >> 3 == field:
                return begins, begins + size
            begins += size
        at = begins
    return None


def _varint(graph: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = graph[at]
        value, at, shift = value | (byte & 127) << shift, at + 1, shift + 7
        if byte < 128:
            return value, at


def _provider(device: Device) -> str | tuple[str, dict[str, str]]:
    if device.kind == "cpu":
        return "CPUExecutionProvider"
    return "CUDAExecutionProvider", {
        "device_id": str(device.index),
        "gpu_mem_limit": str(GPU_MEMORY_BYTES),
        "arena_extend_strategy": "kSameAsRequested",
        "use_tf32": "0",
        "cudnn_conv_algo_search": "DEFAULT",
    }
