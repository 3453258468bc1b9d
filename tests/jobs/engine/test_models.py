"""A run's models: read once, so that the digest of the rows and what the workers load are of the same bytes."""

import json
import shutil
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from jobs.engine.models import ModelSource, PromotedModel
from jobs.engine.night import Night
from jobs.engine.progress import Progress
from jobs.engine.spark import SparkPool
from jobs.stages.screen import Screening
from schemas.errors import WrongInput
from schemas.settings import Settings, SparkSettings
from tests.udfs.runtime.networks import SIDE, release
from udfs.runtime.isolation import Child
from udfs.runtime.models import WeightsChanged


@dataclass(frozen=True)
class Scaled:
    """The work of a stage: a picture of one grey, scaled by a model."""

    source: ModelSource

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        pixels = np.full((1, SIDE, SIDE, 3), batch["number"][0].as_py(), np.uint8)
        return pa.record_batch({"scaled": [float(self.source.load().run(pixels)["scaled"].max())]})


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
    assert night.model_source("screen").load().run(np.full((1, SIDE, SIDE, 3), 8, np.uint8))["scaled"].max() == 4


def test_a_description_exchanged_in_the_middle_of_a_run_is_not_read(night: Night) -> None:
    digest = night.model_digest("screen")
    described = night.model("screen").folder / "model.json"
    said = json.loads(described.read_text())
    described.write_text(json.dumps(said | {"classes": {"screen": ["logo", "wanted"]}}))
    assert night.model("screen").release.description.classes == {}
    assert night.model_digest("screen") == digest


def test_weights_exchanged_between_digest_and_work_write_no_row(night: Night) -> None:
    """The worker says which file it is and who acts, in one line, with exit code 2."""
    source = night.model_source("screen")
    work = Screening(source, detector=source)
    folder = night.model("screen").folder
    shutil.copytree(promote(night.settings.models, 2.0), folder, dirs_exist_ok=True)
    with pytest.raises(WeightsChanged, match=r"model\.onnx: sha256 is \w+, expected \w+; to act: ") as caught:
        work([np.zeros((SIDE, SIDE, 3), np.uint8)], pa.record_batch({"picture": [b""]}))
    assert caught.value.exit_code == 2


def test_a_cluster_worker_needs_no_folder_of_models(night: Night, tmp_path: Path) -> None:
    """It loads what the driver put into the lake, whatever lies in that folder on its own machine."""
    night.spark = SparkPool(SparkSettings(master="spark://somewhere:7077"))
    source = night.model_source("screen")
    night.model("screen").keep(night.store, with_files=True)
    shutil.rmtree(night.settings.models)
    with Child(Scaled(source)) as child:
        assert child(pa.record_batch({"number": [8]})).to_pydict() == {"scaled": [4.0]}
    assert {entry.path.rpartition("/")[2] for entry in night.store.list("models")} == {
        "release.json", "model.onnx", "golden.npz",
    }  # fmt: skip


def test_a_local_night_notes_the_release_and_copies_no_weights(night: Night) -> None:
    model = night.model("screen")
    assert night.model_source("screen").lake is None
    model.keep(night.store, with_files=not night.spark.is_local)
    assert [entry.path for entry in night.store.list("models")] == [f"models/{model.release.digest}/release.json"]


def test_classes_edited_under_the_digest_of_stored_rows_are_refused(night: Night) -> None:
    night.model("screen").keep(night.store, with_files=False)
    described = night.model("screen").folder / "model.json"
    said = json.loads(described.read_text())
    described.write_text(json.dumps(said | {"figures": {"right": 1.0}}))
    PromotedModel(described.parent).check(night.store)
    described.write_text(json.dumps(said | {"classes": {"screen": ["logo", "wanted"]}}))
    with pytest.raises(WrongInput, match=r"model\.json: its classes.*to act: the data engineer"):
        PromotedModel(described.parent).check(night.store)
