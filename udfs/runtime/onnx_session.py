"""A network in ONNX Runtime, on a CPU."""

import numpy as np
import onnxruntime

from udfs.runtime.device import Device


class OnnxSession:
    """One graph with one input, run on batches of its fixed shape, always in fp32."""

    def __init__(self, graph: bytes, device: Device) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = device.threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
        self._input = self._session.get_inputs()[0].name
        self._outputs = [output.name for output in self._session.get_outputs()]
        self.batch: int | None = self._session.get_inputs()[0].shape[0]

    def run(self, batch: np.ndarray) -> dict[str, np.ndarray]:
        """Outputs by name, in the graph's order."""
        values = self._session.run(self._outputs, {self._input: batch})
        return dict(zip(self._outputs, values, strict=True))
