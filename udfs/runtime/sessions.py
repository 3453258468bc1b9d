"""One interface over TensorRT, CUDA and the CPU: a network, opened on a device."""

from typing import Protocol

import numpy as np

from udfs.runtime.device import Device


class Session(Protocol):
    """A network that is ready to run batches of its one fixed shape."""

    @property
    def batch(self) -> int | None:
        """How many rows `run` takes; None: as many as the release says."""
        ...

    def run(self, batch: np.ndarray) -> dict[str, np.ndarray]:
        """Outputs by name for the input `batch`."""
        ...


def open_session(graph: bytes, device: Device) -> Session:
    """Load the bytes of an ONNX file on `device`."""
    if device.kind == "tensorrt":
        from udfs.runtime.tensorrt_session import TensorRtSession

        return TensorRtSession(graph, device)
    from udfs.runtime.onnx_session import OnnxSession

    return OnnxSession(graph, device)
