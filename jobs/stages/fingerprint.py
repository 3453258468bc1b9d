"""What near-identical pictures are found by."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from jobs.engine.night import Night
from jobs.engine.stage import Counts, Stage, run_stage
from jobs.engine.visual import OverPixels
from jobs.live.functions import fingerprint_function
from jobs.live.views import pictures
from schemas.tables import FINGERPRINTS
from udfs.pictures.fingerprint import fingerprint as look

OPENED_AT_PX = 96
"""Hashes shrink a picture to 32 pixels: three times that is detail enough, and quick to decode."""


def _fingerprint(pixels: Sequence[np.ndarray], rows: pa.RecordBatch) -> dict[str, Any]:
    phash, trimmed, descriptor = look(pixels)
    return {"phash": phash, "trimmed_phash": trimmed, "descriptor": descriptor}


def stage(night: Night) -> Stage:
    work = OverPixels(night.store.uri, FINGERPRINTS, OPENED_AT_PX, _fingerprint)
    return Stage("fingerprint", FINGERPRINTS, fingerprint_function(), pictures(night), work, batch_rows=128)


def fingerprint(night: Night) -> Counts:
    return run_stage(night.bench, stage(night))
