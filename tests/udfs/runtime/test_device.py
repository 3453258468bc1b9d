"""One function decides the device; what a card, a driver and a scheduler say is played here."""

import logging
import subprocess
import sys
from types import SimpleNamespace

import pytest

from tests.udfs.pictures.promoted import MODELS
from udfs.runtime import cards
from udfs.runtime.cards import this_process
from udfs.runtime.device import (
    ADDRESSES,
    HIDDEN,
    NO_DRIVER,
    CardLost,
    Device,
    DeviceMissing,
    assign,
    choose,
)
from udfs.runtime.models import Model, promoted, read_release
from udfs.runtime.sessions import open_session


def decided(environment: dict, addresses: tuple = (), reason: str | None = None, taken: str | None = None) -> Device:
    """The device, where a card runs unless there is a `reason`, and is free unless it is `taken`."""
    return choose(environment, addresses, lambda _: reason, lambda _: taken)


@pytest.mark.parametrize(
    ("environment", "addresses", "reason", "expected"),
    [
        ({}, (), NO_DRIVER, Device("cpu")),
        ({"SELVEDGE_INTRA_OP_THREADS": "3"}, (), NO_DRIVER, Device("cpu", 0, 3)),
        ({}, (), "torch is not installed", Device("cpu")),
        ({}, (), None, Device("cuda")),
        ({}, ("2",), None, Device("cuda", 2)),
        ({"CUDA_VISIBLE_DEVICES": "2,3"}, ("3",), None, Device("cuda", 1)),
        ({"CUDA_VISIBLE_DEVICES": "5"}, (), None, Device("cuda", 0)),
        ({"CUDA_VISIBLE_DEVICES": ""}, (), None, Device("cpu")),
        ({"CUDA_VISIBLE_DEVICES": "-1"}, ("1",), None, Device("cpu")),
        ({"SELVEDGE_DEVICE": "tensorrt"}, (), None, Device("tensorrt")),
        ({"SELVEDGE_DEVICE": "cpu"}, ("1",), None, Device("cpu")),
        ({"SELVEDGE_DEVICE": "torch", "SELVEDGE_INTRA_OP_THREADS": "2"}, (), NO_DRIVER, Device("torch", 0, 2)),
    ],
)
def test_the_device(environment: dict, addresses: tuple, reason: str | None, expected: Device) -> None:
    assert decided(environment, addresses, reason) == expected


@pytest.mark.parametrize(
    ("environment", "addresses", "reason", "said"),
    [
        (
            {"SELVEDGE_DEVICE": "cuda"},
            (),
            NO_DRIVER,
            "cuda, but this machine has no NVIDIA driver; to act",
        ),
        ({"SELVEDGE_DEVICE": "cuda", "CUDA_VISIBLE_DEVICES": ""}, (), None, HIDDEN),
        ({"SELVEDGE_DEVICE": "tpu"}, (), None, "must be auto, cuda, tensorrt, torch, cpu"),
        ({"CUDA_VISIBLE_DEVICES": "0,1"}, ("7",), None, "the scheduler gave GPU 7, but CUDA_VISIBLE_DEVICES shows 0,1"),
    ],
)
def test_a_device_that_is_not_there_is_refused(
    environment: dict, addresses: tuple, reason: str | None, said: str
) -> None:
    with pytest.raises(DeviceMissing, match=said):
        decided(environment, addresses, reason)


def test_a_card_that_does_not_run_is_one_line_and_the_cpu(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    assert decided({}, (), "GPU 0 does not run: no kernel image") == Device("cpu")
    assert decided({}, (), NO_DRIVER) == Device("cpu")
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("WARNING", "networks run on the CPU: GPU 0 does not run: no kernel image"),
        ("INFO", "networks run on the CPU: this machine has no NVIDIA driver"),
    ]


