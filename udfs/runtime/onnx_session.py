"""A network in ONNX Runtime, on a CPU or on CUDA."""

import numpy as np
import onnxruntime

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
        self._session = onnxruntime.InferenceSession(graph, options, providers=[_provider(device)])
        if device.kind == "cuda" and "CUDAExecutionProvider" not in self._session.get_providers():
            raise DeviceMissing(f"GPU {device.index}: ONNX Runtime fell back to the CPU; see its CUDA libraries")
        self._input = self._session.get_inputs()[0].name
        self._outputs = [output.name for output in self._session.get_outputs()]

    def run(self, batch: np.ndarray) -> dict[str, np.ndarray]:
        """Outputs by name, in the graph's order."""
        values = self._session.run(self._outputs, {self._input: batch})
        return dict(zip(self._outputs, values, strict=True))


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
