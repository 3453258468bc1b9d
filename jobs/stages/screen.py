"""Which pictures show no garment to sell, and what the others depict."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from jobs.engine.night import Night
from jobs.engine.stage import Counts, Stage, run_stage
from jobs.engine.visual import OverPixels
from jobs.live.functions import screen_function
from jobs.live.views import pictures
from schemas.tables import SCREEN_CLASSES, SCREENS
from udfs.pictures.screen import screen as look
from udfs.runtime.models import describe, load


@dataclass(frozen=True)
class Screening:
    """Scores of the picture classes, and the class of a single-garment picture."""

    folder: Path

    def __call__(self, pixels: Sequence[np.ndarray], rows: pa.RecordBatch) -> dict[str, Any]:
        probabilities, depicts, scores = look(pixels, load(self.folder))
        by_class = {name: probabilities[:, at] for at, name in enumerate(SCREEN_CLASSES)}
        return by_class | {"depicts": depicts, "depicts_score": scores}


def stage(night: Night) -> Stage:
    folder = night.model("screen")
    work = OverPixels(night.store.uri, SCREENS, describe(folder).side, Screening(folder))
    return Stage("screen", SCREENS, screen_function(night), pictures(night), work, night.settings.work.batch_rows)


def screen(night: Night) -> Counts:
    return run_stage(night.bench, stage(night))
