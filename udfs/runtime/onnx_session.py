"""A network in ONNX Runtime, on a CPU.

It runs picture by picture where its graph allows it: what one layer makes of eight pictures at once does not fit into a
core's cache, and there is no last batch to pad. The answers are bit for bit those of the file's own batch.
"""

from contextlib import suppress

import numpy as np
import onnxruntime
from onnxruntime.capi.onnxruntime_pybind11_state import RuntimeException

from udfs.runtime.batches import in_batches
from udfs.runtime.device import Device
from udfs.runtime.onnx_file import one_at_a_time

ERRORS, NOTHING = 3, 4
"""What ONNX Runtime writes to the terminal: errors and worse, or what ends the process alone."""


class OnnxSession:
    """One graph with one input, for any number of rows, always in fp32."""

    def __init__(self, graph: bytes, device: Device) -> None:
        self._session = _opened(graph, device.threads)
        self._input = self._session.get_inputs()[0].name
        self._outputs = [output.name for output in self._session.get_outputs()]
        self.batch: int = self._session.get_inputs()[0].shape[0]
        """Rows that the graph takes at once."""

    def run(self, inputs: np.ndarray) -> dict[str, np.ndarray]:
        """Outputs by name, in the graph's order. Raises MemoryError where a batch needs more than there is."""
        return in_batches(self._run, inputs, self.batch)

    def _run(self, batch: np.ndarray) -> dict[str, np.ndarray]:
        try:
            values = self._session.run(self._outputs, {self._input: batch})
        except RuntimeException as error:
            if "alloc" in str(error):
                raise MemoryError(str(error)) from error
            raise
        return dict(zip(self._outputs, values, strict=True))


def _opened(graph: bytes, threads: int) -> onnxruntime.InferenceSession:
    single = one_at_a_time(graph)
    if single is not None:
        with suppress(Exception):  # a graph that counts on its batch inside says so in many ways
            session = _session(single, threads, NOTHING)
            (entry,) = session.get_inputs()
            quiet = onnxruntime.RunOptions()
            quiet.log_severity_level = NOTHING
            answers = session.run(None, {entry.name: np.zeros(entry.shape, np.uint8)}, quiet)
            if all(len(answer) == 1 for answer in answers):
                return session
    return _session(graph, threads, ERRORS)


def _session(graph: bytes, threads: int, logged: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.log_severity_level = logged
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