def test_a_card_is_used_by_one_process_unless_a_scheduler_or_a_person_says_otherwise() -> None:
    taken = "GPU 0 is used by another process of selvedge"
    assert decided({}, taken=taken) == Device("cpu")
    assert decided({}, ("0",), taken=taken) == Device("cuda")
    assert decided({"SELVEDGE_DEVICE": "cuda"}, taken=taken) == Device("cuda")


def test_a_second_process_does_not_get_the_card(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cards.tempfile, "gettempdir", lambda: str(tmp_path))
    cards._lock_of.cache_clear()
    assert cards.unused(Device("cuda", 1)) is None
    assert cards.unused(Device("cuda", 1)) is None  # it has it already
    code = (
        "import sys, tempfile; tempfile.tempdir = sys.argv[1]; from udfs.runtime import cards as d;"
        "print(d.unused(d.Device('cuda', 1)), d.unused(d.Device('cuda', 2)), sep='|')"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "GPU 1 is used by another process of selvedge|None"
    cards._lock_of.cache_clear()


def test_what_the_scheduler_gave_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ADDRESSES, "")
    monkeypatch.delenv("SELVEDGE_DEVICE", raising=False)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(cards, "runs", lambda _: None)
    cards._chosen.cache_clear()
    for card in (2, 0):
        assign([str(card)])
        assert this_process().index == card
    cards._chosen.cache_clear()


@pytest.mark.parametrize("kind", ["cuda", "tensorrt"])
def test_without_a_driver_nothing_is_loaded(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_: str) -> None:
        raise OSError("libcuda.so.1: cannot open shared object file")

    monkeypatch.setattr(cards.ctypes, "CDLL", missing)
    monkeypatch.setattr(cards.importlib.util, "find_spec", lambda _: pytest.fail("a package was looked for"))
    assert cards.runs(Device(kind)) == NO_DRIVER


def test_a_driver_without_a_card_is_found_by_running(monkeypatch: pytest.MonkeyPatch) -> None:
    """A driver and an importable TensorRT are there, and no card answers."""
    monkeypatch.setattr(cards.ctypes, "CDLL", lambda _: None)
    monkeypatch.setattr(cards.importlib.util, "find_spec", lambda _: True)

    def probe(index: int) -> None:
        raise RuntimeError(f"no CUDA-capable device is detected, {index}\nsecond line")

    for kind in ("torch", "tensorrt"):
        monkeypatch.setitem(sys.modules, f"udfs.runtime.{kind}_session", SimpleNamespace(probe=probe))
    for kind in ("cuda", "tensorrt"):
        assert cards.runs(Device(kind)) == "GPU 0 does not run: no CUDA-capable device is detected, 0"
    monkeypatch.setattr(cards.importlib.util, "find_spec", lambda _: None)
    assert cards.runs(Device("cuda")) == "torch is not installed"


def test_a_lost_card_survives_the_way_between_processes() -> None:
    import pickle

    error = pickle.loads(pickle.dumps(CardLost(2, "CUDA error: device lost")))
    assert str(error).startswith("GPU 2: CUDA error: device lost; everything before is kept; to act: the engineer")
    assert error.exit_code == 1


def test_importing_the_runtime_touches_no_gpu_and_loads_no_torch() -> None:
    code = (
        "import sys, udfs.runtime.models, udfs.pictures.screen, udfs.pictures.detect, udfs.pictures.embed;"
        "print(sorted({'torch', 'sklearn', 'tensorrt', 'onnxruntime', 'pyspark'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.gpu
@pytest.mark.parametrize("kind", ["cuda", "tensorrt"])
def test_a_gpu_answers_as_the_cpu_does(kind: str) -> None:
    if (reason := cards.runs(Device(kind))) is not None:
        pytest.skip(f"{kind} was not run: {reason}")
    for name in ("screen", "detect", "embed"):
        model = Model(read_release(promoted(name, MODELS)))
        session = open_session(model.files["model.onnx"], Device(kind))
        model._check_golden(session)
