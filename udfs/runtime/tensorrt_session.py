"""A network as a TensorRT engine, built for the GPU at hand and kept under `var/engines`.

Written to TensorRT 10 and 11: networks are strongly typed, so fp16 is written into the graph. The golden inputs prove
at every load that the numeric class stays "float". Imported only where TensorRT was chosen.
"""

import contextlib
import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from udfs.runtime.batches import in_batches
from udfs.runtime.device import CardLost, Device, DeviceMissing
from udfs.runtime.typed_graph import typed

WORKSPACE_BYTES = 4 << 30
ENGINES = Path("var") / "engines"
"""One file for each network, precision, card and version of TensorRT; it may be deleted at any time."""
DIGEST_BYTES = 32
"""The file begins with the sha256 of what follows."""


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
    """The few calls of the CUDA runtime that a session needs, through cuda-python; each error is a `CardLost`."""

    def __init__(self, index: int) -> None:
        from cuda.bindings import runtime

        self.index, self._runtime = index, runtime
        self.call("cudaSetDevice", index)
        self.stream = self.call("cudaStreamCreate")

    def call(self, name: str, *arguments: Any) -> Any:
        """What a function of the runtime gives beside its status."""
        status, *found = getattr(self._runtime, name)(*arguments)
        if int(status):
            raise CardLost(self.index, f"{name} failed with {status.name}")
        return found[0] if found else None

    def to_card(self, buffer: Buffer, rows: np.ndarray) -> None:
        """Copy rows to the card, in the stream's turn."""
        kind = self._runtime.cudaMemcpyKind.cudaMemcpyHostToDevice
        self.call("cudaMemcpyAsync", buffer.address, rows.ctypes.data, buffer.size_bytes, kind, self.stream)

    def from_card(self, buffer: Buffer) -> np.ndarray:
        """New memory that holds a buffer's values once the stream was waited for."""
        values = np.empty(buffer.shape, buffer.dtype)
        kind = self._runtime.cudaMemcpyKind.cudaMemcpyDeviceToHost
        self.call("cudaMemcpyAsync", values.ctypes.data, buffer.address, buffer.size_bytes, kind, self.stream)
        return values

    def card(self) -> str:
        """The card's name and compute capability."""
        found = self.call("cudaGetDeviceProperties", self.index)
        return f"{found.name.split(bytes(1))[0].decode()} {found.major}.{found.minor}"


class TensorRtSession:
    """One graph with one input, for any number of rows, in batches of its fixed shape."""

    def __init__(self, graph: bytes, device: Device, half: bool | None = None, engines: Path = ENGINES) -> None:
        """`half`: convolutions in fp16; None: yes."""
        import tensorrt

        self._cuda = Cuda(device.index)
        self._logger = tensorrt.Logger(tensorrt.Logger.WARNING)
        written = typed(graph, half is not False)
        place = engines / engine_name(written, self._cuda.card(), f"{tensorrt.__name__} {tensorrt.__version__}")
        runtime = tensorrt.Runtime(self._logger)
        self._engine = runtime.deserialize_cuda_engine(
            kept(place) or keep(place, build(tensorrt, self._logger, written))
        )
        if self._engine is None:
            raise DeviceMissing(f"{place}: TensorRT does not take this engine; to act: the engineer (delete the file)")
        self._context = self._engine.create_execution_context()
        buffers = [
            self._buffer(tensorrt, self._engine.get_tensor_name(at)) for at in range(self._engine.num_io_tensors)
        ]
        inputs = [b for b in buffers if self._engine.get_tensor_mode(b.name) == tensorrt.TensorIOMode.INPUT]
        (self._input,) = inputs
        self._outputs = [buffer for buffer in buffers if buffer is not self._input]

    def _buffer(self, tensorrt: Any, name: str) -> Buffer:
        shape = tuple(self._engine.get_tensor_shape(name))
        dtype = np.dtype(tensorrt.nptype(self._engine.get_tensor_dtype(name)))
        address = self._cuda.call("cudaMalloc", int(np.prod(shape)) * dtype.itemsize)
        self._context.set_tensor_address(name, address)
        return Buffer(name, address, shape, dtype)

    def run(self, inputs: np.ndarray) -> dict[str, np.ndarray]:
        """Outputs by name."""
        return in_batches(self._run, inputs, self._input.shape[0])

    def _run(self, batch: np.ndarray) -> dict[str, np.ndarray]:
        rows = np.ascontiguousarray(batch, dtype=self._input.dtype)
        if rows.shape != self._input.shape:
            raise ValueError(f"the batch has the shape {rows.shape}, but the engine was built for {self._input.shape}")
        self._cuda.to_card(self._input, rows)
        if not self._context.execute_async_v3(int(self._cuda.stream)):
            raise CardLost(self._cuda.index, "TensorRT could not start the network")
        found = {buffer.name: self._cuda.from_card(buffer) for buffer in self._outputs}
        self._cuda.call("cudaStreamSynchronize", self._cuda.stream)
        return found


def engine_name(graph: bytes, card: str, library: str) -> str:
    """The file of an engine: an engine of another network, card or version has another name."""
    parts: Sequence[bytes] = (hashlib.sha256(graph).digest(), card.encode(), library.encode())
    return f"{hashlib.sha256(bytes(1).join(parts)).hexdigest()[:24]}.engine"


def kept(place: Path) -> bytes | None:
    """The engine in a file; None where there is none, or not the whole of it."""
    try:
        body = place.read_bytes()
    except OSError:
        return None
    digest, engine = body[:DIGEST_BYTES], body[DIGEST_BYTES:]
    return engine if hashlib.sha256(engine).digest() == digest else None


def keep(place: Path, engine: bytes) -> bytes:
    """Write an engine for the next process; a disk that cannot take it costs only time."""
    fresh = place.with_suffix(f".{os.getpid()}")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_bytes(hashlib.sha256(engine).digest() + engine)
        fresh.replace(place)
    except OSError:
        with contextlib.suppress(OSError):
            fresh.unlink(missing_ok=True)
    return engine


def build(tensorrt: Any, logger: Any, graph: bytes) -> bytes:
    """The serialised engine of an ONNX file, its types as they are written. Raises DeviceMissing."""
    builder = tensorrt.Builder(logger)
    network = builder.create_network(1 << int(tensorrt.NetworkDefinitionCreationFlag.STRONGLY_TYPED))
    parser = tensorrt.OnnxParser(network, logger)
    if not parser.parse(graph):
        problems = "; ".join(str(parser.get_error(index)) for index in range(parser.num_errors))
        raise DeviceMissing(f"TensorRT cannot read the network ({problems})")
    config = builder.create_builder_config()
    config.set_memory_pool_limit(tensorrt.MemoryPoolType.WORKSPACE, WORKSPACE_BYTES)
    engine = builder.build_serialized_network(network, config)
    if engine is None:
        raise DeviceMissing("TensorRT built no engine; its log says why")
    return bytes(engine)


def probe(index: int) -> None:
    """Raise where TensorRT cannot be loaded, or no such card answers."""
    import tensorrt

    Cuda(index)
    if tensorrt.Builder(tensorrt.Logger(tensorrt.Logger.ERROR)) is None:
        raise RuntimeError("TensorRT has no builder for it")
