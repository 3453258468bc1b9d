"""Selects the device for networks in this process: a GPU through PyTorch or TensorRT, or the CPU."""

import logging
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from schemas.errors import Stop

KINDS = ("cuda", "tensorrt", "torch", "cpu")
"""`cuda` is PyTorch on a GPU, `torch` PyTorch on the CPU, `cpu` ONNX Runtime on the CPU."""
ON_CARD = ("cuda", "tensorrt")
THREADS = "SELVEDGE_INTRA_OP_THREADS"
"""Carries `work.model_threads` into workers: how many threads one network may use on a CPU."""
DEVICE = "SELVEDGE_DEVICE"
"""Environment name of the setting that says which device is used: auto, or one of KINDS."""
ADDRESSES = "SELVEDGE_GPU_ADDRESSES"
"""Carries the GPUs that Spark gave a task to the networks of its processes."""

_log = logging.getLogger("selvedge.device")


class DeviceMissing(Stop):
    """The requested device is not available; the message names it and the variable to set."""


class CardLost(DeviceMissing):
    """A card stopped answering, or cannot hold a single picture."""

    def __init__(self, index: int, said: str) -> None:
        self.index, self.said = index, said
        super().__init__(
            f"GPU {index}: {said}; everything before is kept; to act: the engineer (look at the card with nvidia-smi "
            f"and run again, or set {DEVICE}=cpu)"
        )

    def __reduce__(self) -> tuple[type["CardLost"], tuple[int, str]]:
        return type(self), (self.index, self.said)


@dataclass(frozen=True)
class Device:
    """What runs a network: its kind, which GPU of those that this process sees, and threads on a CPU."""

    kind: str
    index: int = 0
    threads: int = 1


NO_DRIVER = "this machine has no NVIDIA driver"
HIDDEN = "CUDA_VISIBLE_DEVICES hides every GPU"
EXPECTED = (NO_DRIVER, HIDDEN)
"""Reasons that are no news: the machine was set up so."""

Probe = Callable[[Device], str | None]
"""Runs something on a device; gives the reason where that fails."""


def choose(environment: Mapping[str, str], addresses: Sequence[str], probe: Probe, is_free: Probe) -> Device:
    """The device of this process, decided here and nowhere else.

    `addresses` are the GPUs that the scheduler gave this task. The process sees the GPUs of CUDA_VISIBLE_DEVICES
    renumbered from 0, so an address is looked up in it; a list that hides the address is an error, not another GPU.
    `auto` is the first GPU that runs and, where no scheduler decides, that no other process of ours uses; else the CPU.
    """
    wanted = environment.get(DEVICE, "auto")
    if wanted not in ("auto", *KINDS):
        raise DeviceMissing(f"{DEVICE}={wanted}: must be auto, {', '.join(KINDS)}")
    threads = int(environment.get(THREADS, "1"))
    if wanted not in ("auto", *ON_CARD):
        return Device(wanted, 0, threads)
    visible = listed(environment.get("CUDA_VISIBLE_DEVICES"))
    kind = "cuda" if wanted == "auto" else wanted
    card = Device(kind, 0 if visible == [] else _index(addresses, visible), threads)
    reason = HIDDEN if visible == [] else probe(card)
    if wanted != "auto" and reason is not None:
        raise DeviceMissing(
            f"{DEVICE}={wanted}, but {reason}; to act: the engineer (mend it, or set {DEVICE} to auto or cpu)"
        )
    if wanted == "auto" and reason is None and not addresses:
        reason = is_free(card)
    if reason is None:
        return card
    _log.log(logging.INFO if reason in EXPECTED else logging.WARNING, "networks run on the CPU: %s", reason)
    return Device("cpu", 0, threads)


def listed(text: str | None) -> list[str] | None:
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


def assign(addresses: Sequence[str]) -> None:
    """Remember the GPUs that a scheduler gave the task which this process works on now; child processes know too."""
    os.environ[ADDRESSES] = ",".join(addresses)
