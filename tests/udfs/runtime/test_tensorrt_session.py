"""TensorRT without a GPU: the graph that it is given, engines that are built and kept, and what it says of trouble.

No engine was ever run: that needs a card. `make tensorrt-test` installs tensorrt-rtx beside the project and builds.
"""

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnx
import pytest

from tests.long import few_of
from tests.udfs.pictures.promoted import MODELS
from tests.udfs.runtime.networks import graph
from udfs.runtime.device import CardLost, Device, DeviceMissing
from udfs.runtime.models import SAME_NUMERIC_CLASS, cosine, promoted, read_from
from udfs.runtime.onnx_session import OnnxSession
from udfs.runtime.tensorrt_session import Cuda, build, engine_name, keep, kept
from udfs.runtime.typed_graph import typed

NETWORKS = ("screen", "detect", "embed")
PYTHON = os.environ.get("SELVEDGE_TEST_TENSORRT_PYTHON", sys.executable)
"""An interpreter that has tensorrt-rtx and onnx; its licence and its 300 MB keep it out of the lock."""
BUILD = """
import sys, tensorrt_rtx
from pathlib import Path
from udfs.runtime.tensorrt_session import build
from udfs.runtime.typed_graph import typed
logger = tensorrt_rtx.Logger(tensorrt_rtx.Logger.ERROR)
for name in sys.argv[1:]:
    for half in (True, False):
        print(len(build(tensorrt_rtx, logger, typed(Path(name).read_bytes(), half))))
"""


def weights(name: str) -> Path:
    return promoted(name, MODELS) / "model.onnx"


@pytest.mark.parametrize("name", few_of(("embed", "detect", "screen"), 2))
def test_the_typed_graph_answers_in_the_numeric_class(name: str) -> None:
    """In ONNX Runtime, which computes fp16 on a CPU too."""
    body = typed(weights(name).read_bytes(), half=True)
    assert {node.op_type for node in onnx.load_from_string(body).graph.node}.isdisjoint({"ScatterElements"})
    session = OnnxSession(body, Device("cpu"))
    with np.load(weights(name).with_name("golden.npz")) as golden:
        for output, values in session.run(golden["inputs"]).items():
            expected = golden[f"output_{output}"]
            assert values.dtype == expected.dtype
            assert cosine(read_from(output, expected), read_from(output, values)) >= SAME_NUMERIC_CLASS, output


def test_every_convolution_computes_in_fp16() -> None:
    model = onnx.shape_inference.infer_shapes(onnx.load_from_string(typed(weights("screen").read_bytes(), half=True)))
    kinds = {value.name: value.type.tensor_type.elem_type for value in model.graph.value_info}
    convolutions = [node.output[0] for node in model.graph.node if node.op_type == "Conv"]
    assert len(convolutions) > 40
    assert {kinds[name] for name in convolutions} == {onnx.TensorProto.FLOAT16}


def test_engines_are_built_without_a_gpu() -> None:
    found = subprocess.run([PYTHON, "-c", "import tensorrt_rtx, onnx"], capture_output=True)
    if found.returncode:
        pytest.skip("tensorrt-rtx is not installed: no engine is built (make tensorrt-test); none was ever run")
    names = [str(weights(name)) for name in NETWORKS]
    surroundings = os.environ | {"PYTHONPATH": str(MODELS.parent)}
    done = subprocess.run([PYTHON, "-c", BUILD, *names], capture_output=True, text=True, env=surroundings)
    assert done.returncode == 0, done.stderr[-2000:]
    sizes = [int(size) for size in done.stdout.split()]
    assert len(sizes) == 2 * len(NETWORKS)
    assert all(half < 0.9 * whole for half, whole in zip(sizes[::2], sizes[1::2], strict=True))


def test_an_engine_is_of_one_network_one_card_and_one_version() -> None:
    parts = (b"network", "NVIDIA H200 9.0", "tensorrt 11.4.0")
    others = [(b"other", *parts[1:]), (parts[0], "NVIDIA L4 8.9", parts[2]), (*parts[:2], "tensorrt 11.5.0")]
    assert len({engine_name(*parts), *(engine_name(*other) for other in others)}) == 4
    assert engine_name(*parts) == engine_name(*parts)


def test_a_kept_engine_is_read_and_a_cut_one_is_not(tmp_path: Path) -> None:
    place = tmp_path / "engines" / "a.engine"
    assert kept(place) is None
    assert keep(place, b"engine") == b"engine"
    assert kept(place) == b"engine"
    assert [file.name for file in place.parent.iterdir()] == ["a.engine"]
    place.write_bytes(place.read_bytes()[:-1])
    assert kept(place) is None


def test_a_disk_that_keeps_no_engine_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "engines").write_text("a file where the folder should be")
    assert keep(tmp_path / "engines" / "a.engine", b"engine") == b"engine"


class Parser:
    """A parser that takes nothing."""

    num_errors = 1

    def __init__(self, *_: Any) -> None:
        pass

    def parse(self, _: bytes) -> bool:
        return False

    def get_error(self, _: int) -> str:
        return "no importer for Xyz"


def test_a_network_that_it_cannot_read_is_one_line() -> None:
    flags: list[int] = []
    builder = SimpleNamespace(create_network=flags.append)
    library = SimpleNamespace(
        Builder=lambda _: builder,
        OnnxParser=Parser,
        NetworkDefinitionCreationFlag=SimpleNamespace(STRONGLY_TYPED=1),
    )
    with pytest.raises(DeviceMissing, match=r"^TensorRT cannot read the network \(no importer for Xyz\)$"):
        build(library, None, graph(0.5).SerializeToString())
    assert flags == [2]


def test_an_error_of_the_runtime_is_a_lost_card() -> None:
    class Status(int):
        name = "cudaErrorIllegalAddress"

    cuda = Cuda.__new__(Cuda)
    cuda.index, cuda._runtime = 3, SimpleNamespace(cudaMalloc=lambda _: (Status(700), None))
    with pytest.raises(CardLost, match=r"^GPU 3: cudaMalloc failed with cudaErrorIllegalAddress; "):
        cuda.call("cudaMalloc", 8)
    cuda._runtime = SimpleNamespace(cudaMalloc=lambda size: (Status(0), size + 1))
    assert cuda.call("cudaMalloc", 8) == 9
