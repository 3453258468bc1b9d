"""The GPU check: its tables, its bundle, and the whole of it on torch's CPU device."""

import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
import pytest

from benchmarks.gpu_table import tables
from infra.gpu_bundle import NETWORKS, needed, up_to
from infra.gpu_chain import SIDE, _by_opencv

REPOSITORY = Path(__file__).resolve().parents[2]
FOUND = {
    "spark": {"left_out": "Java or pyspark is missing"},
    "card": "NVIDIA H200", "said": "device cuda", "seconds": 431.2, "left_out": ["fp16, batch 256"],
    "machine": {
        "python": "3.12.3", "torch": "2.11.0", "cuda": "13.0", "torchvision": None, "cores": 16, "decoder": "opencv",
    },
    "parity": [{
        "network": "screen", "precision": "fp16", "cosine": {"screen": 0.99999, "depicts": 0.9991}, "same_class": 0.995,
    }],
    "decode": [
        {"kind": "small", "threads": 16, "pictures_a_second": 12345.6},
        {"kind": "small", "threads": "card", "left_out": "torchvision is not installed"},
    ],
    "forward": [{
        "network": "embed", "precision": "fp16", "batch": 64, "pictures_a_second": 900.0,
        "plain": {"eager": 500.0, "graph": 1000.0}, "share": 0.9,
    }],
    "chain": [{
        "precision": "fp16", "batch": 64, "pictures_a_second": 3.25, "plain": 4.0, "share": 0.8125, "busy": 0.5,
        "peak_memory_bytes": 2_500_000_000,
    }],
}  # fmt: skip


def photo(width: int, height: int) -> bytes:
    pixels = np.kron(np.random.default_rng(1).integers(0, 256, (4, 4, 3)), np.ones((height // 4, width // 4, 1)))
    return cv2.imencode(".jpg", pixels.astype(np.uint8))[1].tobytes()


def test_tables_say_everything_that_was_found() -> None:
    lines = tables(FOUND).splitlines()
    assert lines[0].startswith("NVIDIA H200; device cuda; 431 seconds (python 3.12.3, torch 2.11.0, ")
    for line in (
        "| screen | fp16 | 0.99910 | 99.5% |",
        "| small | 16 threads | 12,346 |",
        "| small | the card | torchvision is not installed |",
        "| embed | fp16 | 64 | 900 | 500 | 1,000 | - | 0.90 |",
        "| fp16 | 64 | 3.2 | 4.0 | 0.81 | 50% | 2.5 GB |",
        "No time was left for: fp16, batch 256.",
        "Through Spark on two cores: Java or pyspark is missing.",
    ):
        assert line in lines


def test_the_bundle_has_the_promoted_networks_alone() -> None:
    promoted = json.loads((REPOSITORY / "models" / "promoted.json").read_text())
    files = needed()
    weights = {file.parent for file in files if file.name == "model.onnx"}
    assert weights == {Path("models") / name / promoted[name] for name in NETWORKS}
    assert {Path("infra/gpu_check.sh"), Path("udfs/runtime/torch_session.py"), Path("models/promoted.json")} <= set(
        files
    )


def test_pictures_are_packed_up_to_a_size() -> None:
    assert [*up_to(iter([b"aa", b"bbb", b"c"]), 5)] == [b"aa", b"bbb"]


def test_opencv_opens_a_photo_at_half_its_size_where_that_is_enough() -> None:
    assert _by_opencv(photo(800, 1200), SIDE).shape == (600, 400, 3)
    assert _by_opencv(photo(400, 600), SIDE).shape == (600, 400, 3)


@pytest.mark.long
def test_the_check_runs_on_a_cpu_and_says_that_it_saw_no_card(tmp_path: Path) -> None:
    bodies = [photo(320, 400)] * 2
    table = pa.table({"kind": ["small", "600x800"], "body": pa.array(bodies, pa.binary())})
    with pa.ipc.new_file(tmp_path / "pictures.arrow", table.schema) as file:
        file.write(table)
    out = tmp_path / "result.json"
    flags = ["--pictures", str(tmp_path / "pictures.arrow"), "--out", str(out), "--batches", "1,2,3"]
    small = ["--seconds", "0.01", "--threads", "1", "--no-compile", "--device", "torch"]
    command = [str(REPOSITORY / "infra" / "gpu_check.sh"), *flags, *small]
    subprocess.run(command, env=os.environ | {"PYTHON": sys.executable}, check=True, capture_output=True)
    found = json.loads(out.read_text())
    assert found["card"] is None
    assert [(row["precision"], row["batch"]) for row in found["chain"]] == [
        (precision, batch) for precision in ("fp32", "fp16") for batch in (1, 2, 3)
    ]
    assert all(min(row["cosine"].values()) >= 0.999 for row in found["parity"])
    assert "left_out" not in found["spark"] or "missing" in found["spark"]["left_out"]
    assert "No card; " in tables(found)
