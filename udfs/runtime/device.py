"""Selects the device for networks in this process: TensorRT, CUDA or the CPU."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from schemas.errors import Stop

KINDS = ("tensorrt", "cuda", "cpu")
THREADS = "SELVEDGE_INTRA_OP_THREADS"
"""Carries `work.model_threads` into workers: how many threads one network may use on a CPU."""
DEVICE = "SELVEDGE_DEVICE"
"""Environment name of the setting that says which device is used: auto, tensorrt, cuda or cpu."""


class DeviceMissing(Stop):
    """The requested device is not available; the message names it and the variable to set."""


@dataclass(frozen=True)
class Device:
    """What runs a network: its kind, which GPU of those that this process sees, and threads on a CPU."""

    kind: str
    index: int = 0
    threads: int = 1


def choose(environment: Mapping[str, str], addresses: Sequence[str] = (), available: Sequence[str] = ()) -> Device:
    """The device of this process, decided here and nowhere else.

    `addresses` are the GPUs that the scheduler gave this task, `available` the kinds that are installed. The process
    sees the GPUs of CUDA_VISIBLE_DEVICES renumbered from 0, so an address is looked up in it; a list that hides the
    address is an error, not another GPU.
    """
    wanted = environment.get(DEVICE, "auto")
    if wanted not in ("auto", *KINDS):
        raise DeviceMissing(f"{DEVICE}={wanted}: must be auto, {', '.join(KINDS)}")
    threads = int(environment.get(THREADS, "1"))
    visible = _listed(environment.get("CUDA_VISIBLE_DEVICES"))
    hidden = visible == []
    usable = [kind for kind in KINDS if kind in (*available, "cpu") and not (kind != "cpu" and hidden)]
    kind = usable[0] if wanted == "auto" else wanted
    if kind not in usable:
        raise DeviceMissing(f"{DEVICE}={wanted}, but this machine offers {', '.join(usable)}")
    if kind == "cpu":
        return Device("cpu", 0, threads)
    return Device(kind, _index(addresses, visible), threads)


def _listed(text: str | None) -> list[str] | None:
    if text is None:
        return None
    return [item.strip() for item in text.split(",") if item.strip() not in ("", "-1")]


def _index(addresses: Sequence[str], visible: list[str] | None) -> int:
    if not addresses:
        return 0
    address = addresses[0]
    if visible is None:
        return int(address)
    if address not in visible:
        raise DeviceMissing(f"the scheduler gave GPU {address}, but CUDA_VISIBLE_DEVICES shows {','.join(visible)}")
    return visible.index(address)


def installed() -> list[str]:
    """The kinds that this Python can load. Touches no GPU."""
    import importlib.util

    import onnxruntime

    kinds = []
    if importlib.util.find_spec("tensorrt") is not None:
        kinds.append("tensorrt")
    if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        kinds.append("cuda")
    return [*kinds, "cpu"]


def this_process(addresses: Sequence[str] = ()) -> Device:
    """The device of this process by its environment and what is installed."""
    return choose(os.environ, addresses, installed())
