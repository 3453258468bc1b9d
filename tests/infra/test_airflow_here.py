"""`make airflow`: listens on loopback alone, runs the DAG, and leaves nothing behind when it is ended in mid-stage."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import psutil
import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
STAGE = "#!/usr/bin/env bash\necho $$ > {pid}\nsleep 300\n"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def ask(url: str, method: str, body: dict[str, Any], token: str = "") -> dict[str, Any]:
    headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}
    with urlopen(Request(url, json.dumps(body).encode(), headers, method=method), timeout=30) as answer:
        return json.loads(answer.read())


def within(seconds: float, happened: Callable[[], Any], what: str) -> Any:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if found := happened():
            return found
        time.sleep(0.2)
    raise AssertionError(f"not within {seconds} s: {what}")


def listening(processes: list[psutil.Process]) -> set[str]:
    """Addresses on which any of them accepts connections."""
    sockets = [connection for process in processes for connection in process.net_connections("inet")]
    return {connection.laddr.ip for connection in sockets if connection.status == psutil.CONN_LISTEN}


@pytest.mark.night
@pytest.mark.timeout(1500)
def test_runs_on_loopback_and_ends_clean_in_mid_stage(tmp_path: Path) -> None:
    command, pid = tmp_path / "selvedge", tmp_path / "pid"
    command.write_text(STAGE.format(pid=pid))
    command.chmod(0o755)
    port = free_port()
    late = tmp_path / "late"
    (tmp_path / "hook").mkdir()
    (tmp_path / "hook" / "pager.py").write_text(
        f"def page(failure):\n    open({str(late)!r}, 'w').write(failure.line)\n"
    )
    ours = {"AIRFLOW_PORT": str(port), "AIRFLOW_HOME": str(tmp_path / "airflow"), "SELVEDGE_COMMAND": str(command),
            "SELVEDGE_DEADLINE_HOURS": "0.005", "SELVEDGE_ON_FAILURE": "pager:page",
            "PYTHONPATH": os.pathsep.join([str(tmp_path / "hook"), os.environ.get("PYTHONPATH", "")])}  # fmt: skip
    others = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
    airflow = subprocess.Popen(
        [sys.executable, "-m", "infra.airflow_here"], cwd=REPOSITORY, env={**others, **ours},
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        said = [airflow.stdout.readline() for _ in range(3)]  # type: ignore[union-attr]
        assert f"http://127.0.0.1:{port}" in said[1]
        password = json.loads(Path(said[1].rpartition("password in ")[2].strip()).read_text())["admin"]
        url = f"http://127.0.0.1:{port}"
        token = ask(f"{url}/auth/token", "POST", {"username": "admin", "password": password})["access_token"]
        switch_on = f"{url}/api/v2/dags/catalog_nightly"
        within(180, lambda: ask(switch_on, "PATCH", {"is_paused": False}, token), "the DAG is known")
        within(180, pid.exists, "the first stage runs")
        stage = psutil.Process(int(within(5, pid.read_text, "the stage says its process")))
        family = psutil.Process(airflow.pid).children(recursive=True)
        assert stage in family
        assert listening(family) == {"127.0.0.1"}
        within(180, late.exists, "the night is late, and somebody is told")
    finally:
        airflow.send_signal(signal.SIGINT)
        code = airflow.wait(60)
    assert code == 0
    assert "the night is late: not done 0.005 h after it was queued; run scheduled__" in late.read_text()
    assert not [process for process in family if process.is_running()]
