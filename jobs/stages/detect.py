"""Finds the boxes of garments in the wanted pictures."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from jobs.engine.models import ModelSource
from jobs.engine.night import Night
from jobs.engine.recheck import OF_A_NETWORK
from jobs.engine.stage import Query
from jobs.engine.visual import OverPixels, batch_rows
from jobs.live.asked import Asked
from jobs.live.derived import choices_by_picture
from jobs.live.functions import detect_function, screen_function
from jobs.live.verdict import Verdict
from jobs.live.views import pictures
from jobs.stages.record import Rule
from lake.tables import literal
from schemas.rejects import PICTURE_CODES
from schemas.table import DONE
from schemas.tables import BOXES, SCREENS
from udfs.pictures.detect import Detection
from udfs.pictures.detect import detect as look


@dataclass(frozen=True)
class Detecting:
    """Boxes of each picture, best first."""

    source: ModelSource

    def __call__(self, pixels: Sequence[np.ndarray], rows: pa.RecordBatch) -> dict[str, Any]:
        found = look(pixels, self.source.load())
        return {"boxes": [[_row(detection) for detection in one] for one in found]}


def _row(found: Detection) -> dict[str, Any]:
    return {"class": found.name, "score": found.score, "box": list(found.box)}


def _wanted(night: Night) -> Query:
    """Live pictures that the screen lets through."""
    seen = pictures(night)
    sql = f"""
        select p.* from ({seen.sql}) p join {SCREENS.name} s on p.picture = s.picture
        where s.function = {literal(screen_function(night))} and s.status = '{DONE}'
        and s.wanted >= {night.settings.choice.wanted}"""  # noqa: S608
    return Query(sql, (*seen.tables, SCREENS))


def detection_work(night: Night) -> OverPixels:
    source = night.model_source("detect")
    side = source.release.description.side
    return OverPixels(night.store.uri, BOXES, side, Detecting(source), night.settings.work.batch_rows)


def _verdicts(night: Night, asked: Asked) -> Iterable[Verdict]:
    least = night.settings.choice.box
    return asked.verdicts_on_pictures(
        "detect", BOXES, detect_function(night), lambda row: _in_words(row["boxes"] or [], least)
    )


def _in_words(boxes: list[dict[str, Any]], least: float) -> str:
    counted = [f"{box['class']} {box['score']:.2f}" for box in boxes if box["score"] >= least]
    return f"{', '.join(counted) or 'no box'} ({len(boxes) - len(counted)} more below choice.box {least})"


RULE = Rule(
    name="detect",
    table=BOXES,
    function=detect_function,
    needed=_wanted,
    work=detection_work,
    batch_rows=batch_rows,
    row_cost=0.02,
    tolerance=OF_A_NETWORK,
    derived=choices_by_picture,
)
STAGE = RULE.record(codes=PICTURE_CODES, verdicts=_verdicts)
