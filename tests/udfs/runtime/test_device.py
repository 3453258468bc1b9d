"""One function decides the device, with CUDA_VISIBLE_DEVICES and without."""

import subprocess
import sys

import numpy as np
import pytest

from tests.udfs.runtime.networks import BATCH, SIDE, release
from udfs.runtime.device import Device, DeviceMissing, choose, installed
from udfs.runtime.sessions import open_session

EVERY = ("tensorrt", "cuda", "cpu")
HAS_GPU = any(kind != "cpu" for kind in installed())


@pytest.mark.parametrize(
    ("environment", "addresses", "available", "expected"),
    [
        ({}, (), ("cpu",), Device("cpu")),
        ({"SELVEDGE_INTRA_OP_THREADS": "3"}, (), ("cpu",), Device("cpu", 0, 3)),
        ({}, (), EVERY, Device("tensorrt")),
        ({}, ("2",), ("cuda", "cpu"), Device("cuda", 2)),
        ({"CUDA_VISIBLE_DEVICES": "2,3"}, ("3",), ("cuda", "cpu"), Device("cuda", 1)),
        ({"CUDA_VISIBLE_DEVICES": "5"}, (), ("cuda", "cpu"), Device("cuda", 0)),
        ({"CUDA_VISIBLE_DEVICES": ""}, (), EVERY, Device("cpu")),
        ({"CUDA_VISIBLE_DEVICES": "-1"}, (), EVERY, Device("cpu")),
        ({"SELVEDGE_DEVICE": "cuda"}, (), EVERY, Device("cuda")),
        ({"SELVEDGE_DEVICE": "cpu"}, ("1",), EVERY, Device("cpu")),
    ],
)
def test_the_device(environment: dict, addresses: tuple, available: tuple, expected: Device) -> None:
    assert choose(environment, addresses, available) == expected


@pytest.mark.parametrize(
    ("environment", "addresses", "available"),
    [
        ({"SELVEDGE_DEVICE": "cuda"}, (), ("cpu",)),
        ({"SELVEDGE_DEVICE": "cuda", "CUDA_VISIBLE_DEVICES": ""}, (), EVERY),
        ({"SELVEDGE_DEVICE": "tpu"}, (), EVERY),
        ({"CUDA_VISIBLE_DEVICES": "0,1"}, ("7",), EVERY),
    ],
)
def test_a_device_that_is_not_there_is_refused(environment: dict, addresses: tuple, available: tuple) -> None:
    with pytest.raises(DeviceMissing):
        choose(environment, addresses, available)


def test_importing_the_runtime_touches_no_gpu_and_loads_no_torch() -> None:
    code = (
        "import sys, udfs.runtime.models, udfs.pictures.screen, udfs.pictures.detect, udfs.pictures.embed;"
        "print(sorted({'torch', 'sklearn', 'tensorrt', 'onnxruntime', 'pyspark'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.gpu
@pytest.mark.skipif(not HAS_GPU, reason="neither TensorRT nor ONNX Runtime's CUDA provider is installed here")
@pytest.mark.parametrize("kind", [kind for kind in EVERY if kind != "cpu"])
def test_a_gpu_answers_as_the_cpu_does(kind: str, tmp_path) -> None:
    if kind not in installed():
        pytest.skip(f"{kind} is not installed")
    graph = (release(tmp_path) / "model.onnx").read_bytes()
    batch = np.random.default_rng(0).integers(0, 256, (BATCH, SIDE, SIDE, 3), dtype=np.uint8)
    expected = open_session(graph, Device("cpu")).run(batch)["scaled"]
    assert np.allclose(open_session(graph, Device(kind)).run(batch)["scaled"], expected, rtol=1e-2)
