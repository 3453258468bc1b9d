"""The canary over a lake that lost a picture: a gate that refuses, with a value, and no crash."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow as pa

from jobs.stages.canary import SEGMENTS, canary, sample
from schemas.gates import Canary
from tests.jobs.lake_of_offers import Shops


def test_a_garment_whose_picture_is_gone_lands_nowhere(tmp_path: Path) -> None:
    garments = pa.table({"image_sha256": [b"p" * 32], "box": [[0.0, 0.0, 1.0, 1.0]], "segment": ["one"]})
    snapshot = SimpleNamespace(
        garments=garments, version=1, segments=["one"], vectors_of=lambda rows: np.ones((len(rows), 256), np.float32)
    )
    gate = canary(Shops(tmp_path).night(), snapshot, Canary())
    assert (gate.value, gate.passed) == (-1.0, False)


def test_the_newest_vectors_are_compared_and_few_segments_are_decoded() -> None:
    names = [f"s{number}" for number in range(10)]
    segment_of = pa.chunked_array([np.repeat(names[:9], 100).tolist(), ["s9"] * 8])
    for version in range(1, 20):
        rows = sample(segment_of, [*names, "unused"], 64, version)
        seen = set(segment_of.take(rows).to_pylist())
        assert len(rows) == 64
        assert "s9" in seen and len(seen) == SEGMENTS
        assert rows.tolist() == sample(segment_of, [*names, "unused"], 64, version).tolist()
    both = [set(segment_of.take(sample(segment_of, names, 64, version)).to_pylist()) for version in (1, 2)]
    assert both[0] != both[1]
    assert sample(pa.chunked_array([["s1"] * 3]), names, 64, 5).tolist() == [0, 1, 2]
