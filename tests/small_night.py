"""A tiny shop on loopback, and the real command over it: for tests that run whole nights."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[1]
SELVEDGE = str(Path(sys.executable).with_name("selvedge"))
RETAILER = "tiny"
OFFERS = 12


@contextmanager
def tiny_shop(folder: Path, *retailers: str) -> Iterator[dict[str, str]]:
    """Draws and serves shops of few offers (one, if none is named); gives the settings that nights over them share."""
    port = _free_port()
    shops, mappings = folder / "shops", folder / "mappings"
    for seed, retailer in enumerate(retailers or (RETAILER,), 1):
        subprocess.run(
            [SELVEDGE, "shop", "draw", "--out", str(shops), "--retailer", retailer, "--offers", str(OFFERS),
             "--seed", str(seed), "--base-url", f"http://127.0.0.1:{port}"],
            check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        (mappings / retailer).mkdir(parents=True)
        shutil.copy(shops / retailer / "retailer.yaml", mappings / retailer)
    for name in ("taxonomy.xml", "gates.yaml", "blocked.tsv"):
        shutil.copy(REPOSITORY / "mappings" / name, mappings)
    server = subprocess.Popen([SELVEDGE, "shop", "serve", str(shops), "--port", str(port)], stdout=subprocess.DEVNULL)
    try:
        _wait_for(port)
        yield {"SELVEDGE_MAPPINGS": str(mappings), "SELVEDGE_MODELS": str(REPOSITORY / "models"),
               "SELVEDGE_REPORTS": str(folder / "reports")}  # fmt: skip
    finally:
        server.terminate()
        server.wait()


def selvedge(settings: Mapping[str, str], *arguments: str) -> dict[str, Any]:
    """What the command prints as JSON, under these settings alone."""
    others = {name: value for name, value in os.environ.items() if not name.startswith(("SELVEDGE_", "AWS_"))}
    done = subprocess.run(
        [SELVEDGE, *arguments, "--json"], env={**others, **settings}, capture_output=True, text=True, cwd=REPOSITORY
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def live_version(settings: Mapping[str, str]) -> dict[str, Any]:
    """The line of `selvedge snapshots` about the live version."""
    versions = selvedge(settings, "snapshots")["versions"]
    return next(version for version in versions if version["live"])


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(port: int) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError("the tiny shop was not served within 60 s")
