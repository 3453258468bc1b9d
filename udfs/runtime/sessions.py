"""One interface over PyTorch, TensorRT and ONNX Runtime: a network, opened on a device."""

from typing import Protocol

import numpy as np

from udfs.runtime.device import Device


class Session(Protocol):
    """A network that is ready to run."""

    def run(self, inputs: np.ndarray) -> dict[str, np.ndarray]:
        """Outputs by name for inputs [N, ...] of any number."""
        ...


def open_session(graph: bytes, device: Device, half: bool | None = None) -> Session:
    """Load the bytes of an ONNX file on `device`. `half`: in fp16 or not; None: on a GPU."""
    if device.kind == "tensorrt":
        from udfs.runtime.tensorrt_session import TensorRtSession

        return TensorRtSession(graph, device, half)
    if device.kind in ("cuda", "torch"):
        from udfs.runtime.torch_session import TorchSession

        return TorchSession(graph, device, half)
    from udfs.runtime.onnx_session import OnnxSession

    return OnnxSession(graph, device)
