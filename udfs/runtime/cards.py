"""Finds the device of this process: a card is tried by running on it, and taken from other processes of ours."""

import ctypes
import fcntl
import importlib.util
import os
import tempfile
from functools import cache
from pathlib import Path
from typing import IO

from udfs.runtime.device import ADDRESSES, DEVICE, NO_DRIVER, THREADS, Device, choose, listed
from udfs.runtime.errors import first_line


def runs(device: Device) -> str | None:
    """Why a GPU cannot be used, found by running on it; None if it can. Loads nothing where there is no driver."""
    try:
        ctypes.CDLL("libcuda.so.1")
    except OSError:
        return NO_DRIVER
    package = {"cuda": "torch", "tensorrt": "tensorrt"}[device.kind]
    if importlib.util.find_spec(package) is None:
        return f"{package} is not installed"
    try:
        if device.kind == "tensorrt":
            from udfs.runtime.tensorrt_session import probe
        else:
            from udfs.runtime.torch_session import probe
        probe(device.index)
    except Exception as error:  # whatever a driver, a library or a build for other cards may raise
        return f"GPU {device.index} does not run: {first_line(error)}"
    return None


@cache
def _lock_of(index: int) -> IO[bytes]:
    """The file that stands for a card on this machine; open as long as this process lives."""
    return (Path(tempfile.gettempdir()) / f"selvedge-gpu-{os.getuid()}-{index}.lock").open("ab")


def unused(device: Device) -> str | None:
    """Take a card for this process. Networks of a second process would only divide its time and its memory."""
    try:
        fcntl.flock(_lock_of(device.index), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return f"GPU {device.index} is used by another process of selvedge"
    return None


def this_process() -> Device:
    """The device of this process by its environment, its scheduler and what runs here; looked for once."""
    return _chosen(tuple(os.environ.get(name) for name in (ADDRESSES, DEVICE, THREADS, "CUDA_VISIBLE_DEVICES")))


@cache
def _chosen(surroundings: tuple[str | None, ...]) -> Device:
    return choose(os.environ, listed(surroundings[0]) or [], runs, unused)
