"""Any crop of any picture that the stage embeds becomes a vector of length 1, or a reject with a reason."""

import hashlib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from jobs.engine.models import ModelSource, PromotedModel
from jobs.engine.visual import OverPixels
from jobs.stages.embed import Embedding
from lake.shards import ShardWriter
from lake.store import open_store
from schemas.rejects import Code
from schemas.table import DONE, REJECTED
from schemas.tables import VECTORS
from tests.udfs.pictures.odd_photos import BOXES, PHOTOS, body
from udfs.rules.on_sale import vector_key
from udfs.runtime.models import promoted

MODELS = Path(__file__).parents[3] / "models"
CROPS = [(PHOTOS[name], box) for name in PHOTOS for box in BOXES.values()]


@pytest.fixture
def work(tmp_path: Path) -> OverPixels:
    source = ModelSource(PromotedModel(promoted("embed", MODELS)).release, None)
    return OverPixels(str(tmp_path), VECTORS, source.release.description.side, Embedding(source))


def rows(lake: Path, pictures: list[tuple[bytes, tuple[float, ...]]]) -> pa.RecordBatch:
    with ShardWriter(open_store(str(lake)), 1 << 24) as shards:
        keys = [hashlib.sha256(picture).digest() for picture, _ in pictures]
        places = [shards.add(key, picture, "image/jpeg", {}) for key, (picture, _) in zip(keys, pictures, strict=True)]
    return pa.RecordBatch.from_pylist([
        {"picture": key, "box": list(box), "vector_key": vector_key(key, box)} | vars(place)
        for key, (_, box), place in zip(keys, pictures, places, strict=True)
    ])  # fmt: skip


def test_every_crop_has_a_vector_of_length_one(tmp_path: Path, work: OverPixels) -> None:
    found = work(rows(tmp_path, [(body(photo), box) for photo, box in CROPS]))
    assert found["status"].to_pylist() == [DONE] * len(CROPS)
    vectors = np.array(found["embedding"].to_pylist())
    assert np.abs(np.linalg.norm(vectors, axis=1) - 1).max() < 1e-5
    assert {len(code) for name in ("shape_code", "colour_code") for code in found[name].to_pylist()} == {16}


def test_what_is_no_picture_is_rejected_beside_the_others(tmp_path: Path, work: OverPixels) -> None:
    photo = body(PHOTOS["grey"])
    whole = BOXES["no garment"]
    found = work(rows(tmp_path, [(photo, whole), (photo[:300], whole), (b"<html>", whole)])).to_pylist()
    assert [row["status"] for row in found] == [DONE, REJECTED, REJECTED]
    assert [row["embedding"] is None for row in found] == [False, True, True]
    assert found[2]["code"] == Code.FETCH_TYPE
    assert all(row["detail"] for row in found[1:])
