"""A worse release is refused, a better one promoted, the old one comes back, and the history tells it all."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cli.main import program
from schemas.errors import Stop, WrongInput
from training.release.promotion import HISTORY, PromotionRefused, history, promote, promoted_digest, rollback
from udfs.runtime.models import Description, digest_of


def release(root: Path, weights: bytes, accuracy: float, kept: float = 0.99) -> str:
    """A release of `screen` as far as promotion looks at it; returns its digest."""
    sha256 = __import__("hashlib").sha256(weights).hexdigest()
    preprocessing = {"function": "letterbox", "side": 8}
    digest = digest_of(sha256, preprocessing, "float")
    folder = root / "screen" / digest[:12]
    folder.mkdir(parents=True)
    (folder / "model.onnx").write_bytes(weights)

    def figure(value: float) -> dict[str, Any]:
        return {"value": value, "low": value - 0.02, "high": value + 0.02, "count": 400}

    figures = {"screen": {"wanted_kept": figure(kept)}, "depicts": {"accuracy": figure(accuracy)}}
    description = Description(
        name="screen", digest=digest, task="t", weights="model.onnx", weights_sha256=sha256, numeric_class="float",
        preprocessing=preprocessing, batch=1, classes={}, figures=figures,
    )  # fmt: skip
    (folder / "model.json").write_text(json.dumps(asdict(description)), encoding="utf-8")
    return digest[:12]


def test_a_worse_release_is_refused_unless_a_reason_is_given(tmp_path: Path) -> None:
    good, worse = release(tmp_path, b"good", 0.9), release(tmp_path, b"worse", 0.87)
    promote("screen", good, tmp_path)
    with pytest.raises(PromotionRefused, match=r"depicts/accuracy 0\.870, at least 0\.880 is required"):
        promote("screen", worse, tmp_path)
    assert promoted_digest("screen", tmp_path) == good
    assert len(history(tmp_path)) == 1
    assert promote("screen", worse, tmp_path, "half the size").because == "half the size"
    assert promoted_digest("screen", tmp_path) == worse


def test_within_the_interval_is_not_worse(tmp_path: Path) -> None:
    first, second = release(tmp_path, b"a", 0.9), release(tmp_path, b"b", 0.885)
    promote("screen", first, tmp_path)
    assert promote("screen", second[:6], tmp_path).previous == first


def test_rollback_brings_each_earlier_release_back(tmp_path: Path) -> None:
    releases = [release(tmp_path, bytes([n]), 0.9) for n in range(3)]
    for digest in releases:
        promote("screen", digest, tmp_path)
    assert rollback("screen", tmp_path).digest == releases[1]
    assert rollback("screen", tmp_path).digest == releases[0]
    with pytest.raises(WrongInput, match="no earlier release"):
        rollback("screen", tmp_path)
    assert [line.digest for line in history(tmp_path)] == [*releases, releases[1], releases[0]]


def test_a_kill_between_history_and_index_misleads_nobody(tmp_path: Path) -> None:
    old, new = release(tmp_path, b"old", 0.9), release(tmp_path, b"new", 0.9)
    promote("screen", old, tmp_path)
    before = (tmp_path / "promoted.json").read_bytes()
    promote("screen", new, tmp_path)
    (tmp_path / "promoted.json").write_bytes(before)
    with pytest.raises(WrongInput, match="no earlier release"):
        rollback("screen", tmp_path)
    assert promote("screen", new, tmp_path).previous == old


def test_a_figure_that_was_not_measured_is_a_loss(tmp_path: Path) -> None:
    good, blind = release(tmp_path, b"good", 0.9), release(tmp_path, b"blind", 0.9)
    said = tmp_path / "screen" / blind / "model.json"
    said.write_text(json.dumps(json.loads(said.read_text()) | {"figures": {}}), encoding="utf-8")
    promote("screen", good, tmp_path)
    with pytest.raises(PromotionRefused, match="was not measured"):
        promote("screen", blind, tmp_path)


def test_the_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SELVEDGE_MODELS", str(tmp_path))
    good, worse = release(tmp_path, b"good", 0.9), release(tmp_path, b"worse", 0.5)

    def run(*words: str) -> Any:
        return CliRunner().invoke(program(), ["models", *words])

    assert run("promote", "screen", good).exit_code == 0
    refused = run("promote", "screen", worse).exception
    assert isinstance(refused, Stop)
    assert refused.exit_code == 2
    assert run("promote", "screen", worse, "--because", "trial").exit_code == 0
    assert good in run("rollback", "screen").output
    assert promoted_digest("screen", tmp_path) == good
    (tmp_path / "screen" / worse / "model.onnx").write_bytes(b"changed")
    assert "sha256" in str(run("promote", "screen", worse, "--because", "x").exception)
    assert "no such model" in str(run("promote", "nose", good).exception)
    assert "there are" in str(run("promote", "screen", "ffff").exception)
    (tmp_path / HISTORY).write_text("nonsense\n")
    assert "not a history" in str(run("rollback", "screen").exception)
