"""Stage rows as the search tier reads them."""

import hashlib
from typing import Any

import pyarrow as pa
from deltalake import DeltaTable

import selvedge_searcher
from jobs.live.functions import embed_function
from jobs.stages.publish import publish
from jobs.stages.publish_rows import OfCrops, Source, published_key
from lake import snapshots
from lake.candidate import rows_of as published_rows
from lake.published_files import nullable
from schemas.published import VECTORS as PUBLISHED_VECTORS
from schemas.tables import OFFERS, VECTORS
from tests.jobs.stages.publishing import WHOLE, Index, Tried, hats
from udfs.rules.on_sale import vector_key


def sha256(body: bytes) -> bytes:
    return hashlib.sha256(body).digest()


def rows_of(index: Index, product: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A product and its garments in the live version."""
    live = selvedge_searcher.open(index.night().store.uri)
    (row,) = [row for row in live.products.to_pylist() if row["product_id"] == product]
    return row, [garment for garment in live.garments.to_pylist() if garment["product_id"] == product]


def test_a_garment_has_keys_of_its_own_and_what_its_product_is(live: Index) -> None:
    _, (garment,) = rows_of(live, "lane:2")
    picture = sha256(b"https://lane.test/2")
    place = garment.pop("segment"), garment.pop("row")
    assert all(part is not None for part in place)
    digest = sha256(garment["garment_id"].encode())
    assert garment.pop("garment_key") == int.from_bytes(digest[:8], "little") >> 1
    assert garment.pop("garment_id")
    assert garment == {
        "product_id": "lane:2", "retailer": "lane", "category": "hat", "category_source": "text", "class": "hat",
        "gender": "women", "image_sha256": picture, "image_url": "https://lane.test/2", "box": WHOLE, "score": 0.5,
        "rank": 0,
    }  # fmt: skip


def test_a_vector_is_that_of_a_crop_under_a_model(live: Index) -> None:
    night, snapshot = live.night(), selvedge_searcher.open(live.night().store.uri)
    keys = dict(zip(snapshot.garments["product_id"].to_pylist(), snapshot.vector_keys.to_pylist(), strict=True))
    crop = vector_key(sha256(b"https://lane.test/2"), WHOLE)
    assert keys["lane:2"] == published_key(crop, embed_function(night)) == sha256(crop + embed_function(night))
    stored = night.tables.sql("select vector_key, embedding, shape_code, colour_code from vectors", [VECTORS])
    (row,) = [row for row in stored.to_pylist() if row["vector_key"] == crop]
    at = snapshot.garments["product_id"].to_pylist().index("lane:2")
    assert snapshot.vectors[at].tolist() == row["embedding"]
    assert snapshot.shape_codes[at].tobytes() == row["shape_code"]
    assert snapshot.colour_codes[at].tobytes() == row["colour_code"]


def test_vectors_of_another_model_or_of_none_are_left_out(live: Index) -> None:
    night = live.ready()
    function, crop = embed_function(night), vector_key(sha256(b"https://lane.test/2"), WHOLE)
    rejected = vector_key(sha256(b"https://lane.test/3"), WHOLE)
    table = DeltaTable(night.tables.uri(VECTORS))
    table.update({"status": "'rejected'"}, predicate=f"vector_key = X'{rejected.hex()}'")

    def vectors(*crops: bytes, under: bytes = function) -> OfCrops:
        published = pa.array([published_key(crop, function) for crop in crops], pa.binary(32))
        return OfCrops(night.tables, published, pa.array(crops, pa.binary()), under)

    found = vectors(rejected, crop, b"x" * 32)
    assert found.keys.to_pylist() == [published_key(crop, function)]
    (row,) = found.take(found.keys).to_pylist()
    (stored,) = night.tables.sql(f"select * from vectors where vector_key = X'{crop.hex()}'", [VECTORS]).to_pylist()
    assert (row["vector_key"], row["embedding"]) == (published_key(crop, function), stored["embedding"])
    assert found.take(found.keys).schema == nullable(PUBLISHED_VECTORS.schema)
    assert len(vectors(crop, under=b"o" * 32).keys) == len(vectors().keys) == 0


def test_a_product_is_as_its_offers_say_with_its_choice(index: Index, tried: Tried) -> None:
    stated = {"brand": "Weaver", "colour": "red", "sizes": ["s", "m"], "url": "https://lane.test/page", "gender": "men",
              "available": True, "currency": "EUR"}  # fmt: skip
    index.deliver("lane", hats(1, 2), **stated)
    publish(index.ready())
    product, _ = rows_of(index, "lane:2")
    assert {name: product[name] for name in stated} == stated | {"gender": "women", "sizes": ["m", "s"]}
    assert (product["title"], product["offer_ids"], product["category"]) == ("hat 2", ["2"], "hat")
    assert (product["image_urls"], product["duplicate_of"]) == (["https://lane.test/2"], None)


def test_a_product_with_the_pictures_of_another_stands_behind_it(index: Index, tried: Tried) -> None:
    index.deliver("lane", hats(1, 2, 3) | {4: "scarf"}, pictures=["https://lane.test/same"])
    index.deliver("atelier", hats(1), pictures=["https://lane.test/same"])
    publish(index.ready())
    stands_for = {name: rows_of(index, name)[0]["duplicate_of"] for name in ("lane:1", "lane:2", "lane:3", "lane:4")}
    assert stands_for == {"lane:1": None, "lane:2": "lane:1", "lane:3": "lane:1", "lane:4": None}
    assert rows_of(index, "atelier:1")[0]["duplicate_of"] is None


def test_a_product_without_a_garment_is_not_published(live: Index) -> None:
    offer = live.night().tables.sql("select * from offers where product_id = 'lane:3'", [OFFERS]).to_pylist()[-1]
    live.write(OFFERS, [offer | {"position": 99, "offer_id": "99", "product_id": "lane:99", "title": "nothing"}])
    publish(live.night(1))
    names = selvedge_searcher.open(live.night().store.uri).products["product_id"].to_pylist()
    assert "lane:99" not in names and "lane:3" in names


def test_published_rows_of_other_retailers_come_with_their_crops(live: Index) -> None:
    night = live.night()
    whole, others = Source(night).fresh(()), Source(night).fresh({"lane"})
    found = others.beside(*published_rows(night.store, snapshots.parent(night.store), {"lane"}))
    keys = whole.garments["vector_key"].combine_chunks()
    assert 0 < len(others.crops) < len(whole.crops)
    assert found.crops_of(keys) == whole.crops
    assert found.crops.type == whole.crops.type
    for name in ("garments", "products"):
        ids = [sorted(getattr(rows, name)["product_id"].to_pylist()) for rows in (found, whole)]
        assert ids[0] == ids[1]
