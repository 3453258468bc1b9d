"""Programs end with everything that they started, whoever asks for the end."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

REPOSITORY = Path(__file__).resolve().parents[2]

SUPERVISOR = """
import os, sys, time
from pathlib import Path
import infra.programs
from infra.programs import ProgramEnded, Programs, until_told_to_end
infra.programs.END_WITHIN_S = 1
try:
    with until_told_to_end(), Programs(Path(sys.argv[1])) as programs:
        programs.start("family", ["bash", "-c", sys.argv[2]], os.environ)
        print("started", flush=True)
        while True:
            programs.check()
            time.sleep(0.05)
except ProgramEnded as ended:
    sys.exit(str(ended))
"""

# A child in the same session, one in a session of its own whose parent dies, and one that is deaf to SIGTERM.
FAMILY = """
sleep 300 & echo $! >> pids
setsid bash -c 'sleep 300 & echo $! >> pids'
(trap '' TERM; sleep 300 & echo $! >> pids; wait) &
echo $! >> pids
wait
"""


def supervise(folder: Path, script: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", SUPERVISOR, str(folder / "logs"), script],
        cwd=folder, env={**os.environ, "PYTHONPATH": str(REPOSITORY)}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def numbers(folder: Path, count: int) -> list[int]:
    """The process ids that the family has written down, once all have."""
    for _ in range(200):
        found = (folder / "pids").read_text().split() if (folder / "pids").exists() else []
        if len(found) == count:
            return [int(number) for number in found]
        time.sleep(0.05)
    raise AssertionError(f"{len(found)} of {count} processes started")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_nothing_is_left(tmp_path: Path, number: signal.Signals) -> None:
    supervisor = supervise(tmp_path, FAMILY)
    family = numbers(tmp_path, 4)
    assert all(psutil.pid_exists(process) for process in family)
    supervisor.send_signal(number)
    assert supervisor.wait(20) == 0
    assert not [process for process in family if psutil.pid_exists(process)]


def test_a_program_that_ends_is_said_with_its_last_lines(tmp_path: Path) -> None:
    supervisor = supervise(tmp_path, "echo the reason; exit 7")
    _, said = supervisor.communicate(timeout=20)
    assert supervisor.returncode == 1
    assert said.strip() == "family ended with exit code 7:\nthe reason"
