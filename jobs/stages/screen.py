"""Screens pictures: which show no garment for sale, and what the others depict."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jobs.engine.beside import due_in
from jobs.engine.models import ModelSource
from jobs.engine.night import Night
from jobs.engine.recheck import OF_A_NETWORK
from jobs.engine.visual import Aside, OverPixels, batch_rows
from jobs.live.asked import Asked
from jobs.live.derived import choices_by_picture
from jobs.live.functions import screen_function
from jobs.live.verdict import Verdict, verdict
from jobs.live.views import pictures
from jobs.stages import detect, fingerprint
from jobs.stages.detect import detection_work
from jobs.stages.fingerprint import fingerprint_work
from jobs.stages.record import Rule
from schemas.rejects import PICTURE_CODES
from schemas.table import DONE
from schemas.tables import SCREEN_CLASSES, SCREENS
from udfs.pictures.screen import screen as look
from udfs.runtime.models import share


@dataclass(frozen=True)
class Screening:
    """Scores of the picture classes, and the class of a single-garment picture."""

    source: ModelSource
    detector: ModelSource
    """In one pass it looks at the same pictures."""

    def __call__(self, pixels: Sequence[np.ndarray], rows: pa.RecordBatch) -> dict[str, Any]:
        model = self.source.load()
        if due_in(detect.RULE.name) in rows.schema.names:
            share(model, self.detector.load())
        probabilities, depicts, scores = look(pixels, model)
        by_class = {name: probabilities[:, at] for at, name in enumerate(SCREEN_CLASSES)}
        return by_class | {"depicts": depicts, "depicts_score": scores}


@dataclass(frozen=True)
class Wanted:
    """Which answers let a picture through to detection."""

    least: float

    def __call__(self, answer: pa.RecordBatch) -> pa.Array:
        wanted = pc.and_(
            pc.equal(answer["status"], DONE), pc.greater_equal(answer["wanted"].cast("double"), self.least)
        )
        return wanted.fill_null(False)


def _work(night: Night) -> OverPixels:
    source = night.model_source("screen")
    side, group = source.release.description.side, night.settings.work.batch_rows
    others = (
        Aside("fingerprint", fingerprint_work(night)),
        Aside("detect", detection_work(night), Wanted(night.settings.choice.wanted)),
    )
    return OverPixels(night.store.uri, SCREENS, side, Screening(source, night.model_source("detect")), group, others)


def _verdicts(night: Night, asked: Asked) -> Iterator[Verdict]:
    for picture in asked.pictures:
        for row in asked.rows_of(SCREENS, picture, screen_function(night)):
            yield _verdict(picture.hex(), row, night.settings.choice.wanted)


def _verdict(name: str, row: dict[str, Any], wanted: float) -> Verdict:
    if row["status"] != DONE:
        return verdict("screen", name, row, "")
    scores = ", ".join(f"{label} {row[label]:.2f}" for label in SCREEN_CLASSES)
    if row["wanted"] >= wanted:
        return Verdict("screen", name, "wanted", scores)
    ask = f"to act: the shop (send another picture) or the data engineer (lower choice.wanted, now {wanted})"
    return Verdict("screen", name, "turned away", scores, ask)


RULE = Rule(
    name="screen",
    table=SCREENS,
    function=screen_function,
    needed=pictures,
    work=_work,
    batch_rows=batch_rows,
    row_cost=0.02,
    beside=(fingerprint.RULE, detect.RULE),
    tolerance=OF_A_NETWORK,
    derived=choices_by_picture,
)
STAGE = RULE.record(codes=PICTURE_CODES, verdicts=_verdicts)
