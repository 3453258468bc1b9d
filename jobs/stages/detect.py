"""Where garments are in the pictures that are wanted."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from jobs.engine.night import Night
from jobs.engine.stage import Counts, Query, Stage, run_stage
from jobs.engine.visual import OverPixels
from jobs.live.functions import detect_function, screen_function
from jobs.live.views import pictures
from lake.tables import literal
from schemas.table import DONE
from schemas.tables import BOXES, SCREENS
from udfs.pictures.detect import Detection
from udfs.pictures.detect import detect as look
from udfs.runtime.models import describe, load


@dataclass(frozen=True)
class Detecting:
    """Boxes of each picture, best first."""

    folder: Path

    def __call__(self, pixels: Sequence[np.ndarray], rows: pa.RecordBatch) -> dict[str, Any]:
        found = look(pixels, load(self.folder))
        return {"boxes": [[_row(detection) for detection in one] for one in found]}


def _row(found: Detection) -> dict[str, Any]:
    return {"class": found.name, "score": found.score, "box": list(found.box)}


def wanted(night: Night) -> Query:
    """Live pictures that the screen lets through."""
    seen = pictures(night)
    sql = f"""
        select p.* from ({seen.sql}) p join {SCREENS.name} s on p.picture = s.picture
        where s.function = {literal(screen_function(night))} and s.status = '{DONE}'
        and s.wanted >= {night.settings.choice.wanted}"""  # noqa: S608
    return Query(sql, (*seen.tables, SCREENS))


def stage(night: Night) -> Stage:
    folder = night.model("detect")
    work = OverPixels(night.store.uri, BOXES, describe(folder).side, Detecting(folder))
    return Stage("detect", BOXES, detect_function(night), wanted(night), work, night.settings.work.batch_rows)


def detect(night: Night) -> Counts:
    return run_stage(night.bench, stage(night))
