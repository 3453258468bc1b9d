"""The weights that a lake keeps for the workers of a cluster."""

import hashlib
import json
from pathlib import Path

import pytest

from lake.doctor.finding import LOST, Kind, Lake
from lake.doctor.rounds import examine, repair
from lake.models import NOTE, keep_file, keep_note, missing_files, model_file
from lake.store import DiskStore
from schemas.errors import DamagedLake

DIGEST = "ab" * 32
BODY = b"weights" * 1000
FILES = {"model.onnx": hashlib.sha256(BODY).hexdigest(), "golden.npz": hashlib.sha256(b"golden").hexdigest()}
WEIGHTS = f"models/{DIGEST}/model.onnx"


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    store = DiskStore(tmp_path / "lake")
    keep_note(store, DIGEST, json.dumps({"files": FILES}).encode(), tmp_path)
    keep_file(store, DIGEST, "model.onnx", BODY)
    return Lake(store, tmp_path, 60.0)


def test_whole_weights_are_no_damage_and_those_that_no_cluster_asked_for_are_not_missed(lake: Lake) -> None:
    assert examine(lake) == []


def test_damaged_weights_are_set_aside_so_that_they_are_written_anew(lake: Lake, tmp_path: Path) -> None:
    lake.store.write(WEIGHTS, BODY[:-1] + b"?")
    with pytest.raises(DamagedLake, match=r"model\.onnx: .*selvedge doctor --repair"):
        model_file(lake.store, DIGEST, "model.onnx", FILES["model.onnx"], tmp_path / "cache")
    (found,) = examine(lake)
    assert (found.kind, found.place, found.stops) == (Kind.RELEASE, WEIGHTS, False)
    assert examine(lake, deep=False) == [], "whoever loads them compares every byte"
    assert repair(lake).remaining == []
    assert lake.store.exists(f"{LOST}/{WEIGHTS}")
    assert missing_files(lake.store, DIGEST, {"model.onnx": len(BODY)}) == ["model.onnx"]


def test_weights_beside_a_note_that_nobody_can_read_are_left_alone(lake: Lake) -> None:
    lake.store.write(f"models/{DIGEST}/{NOTE}", b"{")
    assert [finding.place for finding in examine(lake)] == [f"models/{DIGEST}/{NOTE}"]
