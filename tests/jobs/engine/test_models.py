"""A run's models: read once, so that the digest of the rows and what the workers load are of the same bytes."""

import json
import shutil
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from jobs.engine.night import Night
from jobs.engine.progress import Progress
from jobs.stages.screen import Screening
from schemas.settings import Settings
from tests.udfs.runtime.networks import SIDE, release
from udfs.runtime.models import WeightsChanged, opened


def promote(root: Path, factor: float) -> Path:
    """The release of a model `screen` that multiplies by `factor`, promoted."""
    folder = release(root / "screen" / f"times {factor}", factor)
    (root / "promoted.json").write_text(json.dumps({"screen": folder.name}))
    return folder


@pytest.fixture
def night(tmp_path: Path) -> Night:
    promote(tmp_path / "models", 0.5)
    settings = Settings(lake=str(tmp_path / "lake"), models=tmp_path / "models")
    return Night(settings, "run", date(2026, 3, 1), Progress(quiet=True))


def test_a_promotion_in_the_middle_of_a_run_is_for_the_next_run(night: Night) -> None:
    digest = night.model_digest("screen")
    promote(night.settings.models, 2.0)
    assert night.model_digest("screen") == digest
    assert night.model("screen").release.digest == digest.hex()
    assert opened(night.model("screen").release).run(np.full((1, SIDE, SIDE, 3), 8, np.uint8))["scaled"].max() == 4


def test_a_description_exchanged_in_the_middle_of_a_run_is_not_read(night: Night) -> None:
    digest = night.model_digest("screen")
    described = night.model("screen").folder / "model.json"
    said = json.loads(described.read_text())
    described.write_text(json.dumps(said | {"classes": {"screen": ["logo", "wanted"]}}))
    assert night.model("screen").release.description.classes == {}
    assert night.model_digest("screen") == digest


def test_weights_exchanged_between_digest_and_work_write_no_row(night: Night) -> None:
    """The worker says which file it is and who acts, in one line, with exit code 2."""
    work = Screening(night.model("screen").release)
    folder = night.model("screen").folder
    shutil.copytree(promote(night.settings.models, 2.0), folder, dirs_exist_ok=True)
    with pytest.raises(WeightsChanged, match=r"model\.onnx: sha256 is \w+, expected \w+; to act: ") as caught:
        work([np.zeros((SIDE, SIDE, 3), np.uint8)], pa.record_batch({"picture": [b""]}))
    assert caught.value.exit_code == 2
