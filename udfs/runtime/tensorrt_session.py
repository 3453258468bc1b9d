"""A network as a TensorRT engine, built for the GPU at hand when it is first asked for.

The engine is built from the released ONNX file with fp16 allowed: the numeric class stays "float", which the golden
inputs prove at every load. Imported only where TensorRT was chosen; PyTorch, CUDA-Python and the like are not needed,
memory is moved through the CUDA runtime that TensorRT brings.
"""

import ctypes
import ctypes.util
from dataclasses import dataclass
from typing import Any

import numpy as np

from udfs.runtime.device import Device, DeviceMissing

WORKSPACE_BYTES = 1 << 30
TO_DEVICE, TO_HOST = 1, 2
"""cudaMemcpyKind of the CUDA runtime."""


@dataclass(frozen=True)
class Buffer:
    """Memory on the GPU for one input or output of fixed shape."""

    name: str
    address: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    @property
    def size_bytes(self) -> int:
        """How much the buffer holds."""
        return int(np.prod(self.shape)) * self.dtype.itemsize


class Cuda:
    """The few calls of the CUDA runtime that a session needs; each error is a `DeviceMissing`."""

    def __init__(self, index: int) -> None:
        name = ctypes.util.find_library("cudart") or "libcudart.so.12"
        try:
            self._library = ctypes.CDLL(name)
        except OSError as error:
            raise DeviceMissing(f"the CUDA runtime cannot be loaded ({error})") from error
        self._call("cudaSetDevice", index)

    def _call(self, name: str, *arguments: Any) -> None:
        status = getattr(self._library, name)(*arguments)
        if status:
            raise DeviceMissing(f"{name} failed with CUDA error {status}")

    def allocate(self, size_bytes: int) -> int:
        """The address of new memory on the GPU."""
        pointer = ctypes.c_void_p()
        self._call("cudaMalloc", ctypes.byref(pointer), ctypes.c_size_t(size_bytes))
        return int(pointer.value or 0)

    def copy(self, target: int, source: int, size_bytes: int, direction: int) -> None:
        """Copy between host and GPU and wait for it."""
        size = ctypes.c_size_t(size_bytes)
        self._call("cudaMemcpy", ctypes.c_void_p(target), ctypes.c_void_p(source), size, ctypes.c_int(direction))

    def wait(self) -> None:
        """Wait until the GPU has done what it was given."""
        self._call("cudaDeviceSynchronize")


class TensorRtSession:
    """One graph, one input, batches of its fixed shape."""

    batch: int | None = None

    def __init__(self, graph: bytes, device: Device) -> None:
        import tensorrt

        self._cuda = Cuda(device.index)
        self._logger = tensorrt.Logger(tensorrt.Logger.WARNING)
        runtime = tensorrt.Runtime(self._logger)
        self._engine = runtime.deserialize_cuda_engine(build(tensorrt, self._logger, graph))
        self._context = self._engine.create_execution_context()
        self._inputs: list[Buffer] = []
        self._outputs: list[Buffer] = []
        for index in range(self._engine.num_io_tensors):
            name = self._engine.get_tensor_name(index)
            buffer = self._buffer(tensorrt, name)
            self._context.set_tensor_address(name, buffer.address)
            is_input = self._engine.get_tensor_mode(name) == tensorrt.TensorIOMode.INPUT
            (self._inputs if is_input else self._outputs).append(buffer)

    def _buffer(self, tensorrt: Any, name: str) -> Buffer:
        shape = tuple(self._engine.get_tensor_shape(name))
        dtype = np.dtype(tensorrt.nptype(self._engine.get_tensor_dtype(name)))
        size_bytes = int(np.prod(shape)) * dtype.itemsize
        return Buffer(name, self._cuda.allocate(size_bytes), shape, dtype)

    def run(self, batch: np.ndarray) -> dict[str, np.ndarray]:
        """Outputs by name for the input `batch`."""
        (entry,) = self._inputs
        rows = np.ascontiguousarray(batch, dtype=entry.dtype)
        if rows.shape != entry.shape:
            raise ValueError(f"the batch has the shape {rows.shape}, but the engine was built for {entry.shape}")
        self._cuda.copy(entry.address, rows.ctypes.data, entry.size_bytes, TO_DEVICE)
        self._context.execute_async_v3(0)
        self._cuda.wait()
        found = {}
        for buffer in self._outputs:
            values = np.empty(buffer.shape, buffer.dtype)
            self._cuda.copy(values.ctypes.data, buffer.address, buffer.size_bytes, TO_HOST)
            found[buffer.name] = values
        return found


def build(tensorrt: Any, logger: Any, graph: bytes) -> Any:
    """The serialised engine of an ONNX file; a graph that TensorRT cannot read is a `DeviceMissing`."""
    builder = tensorrt.Builder(logger)
    network = builder.create_network(0)
    parser = tensorrt.OnnxParser(network, logger)
    if not parser.parse(graph):
        problems = "; ".join(str(parser.get_error(index)) for index in range(parser.num_errors))
        raise DeviceMissing(f"TensorRT cannot read the network ({problems})")
    config = builder.create_builder_config()
    config.set_memory_pool_limit(tensorrt.MemoryPoolType.WORKSPACE, WORKSPACE_BYTES)
    flag = getattr(tensorrt.BuilderFlag, "FP16", None)
    if flag is not None:
        config.set_flag(flag)
    engine = builder.build_serialized_network(network, config)
    if engine is None:
        raise DeviceMissing("TensorRT built no engine; its log says why")
    return engine
