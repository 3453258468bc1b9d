"""The canary over a lake that lost a picture: a gate that refuses, with a value, and no crash."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow as pa

from jobs.stages.canary import canary
from schemas.gates import Canary
from tests.jobs.lake_of_offers import Shops


def test_a_garment_whose_picture_is_gone_lands_nowhere(tmp_path: Path) -> None:
    garments = pa.table({"image_sha256": [b"p" * 32], "box": [[0.0, 0.0, 1.0, 1.0]]})
    snapshot = SimpleNamespace(garments=garments, version=1, vectors=np.ones((1, 256), np.float32))
    gate = canary(Shops(tmp_path).night(), snapshot, Canary())
    assert (gate.value, gate.passed) == (-1.0, False)
