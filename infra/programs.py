"""Runs several programs under one command, and stops them together with all processes that they started."""

import ctypes
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Self
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import psutil

PR_SET_CHILD_SUBREAPER = 36  # <sys/prctl.h>
END_WITHIN_S = 20
LAST_LINES = 15


class ProgramEnded(Exception):
    """A program ended by itself. The text has its name, its exit code and the end of its log."""


class Programs:
    """Runs programs, each with a log file. When the `with` block ends, no process that they started is left.

    This process adopts every descendant whose parent dies, so that none is missed.
    """

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        self._logs.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(self, *error: object) -> None:
        below = psutil.Process().children(recursive=True)
        for process in below:
            _send(process, signal.SIGTERM)
        psutil.wait_procs(below, END_WITHIN_S)
        while left := [p for p in psutil.Process().children(recursive=True) if p.status() != psutil.STATUS_ZOMBIE]:
            for process in left:
                _send(process, signal.SIGKILL)
            psutil.wait_procs(left, 1)
        _reap()

    def start(self, name: str, command: list[str], environment: Mapping[str, str]) -> None:
        """Start a program in a session of its own, so that Ctrl-C reaches only this process."""
        with self._log(name).open("wb") as log:
            self._running[name] = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=dict(environment), start_new_session=True
            )

    def check(self) -> None:
        """Raise ProgramEnded if one of the programs has ended."""
        for name, process in self._running.items():
            if process.poll() is not None:
                end = self._log(name).read_text(errors="replace").splitlines()[-LAST_LINES:]
                raise ProgramEnded("\n".join([f"{name} ended with exit code {process.returncode}:", *end]))

    def log_of(self, name: str) -> str:
        """What a program has printed so far."""
        return self._log(name).read_text(errors="replace")

    def _log(self, name: str) -> Path:
        return self._logs / f"{name}.log"


@contextmanager
def until_told_to_end() -> Iterator[None]:
    """Ctrl-C and SIGTERM end the block quietly, even if a shell started this process with SIGINT ignored."""
    before = {number: signal.signal(number, _interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    except KeyboardInterrupt:
        print("stopping", flush=True)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def answer_of(url: str) -> bytes | None:
    """The body that a server on this machine answers; None if it does not answer yet."""
    try:
        with urlopen(url, timeout=2) as answer:  # noqa: S310
            return bytes(answer.read())
    except (HTTPError, URLError, OSError):
        return None


def _reap() -> None:
    """Collect the exit codes of ended children, so that no zombie is left."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _send(process: psutil.Process, number: signal.Signals) -> None:
    try:
        process.send_signal(number)
    except psutil.NoSuchProcess:
        return
