"""A second embedding beside the live one: what is there of it is published, and what is missing holds nothing back."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

import selvedge_searcher
from jobs.answers.notes import _second as said_of
from jobs.engine.models import PromotedModel
from jobs.engine.night import Night
from jobs.live.functions import embed_function, over_pixels
from jobs.live.second import filled
from jobs.stages import publish_second
from jobs.stages.publish import Publication, publish
from lake import snapshots
from lake.published_files import read_rows
from lake.second import is_whole
from lake.segments import segment_keys
from schemas.manifest import Second
from schemas.settings import SecondSettings
from schemas.tables import EMBEDDING_SIZE, GARMENTS, VECTORS
from selvedge_searcher import Snapshot, SnapshotDamaged
from tests.jobs.stages.publishing import Index, Tried, _vector, hats, manifest

OTHER = "other"


@pytest.fixture
def beside(live: Index) -> Index:
    """A first version, and another release of the embedding that is not promoted."""
    live.promote("embed", OTHER)
    live.promote("embed", "first")
    return live


def release(index: Index) -> PromotedModel:
    return PromotedModel(index.root / "models" / "embed" / OTHER)


def function_of(index: Index) -> bytes:
    return over_pixels(release(index).digest)


def made(index: Index, *products: str, **wrong: Any) -> None:
    """Vectors of some products by the other release; `wrong` replaces values of their rows."""
    night = index.night()
    cells = night.tables.sql("select product_id, garments from garments", [GARMENTS]).to_pylist()
    rows = [
        _vector(function_of(index), cell["garments"][0]) | wrong for cell in cells if cell["product_id"] in products
    ]
    index.write(VECTORS, rows)


def vector_bytes(index: Index, product: str) -> bytes:
    """The published vector of a product's garment, as it lies in a file."""
    other = opened(index).second
    assert other is not None
    row = other.garments["product_id"].to_pylist().index(product)
    return other.vectors[row].tobytes()


def tonight(index: Index, named: str | None = OTHER, nights: int = 1) -> Night:
    night = index.ready(nights)
    night.settings = night.settings.model_copy(update={"second": SecondSettings(embedding=named)})
    return night


def published(index: Index, named: str | None = OTHER, nights: int = 1) -> tuple[Publication, Night]:
    night = tonight(index, named, nights)
    return publish(night), night


def second_of(index: Index) -> Second:
    found = manifest(index).second
    assert found is not None
    return found


def opened(index: Index) -> Snapshot:
    return selvedge_searcher.open(index.night().store.uri)


def test_without_the_setting_there_is_none(beside: Index) -> None:
    made(beside, "atelier:0")
    done, _ = published(beside, None)
    assert not done.is_new
    assert manifest(beside).second is None
    assert opened(beside).second is None


def test_what_is_made_is_published_and_the_rest_is_counted(beside: Index) -> None:
    made(beside, "atelier:0", "lane:2")
    done, night = published(beside)
    assert (done.is_new, done.version, done.garments) == (True, 2, 12)
    assert manifest(beside).content_digest == manifest(beside, 1).content_digest
    assert second_of(beside).garments == 2
    assert second_of(beside).model == release(beside).digest.hex()
    assert said_of(night) == [
        "second embedding other: 2 of 12 garments have a vector; `selvedge models fill embed other` makes the others"
    ]
    snapshot = opened(beside)
    other = snapshot.second
    assert other is not None
    assert set(other.garments["product_id"].to_pylist()) == {"atelier:0", "lane:2"}
    assert other.garments.schema.names == [*snapshot.garments.schema.names[:-2], "segment", "row"]
    assert other.products.equals(snapshot.products)
    for row, picture in enumerate(other.garments["image_sha256"].to_pylist()):
        box = other.garments["box"][row].as_py()
        crop = publish_second.crops(other.garments.slice(row, 1))[0].as_py()
        drawn = np.random.default_rng(list(crop + function_of(beside))).standard_normal(EMBEDDING_SIZE)
        assert picture
        assert box == [0, 0, 1, 1]
        assert other.vectors[row] == pytest.approx(drawn / np.linalg.norm(drawn), abs=1e-6)
        assert other.nearest(other.vectors[row], 1)[0].tolist() == [row]
    assert other.manifest.encoder != snapshot.manifest.encoder
    assert {file.path for file in snapshot.files()} >= {file.path for file in second_of(beside).files}


def test_none_made_yet_is_a_second_embedding_of_no_garment(beside: Index) -> None:
    published(beside)
    snapshot = opened(beside)
    _ = snapshot.vectors, snapshot.shape_codes
    other = snapshot.second
    assert other is not None
    assert (len(other.garments), other.vectors.shape, second_of(beside).garments) == (0, (0, EMBEDDING_SIZE), 0)
    assert other.nearest(np.ones(EMBEDDING_SIZE, np.float32), 3)[0].tolist() == []


def test_further_vectors_are_a_further_version_with_the_segments_before(beside: Index) -> None:
    made(beside, "atelier:0")
    published(beside)
    assert not published(beside, nights=2)[0].is_new
    first = second_of(beside)
    made(beside, *(f"atelier:{at}" for at in range(1, 8)), *(f"lane:{at}" for at in range(4)))
    done, night = published(beside, nights=3)
    assert (done.is_new, second_of(beside).garments) == (True, 12)
    assert second_of(beside).vectors[: len(first.vectors)] == first.vectors
    assert len(second_of(beside).vectors) == len(first.vectors) + 1
    assert said_of(night) == []
    assert not published(beside, nights=4)[0].is_new


