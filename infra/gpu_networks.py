"""What the GPU check times: a released network through our session, and the same network in a plain torch loop."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from udfs.runtime.device import Device
from udfs.runtime.models import Description, cosine, promoted, read_from, read_release
from udfs.runtime.onnx_file import read_graph
from udfs.runtime.torch_network import translated
from udfs.runtime.torch_session import WARM_UPS, TorchSession

MODELS = Path(__file__).resolve().parents[1] / "models"
CALLS_AT_ONCE = 4
"""Of a plain loop, between two waits for the card; batches that a session gets at once."""


@dataclass
class Loaded:
    """What a stage's batch function asks of a model, with the session that is timed."""

    description: Description
    folder: Path
    weights: bytes
    session: TorchSession

    def run(self, inputs: np.ndarray) -> dict[str, np.ndarray]:
        """Outputs by name for any number of inputs."""
        return self.session.run(inputs)


def loaded(name: str, device: Device, half: bool, batch: int) -> Loaded:
    """The promoted release of a network, in batches of at most `batch`."""
    folder = promoted(name, MODELS)
    release = read_release(folder)
    weights = (folder / release.description.weights).read_bytes()
    session = TorchSession(weights, device, half)
    session.largest = batch
    return Loaded(release.description, folder, weights, session)


def parity(model: Loaded) -> dict[str, float]:
    """Lowest cosine of each output to the golden answers, which are ONNX Runtime's."""
    with np.load(model.folder / str(model.description.golden), allow_pickle=False) as golden:
        found = model.run(golden["inputs"])
        return {
            name: round(cosine(*(read_from(name, v) for v in (golden[f"output_{name}"], values))), 6)
            for name, values in found.items()
        }


def rate(work: Callable[[], int], seconds: float) -> float:
    """Pictures a second of `work`, which says how many it did; once before, to warm up."""
    work()
    begin, done = time.perf_counter(), 0
    while (passed := time.perf_counter() - begin) < seconds or not done:
        done += work()
    return done / passed


def through_session(model: Loaded, rows: np.ndarray, seconds: float) -> float:
    """Pictures a second from rows in memory to answers in memory."""

    def work() -> int:
        model.run(rows)
        return len(rows)

    return rate(work, seconds)


def plain(model: Loaded, batch: int, half: bool, seconds: float) -> dict[str, float]:
    """Pictures a second of the bare network, its rows already on the device: eager, and on a card as a CUDA graph."""
    device, (module, rows) = model.session.device, _bare(model, batch, half)
    found = {"eager": _timed(lambda: module(rows), device, batch, seconds)}
    if device.type == "cuda":
        found["graph"] = _timed(_recorded(module, rows), device, batch, seconds)
    return found


def compiled(model: Loaded, batch: int, half: bool, seconds: float) -> float:
    """Pictures a second of the bare network through torch.compile; raises whatever the compiler may raise."""
    device, (module, rows) = model.session.device, _bare(model, batch, half)
    inside = torch.compile(module, mode="reduce-overhead" if device.type == "cuda" else "default")
    return _timed(lambda: inside(rows), device, batch, seconds)


def _bare(model: Loaded, batch: int, half: bool) -> tuple[torch.nn.Module, torch.Tensor]:
    device, side = model.session.device, model.description.side
    module = translated(read_graph(model.weights), batch, half).to(device)
    return module, torch.randint(0, 256, (batch, side, side, 3), dtype=torch.uint8, device=device)


def _recorded(module: Any, rows: torch.Tensor) -> Callable[[], None]:
    with torch.inference_mode():
        aside = torch.cuda.Stream()
        with torch.cuda.stream(aside):
            for _ in range(WARM_UPS):
                module(rows)
        torch.cuda.synchronize()
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            kept = module(rows)

    def replay() -> None:
        graph.replay()
        assert kept

    return replay


def _timed(call: Callable[[], Any], device: torch.device, batch: int, seconds: float) -> float:
    calls = CALLS_AT_ONCE if device.type == "cuda" else 1

    def work() -> int:
        with torch.inference_mode():
            for _ in range(calls):
                call()
        if device.type == "cuda":
            torch.cuda.synchronize()
        return calls * batch

    return rate(work, seconds)
