"""The same night on a Spark cluster with the lake in S3, by settings alone, ends with the same rows."""

import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from infra.s3 import client, s3_server
from tests.small_night import REPOSITORY, live_version, selvedge, tiny_shop

BUCKET = "trial"
NIGHT = ("night", "--date", "2026-11-21")


@contextmanager
def cluster(folder: Path, environment: dict[str, str]) -> Iterator[str]:
    """Two workers that see the S3 stand-in's variables; gives the master's address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    running = subprocess.Popen(
        [sys.executable, "-m", "infra.cluster", "--port", str(port), "--folder", str(folder), "--memory", "1g"],
        cwd=REPOSITORY, env={**os.environ, **environment}, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert "with 2 workers" in running.stdout.readline()  # type: ignore[union-attr]
        yield f"spark://127.0.0.1:{port}"
    finally:
        running.send_signal(signal.SIGTERM)
        running.wait(60)


def tree_digest(folder: Path) -> str:
    """Every file's name, bytes and time of change."""
    whole = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        whole.update(f"{path.relative_to(folder)} {path.stat().st_mtime_ns}".encode() + path.read_bytes())
    return whole.hexdigest()


def read_only(folder: Path) -> None:
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)


def copy_to_s3(lake: Path, environment: dict[str, str], prefix: str) -> None:
    s3 = client(environment)
    for path in (path for path in lake.rglob("*") if path.is_file()):
        s3.upload_file(str(path), BUCKET, f"{prefix}/{path.relative_to(lake)}")


def files_of_models(environment: dict[str, str]) -> list[bytes]:
    """What the night put into the lake for its workers: weights and golden answers of each release."""
    s3 = client(environment)
    found = s3.list_objects_v2(Bucket=BUCKET, Prefix="lake/models/")["Contents"]
    names = [entry["Key"] for entry in found if not entry["Key"].endswith("/release.json")]
    assert len(names) == 8
    return [s3.get_object(Bucket=BUCKET, Key=name)["Body"].read() for name in names]


@pytest.mark.night
@pytest.mark.timeout(1500)
@pytest.mark.spark
def test_cluster_and_s3_give_the_same_snapshot(tmp_path: Path) -> None:
    local = tmp_path / "lake"
    with tiny_shop(tmp_path) as shop, s3_server(BUCKET) as s3:
        here = shop | {"SELVEDGE_LAKE": str(local)}
        assert selvedge(here, *NIGHT)["published"]
        read_only(local)
        before = tree_digest(local)
        assert not [path for path in local.glob("models/*/*") if path.name != "release.json"], "nobody loads from there"

        temporary = tmp_path / "temporary"
        temporary.mkdir()
        with cluster(tmp_path / "spark", s3 | {"TMPDIR": str(temporary)}) as master:
            there = shop | s3 | {
                "SELVEDGE_LAKE": f"s3://{BUCKET}/lake",
                "SELVEDGE_SPARK__MASTER": master,
                "SELVEDGE_SPARK__FEW_SECONDS": "0",  # so that every stage goes to the workers
                "SELVEDGE_SPARK__CONF": json.dumps(
                    {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}
                ),
            }  # fmt: skip
            assert selvedge(there, *NIGHT)["published"]

        assert live_version(there)["content_digest"] == live_version(here)["content_digest"]
        assert live_version(there)["garments"] > 0
        cached = {path.name for path in temporary.glob("selvedge-models-*/*")}
        assert cached == {hashlib.sha256(body).hexdigest() for body in files_of_models(s3)}

        copy_to_s3(local, s3, "copied")
        again = selvedge(shop | s3 | {"SELVEDGE_LAKE": f"s3://{BUCKET}/copied"}, *NIGHT)
        assert {name: stage["due"] for name, stage in again["stages"].items() if stage["due"]} == {}
        assert not again["published"]
        assert tree_digest(local) == before
