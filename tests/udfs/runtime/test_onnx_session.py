"""Networks on a CPU run picture by picture where their graph allows it, with the same answers to the bit."""

import numpy as np
import onnxruntime
import pytest
from onnxruntime.capi.onnxruntime_pybind11_state import RuntimeException

from tests.udfs.pictures.promoted import MODELS
from tests.udfs.runtime.networks import graph
from udfs.runtime.device import Device
from udfs.runtime.models import promoted, read_release
from udfs.runtime.onnx_file import one_at_a_time
from udfs.runtime.onnx_session import OnnxSession


@pytest.mark.parametrize(("name", "batch"), [("screen", 1), ("detect", 1), ("embed", 8)])
def test_answers_are_those_of_the_released_batch(name: str, batch: int, capfd: pytest.CaptureFixture[str]) -> None:
    description = read_release(promoted(name, MODELS)).description
    body = (promoted(name, MODELS) / description.weights).read_bytes()
    plain = onnxruntime.InferenceSession(body, providers=["CPUExecutionProvider"])
    (entry,) = plain.get_inputs()
    generator = np.random.default_rng(1)
    coarse = generator.integers(0, 256, (8, 4, 4, 3), dtype=np.uint8)
    pixels = coarse.repeat(description.side // 4, axis=1).repeat(description.side // 4, axis=2)
    session = OnnxSession(body, Device("cpu"))
    assert session.batch == batch
    found = session.run(pixels)
    for output, expected in zip(plain.get_outputs(), plain.run(None, {entry.name: pixels}), strict=True):
        assert np.array_equal(found[output.name], expected), output.name
    assert capfd.readouterr().err == "", "that a graph does not run picture by picture is no error"


def test_where_no_batch_is_stated_nothing_is_changed() -> None:
    model = graph(0.5)
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_param = "any"
    assert one_at_a_time(model.SerializeToString()) is None
    assert one_at_a_time(b"") is None


def test_too_little_memory_is_said_as_python_says_it(monkeypatch: pytest.MonkeyPatch) -> None:
    session = OnnxSession(graph(0.5).SerializeToString(), Device("cpu"))

    class Full:
        def __init__(self, message: str) -> None:
            self.message = message

        def run(self, *_: object) -> None:
            raise RuntimeException(self.message)

    monkeypatch.setattr(session, "_session", Full("Failed to allocate memory for requested buffer of size 9"))
    with pytest.raises(MemoryError):
        session.run(np.zeros(1))
    monkeypatch.setattr(session, "_session", Full("bad node"))
    with pytest.raises(RuntimeException, match="bad node"):
        session.run(np.zeros(1))
