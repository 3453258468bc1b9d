"""From a trained network to a release folder: weights, description, golden answers, card; and which one is promoted."""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from schemas.errors import WrongInput
from training.data.trained import TRAINED, content_key
from training.networks.export import export
from training.release import promotion
from training.release.golden import golden_inputs
from udfs.runtime.device import Device
from udfs.runtime.models import DIGEST_LENGTH, Description, digest_of
from udfs.runtime.sessions import open_session


@dataclass(frozen=True)
class Release:
    """What a release says beside its weights."""

    name: str
    task: str
    preprocessing: Mapping[str, Any]
    batch: int
    classes: Mapping[str, list[str]]
    outputs: Sequence[str]
    card: str
    trained: Sequence[Path]
    thresholds: Mapping[str, float] = field(default_factory=dict)
    split: Mapping[str, Any] = field(default_factory=dict)
    figures: Mapping[str, Any] = field(default_factory=dict)
    start: Path | None = None
    """The release that it goes on from: its pictures were learnt too."""
    coarse_from: int | None = None
    """Weights of so many numbers are stored in 8 bits; None: none are."""


def write_release(release: Release, module: nn.Module, root: Path) -> Path:
    """Write `models/<name>/<digest12>/` and return it; the same weights give the same folder."""
    side = int(release.preprocessing["side"])
    with tempfile.TemporaryDirectory() as scratch:
        graph = Path(scratch) / "model.onnx"
        example = torch.zeros(release.batch, side, side, 3, dtype=torch.uint8)
        export(module, example, graph, release.outputs, release.coarse_from)
        sha256 = hashlib.sha256(graph.read_bytes()).hexdigest()
        digest = digest_of(sha256, release.preprocessing, "float")
        folder = root / release.name / digest[:DIGEST_LENGTH]
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(graph, folder / "model.onnx")
    description = Description(
        name=release.name,
        digest=digest,
        task=release.task,
        weights="model.onnx",
        weights_sha256=sha256,
        numeric_class="float",
        preprocessing=release.preprocessing,
        batch=release.batch,
        classes=release.classes,
        golden="golden.npz",
        thresholds=release.thresholds,
        split=release.split,
        figures=release.figures,
    )
    (folder / "model.json").write_text(json.dumps(asdict(description), indent=2) + "\n", encoding="utf-8")
    (folder / "card.md").write_text(release.card, encoding="utf-8")
    keys = {content_key(path) for path in release.trained}
    if release.start is not None:
        keys |= set(np.load(release.start / TRAINED, allow_pickle=False).tolist())
    np.save(folder / TRAINED, np.array(sorted(keys), dtype=np.int64))
    write_golden(folder, side)
    return folder


def write_golden(folder: Path, side: int) -> None:
    """Keep the network's answers to drawn pictures; every machine that loads it must give them again."""
    inputs = golden_inputs(side)
    outputs = open_session((folder / "model.onnx").read_bytes(), Device("cpu")).run(inputs)
    arrays = {f"output_{name}": values for name, values in outputs.items()}
    arrays["inputs"] = inputs
    np.savez_compressed(folder / "golden.npz", allow_pickle=False, **arrays)


def promote(name: str, folder: Path, root: Path) -> None:
    """Promote what was just trained; where that is refused it stays a candidate, and the reason is printed."""
    try:
        promotion.promote(name, folder.name, root)
    except WrongInput as refused:
        print(refused)
