"""What near-identical pictures are found by."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from jobs.night import Night, digest_of
from jobs.stage import Counts, Stage, run_stage
from jobs.views import pictures
from jobs.visual import OverPixels
from schemas.tables import FINGERPRINTS
from udfs.pictures.fingerprint import REVISION
from udfs.pictures.fingerprint import fingerprint as look

OPENED_AT = 96
"""Hashes shrink a picture to 32 pixels: three times that is detail enough, and quick to decode."""


def _fingerprint(pixels: Sequence[np.ndarray], rows: pa.RecordBatch) -> dict[str, Any]:
    phash, trimmed, descriptor = look(pixels)
    return {"phash": phash, "trimmed_phash": trimmed, "descriptor": descriptor}


def fingerprint_function() -> bytes:
    return digest_of("fingerprint", str(REVISION))


def fingerprint(night: Night) -> Counts:
    work = OverPixels(night.store.uri, FINGERPRINTS, OPENED_AT, _fingerprint)
    stage = Stage("fingerprint", FINGERPRINTS, fingerprint_function(), pictures(night), work, batch_rows=128)
    return run_stage(night.bench, stage)