def test_a_product_that_comes_and_one_that_goes(beside: Index) -> None:
    made(beside, *(f"atelier:{at}" for at in range(8)))
    published(beside)
    before = second_of(beside)
    beside.deliver("atelier", hats(*range(1, 9)))
    done, _ = published(beside, nights=2)
    assert (done.is_new, second_of(beside).garments) == (True, 7)
    assert second_of(beside).vectors == before.vectors
    assert second_of(beside).places != before.places
    other = opened(beside).second
    assert other is not None
    assert set(other.garments["product_id"].to_pylist()) == {f"atelier:{at}" for at in range(1, 8)}


def test_a_vector_that_is_none_is_left_out(beside: Index) -> None:
    made(beside, "atelier:0")
    made(beside, "atelier:1", embedding=[np.nan] * EMBEDDING_SIZE)
    made(beside, "atelier:2", embedding=[1.0] * EMBEDDING_SIZE)
    made(beside, "atelier:3", status="rejected", embedding=None, code="internal")
    done, _ = published(beside)
    assert (done.is_new, second_of(beside).garments) == (True, 1)


def test_the_setting_may_go_and_name_no_release(beside: Index) -> None:
    made(beside, "atelier:0")
    published(beside)
    done, night = published(beside, "nowhere", nights=2)
    assert (done.is_new, manifest(beside).second) == (True, None)
    (said,) = said_of(night)
    assert said.startswith("no second embedding is published: ")
    assert "nowhere: does not name exactly one release; there are: first, other" in said
    published(beside, nights=3)
    assert second_of(beside).garments == 1
    assert published(beside, None, nights=4)[0].is_new
    assert manifest(beside).second is None


def test_the_promoted_release_is_no_second_one(beside: Index) -> None:
    done, night = published(beside, "first")
    assert (done.is_new, said_of(night)) == (False, [])


@pytest.mark.parametrize("place", range(2), ids=["segment", "places"])
def test_what_cannot_be_read_is_made_anew_and_the_version_is_open_all_the_same(beside: Index, place: int) -> None:
    made(beside, *(f"atelier:{at}" for at in range(8)))
    published(beside)
    store, file = beside.night().store, second_of(beside).files[place]
    path = Path(store.uri) / file.path
    body = path.read_bytes()
    path.write_bytes(body[: len(body) // 2] + bytes(len(body) - len(body) // 2))
    snapshot = opened(beside)
    assert len(snapshot.nearest(snapshot.vectors[0])[0]) == 10
    with pytest.raises(SnapshotDamaged, match=file.path):
        _ = snapshot.second
    assert snapshots.verify(store, snapshot.version) == []
    assert snapshots.second_faults(store, manifest(beside))[0].startswith(file.path)
    path.unlink()
    assert not is_whole(store, second_of(beside))
    assert published(beside, nights=2)[0].is_new
    assert second_of(beside).garments == 8
    assert opened(beside).second is not None


def test_damage_inside_a_segment_is_found_by_the_drill_and_leaves_the_version_without_it(beside: Index) -> None:
    made(beside, *(f"atelier:{at}" for at in range(8)))
    published(beside)
    path = Path(beside.night().store.uri) / second_of(beside).vectors[0].path
    body = path.read_bytes()
    at = body.index(vector_bytes(beside, "atelier:0"))
    path.write_bytes(body[:at] + b"?" + body[at + 1 :])
    beside.deliver("lane", hats(*range(5)))
    done, night = published(beside, nights=2)
    assert (done.is_new, manifest(beside).second) == (True, None)
    assert said_of(night) == ["version 3 has no second embedding other; the next night tries again"]
    assert published(beside, nights=3)[0].is_new
    assert second_of(beside).garments == 8


def test_an_encoder_that_cannot_be_used_leaves_the_version_without_it(
    beside: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(snapshot: Snapshot) -> None:
        if snapshot.manifest.places is not None:
            raise selvedge_searcher.EncoderMismatch("golden answers differ")

    monkeypatch.setattr(Snapshot, "encoder", property(broken))
    beside.deliver("lane", hats(*range(5)))
    done, _ = published(beside)
    assert (done.is_new, manifest(beside).second) == (True, None)


def test_no_segment_holds_a_banned_vector(beside: Index) -> None:
    made(beside, *(f"atelier:{at}" for at in range(8)))
    published(beside)
    before = second_of(beside).vectors
    banned = segment_keys(beside.night().store, before).slice(0, 1)
    beside.deliver("atelier", hats(*range(7)))
    publish(tonight(beside, nights=2), banned)
    assert second_of(beside).garments == 7
    assert not {file.path for file in before} & {file.path for file in second_of(beside).vectors}


def test_garments_of_the_newest_version_are_counted_by_a_release(beside: Index) -> None:
    made(beside, "atelier:0", "lane:2")
    night = beside.night()
    assert filled(night, function_of(beside)) == (2, 12)
    assert filled(night, embed_function(night)) == (12, 12)


def test_places_are_of_the_garments_alone(beside: Index) -> None:
    made(beside, "atelier:0")
    published(beside)
    store = beside.night().store
    garments = read_rows(store, "garments", manifest(beside).of("garments"), ["garment_id"])["garment_id"]
    other = opened(beside).second
    assert other is not None
    assert pc.all(pc.is_in(other.garments["garment_id"], pa.array(garments.to_pylist()))).as_py()


def test_a_first_version_may_have_a_second_embedding(index: Index, tried: Tried) -> None:
    index.promote("embed", OTHER)
    index.promote("embed", "first")
    done, _ = published(index, nights=0)
    assert (done.version, second_of(index).garments) == (1, 0)
