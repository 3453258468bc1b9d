"""Computes the fingerprints by which near-duplicates are found."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from jobs.engine.night import Night
from jobs.engine.visual import OverPixels, batch_rows
from jobs.live.asked import Asked
from jobs.live.derived import groups_of
from jobs.live.functions import fingerprint_function
from jobs.live.verdict import Verdict
from jobs.live.views import pictures
from jobs.stages.record import Rule
from schemas.rejects import PICTURE_CODES
from schemas.tables import FINGERPRINTS
from udfs.pictures.fingerprint import OPENED_AT_PX
from udfs.pictures.fingerprint import fingerprint as look


def _fingerprint(pixels: Sequence[np.ndarray], rows: pa.RecordBatch) -> dict[str, Any]:
    return look(pixels)._asdict()


def _verdicts(night: Night, asked: Asked) -> Iterable[Verdict]:
    return asked.verdicts_on_pictures(
        "fingerprint", FINGERPRINTS, fingerprint_function(), lambda row: "phash " + row["phash"].hex()
    )


def fingerprint_work(night: Night) -> OverPixels:
    return OverPixels(night.store.uri, FINGERPRINTS, OPENED_AT_PX, _fingerprint, night.settings.work.batch_rows)


RULE = Rule(
    name="fingerprint",
    table=FINGERPRINTS,
    function=lambda night: fingerprint_function(),
    needed=pictures,
    work=fingerprint_work,
    batch_rows=batch_rows,
    derived=groups_of,
)
STAGE = RULE.record(codes=PICTURE_CODES, verdicts=_verdicts)
