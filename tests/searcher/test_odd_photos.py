"""Any photo gets a label and vectors of length 1: none of them a NaN, none an exception."""

from pathlib import Path

import cv2
import numpy as np
import pytest

import selvedge_searcher
from lake.candidate import prepare
from lake.encoders import keep_encoder
from lake.snapshots import publish, write
from lake.store import DiskStore
from selvedge_searcher import Snapshot
from selvedge_searcher.encoder import Seen
from tests.lake.published import NIGHT, catalog, facts
from tests.udfs.pictures.odd_photos import BOXES, PHOTOS, body
from udfs.pictures.decode import PIXELS_REVISION
from udfs.pictures.detect import CLASSES
from udfs.runtime.models import promoted

MODELS = Path(__file__).parents[2] / "models"


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    store = DiskStore(tmp_path_factory.mktemp("lake"))
    encoder = keep_encoder(store, {part: promoted(part, MODELS) for part in ("detect", "embed")}, PIXELS_REVISION)
    candidate = prepare(store, catalog({"aa": 3}), None, encoder.digest)
    publish(store, write(store, candidate, facts("aa"), encoder), [], NIGHT)
    return selvedge_searcher.open(store.uri)


def check(seen: Seen) -> None:
    assert seen.class_name in (None, *CLASSES)
    assert 0 <= seen.score <= 1
    left, top, right, bottom = seen.box
    assert 0 <= left < right <= 1
    assert 0 <= top < bottom <= 1
    assert np.linalg.norm(seen.vector) == pytest.approx(1, abs=1e-5)
    assert (seen.shape_code.shape, seen.colour_code.shape) == ((16,), (16,))


@pytest.mark.parametrize("name", PHOTOS)
def test_every_garment_that_is_seen_has_a_vector(snapshot: Snapshot, name: str) -> None:
    found = snapshot.encoder.look(body(PHOTOS[name]))
    assert found
    for seen in found:
        check(seen)
        rows, cosines = snapshot.nearest(seen, 3)
        assert len(rows) == 3
        assert np.isfinite(cosines).all()


@pytest.mark.parametrize("name", BOXES)
def test_whatever_a_box_holds_has_a_vector(snapshot: Snapshot, name: str) -> None:
    photo = PHOTOS.get(name, PHOTOS["no garment"])
    assert np.linalg.norm(snapshot.encode(body(photo), BOXES[name])) == pytest.approx(1, abs=1e-5)


@pytest.mark.field
def test_twenty_people_on_one_real_photo(snapshot: Snapshot, shared_data: Path) -> None:
    paths = sorted((shared_data / "street").rglob("*.jpg"))[:20]
    tiles = [cv2.resize(cv2.imread(str(path))[:, :, ::-1], (240, 360)) for path in paths]
    photo = np.vstack([np.hstack(tiles[at : at + 10]) for at in (0, 10)])
    found = snapshot.encoder.look(photo)
    assert found
    for seen in found:
        check(seen)
