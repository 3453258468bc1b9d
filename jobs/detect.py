"""Where garments are in the pictures that are wanted."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from jobs.night import Night
from jobs.screen import screen_function
from jobs.stage import Counts, Query, Stage, run_stage
from jobs.views import pictures
from jobs.visual import OverPixels
from lake.tables import literal
from schemas.table import DONE
from schemas.tables import BOXES, SCREENS
from udfs.pictures.detect import detect as look
from udfs.runtime.models import load, model_digest, promoted


@dataclass(frozen=True)
class Detecting:
    """Boxes of each picture, best first."""

    folder: Path

    def __call__(self, pixels: Sequence[np.ndarray], rows: pa.RecordBatch) -> dict[str, Any]:
        found = look(pixels, load(self.folder))
        return {
            "boxes": [[{"class": d.class_name, "score": d.score, "box": list(d.box)} for d in one] for one in found]
        }


def detect_function(night: Night) -> bytes:
    return model_digest(promoted("detect", night.settings.models))


def wanted(night: Night) -> Query:
    """Live pictures that the screen lets through."""
    seen = pictures(night)
    sql = f"""
        select p.* from ({seen.sql}) p join {SCREENS.name} s on p.picture = s.picture
        where s.function = {literal(screen_function(night))} and s.status = '{DONE}'
        and s.wanted >= {night.settings.choice.wanted}"""  # noqa: S608
    return Query(sql, (*seen.tables, SCREENS))


def detect(night: Night) -> Counts:
    work = OverPixels(night.store.uri, BOXES, 320, Detecting(promoted("detect", night.settings.models)))
    return run_stage(night.bench, Stage("detect", BOXES, detect_function(night), wanted(night), work))
