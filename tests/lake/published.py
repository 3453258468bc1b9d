"""Small published tables, drawn from a seed."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

import lake.candidate
import lake.snapshots
import schemas.manifest
from lake.candidate import KEYED_GARMENTS, Candidate, Rows, prepare
from lake.published_files import TABLES
from lake.second import NextSecond, garments_of, placed, shelved
from lake.segments import NO_KEYS, Held, InMemory
from lake.snapshots import Published, parent, publish, write
from lake.store import Store
from schemas.manifest import Encoder, Facts, Manifest, RetailerState, Second
from schemas.published import ADDED, PRODUCTS, SCHEMA_MINOR, VECTORS

NIGHT = datetime(2026, 3, 1, 2, 0, tzinfo=UTC)


NO_VECTORS = InMemory(VECTORS.schema.empty_table())


def digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def catalog(shops: dict[str, int], price: str = "10.00") -> Rows:
    """A shop has as many products as named; product n has 1 + n % 2 garments; every row follows from its names."""
    products = [_product(shop, number, price) for shop, size in shops.items() for number in range(size)]
    garments = [
        _garment(product, place) for product in products for place in range(1 + int(product["title"].split()[-1]) % 2)
    ]
    keys = sorted({garment["vector_key"] for garment in garments})
    return Rows(
        garments=pa.Table.from_pylist(garments, KEYED_GARMENTS),
        products=pa.Table.from_pylist(products, PRODUCTS.schema),
        vectors=InMemory(vectors(keys)),
    )


def _product(shop: str, number: int, price: str) -> dict:
    return {
        "product_id": f"{shop}:{number:04}",
        "retailer": shop,
        "offer_ids": [f"{number}-s", f"{number}-m"],
        "duplicate_of": None,
        "title": f"Shirt {number}",
        "brand": "Weaver" if number % 3 else None,
        "gender": "women",
        "category": ("shirt", "dress", "skirt")[number % 3],
        "colour": None,
        "sizes": ["s", "m"] if number % 2 else [],
        "url": f"https://{shop}.example/{number}",
        "image_urls": [f"https://{shop}.example/{number}.jpg"],
        "price": Decimal(price),
        "old_price": None,
        "currency": "EUR",
        "available": True,
    }


def _garment(product: dict, place: int) -> dict:
    name = f"{product['product_id']}/{place}"
    return {
        "garment_id": name,
        "garment_key": int.from_bytes(digest(name)[:8], "big") >> 1,
        "product_id": product["product_id"],
        "retailer": product["retailer"],
        "category": product["category"],
        "category_source": "text",
        "class": "top",
        "gender": "women",
        "image_sha256": digest(product["image_urls"][0]),
        "image_url": product["image_urls"][0],
        "box": [0.0, 0.0, 0.5, 1.0],
        "score": 0.75,
        "rank": place,
        "vector_key": digest(name + "/crop"),
    }


def vectors(keys: list[bytes]) -> pa.Table:
    """A unit vector and two codes for each key, drawn from the key."""
    drawn = (
        np.stack([np.random.default_rng(list(key)).standard_normal(256) for key in keys])
        if keys
        else np.empty((0, 256))
    )
    unit = (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)
    columns = [keys, list(unit), [key[:16] for key in keys], [key[16:] for key in keys]]
    return pa.table(
        [pa.array(c, field.type) for c, field in zip(columns, VECTORS.schema, strict=True)], schema=VECTORS.schema
    )


def facts(*shops: str) -> Facts:
    return Facts(
        retailers={shop: RetailerState(status="fresh") for shop in shops},
        models={"embed": "0" * 64},
        taxonomy="1" * 64,
        mappings={},
    )


def publish_night(store: Store, rows: Rows) -> Published | None:
    """What the night does, its gates aside; None: nothing new."""
    candidate = prepare(store, rows, parent(store))
    if not candidate.is_new:
        return None
    return publish(store, write(store, candidate, facts(*candidate.content)), [], NIGHT)


def beside(store: Store, candidate: Candidate, have: int, known: Second | None = None) -> NextSecond:
    """A second embedding in which the first `have` garments of a candidate have a vector, drawn from another key."""
    garments = garments_of(store, candidate)["garment_id"]
    keys = pa.array([digest(f"{name} by another") for name in garments.to_pylist()], pa.binary(32))
    held = Held.of(store, known.vectors if known else [])
    shelf = shelved(held, keys, InMemory(vectors(keys.to_pylist()[:have])), NO_KEYS)
    return NextSecond("2" * 64, Encoder(digest="3" * 64, files=[]), known, shelf, placed(garments, keys, shelf))


def publish_with_second(store: Store, rows: Rows, have: int) -> Manifest:
    """A version with a second embedding of some of its garments."""
    last = parent(store)
    candidate = prepare(store, rows, last)
    second = beside(store, candidate, have, last.second if last else None)
    draft = write(store, candidate, facts(*candidate.content), beside=second)
    return publish(store, draft, [], NIGHT).manifest


def files_below(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*.parquet")}


NEWER_MINOR = SCHEMA_MINOR + 1
WEAVE = pa.field("weave", pa.string())


def become_newer(patch: pytest.MonkeyPatch) -> None:
    """Make this the program of the next minor version, whose garments and products have a weave."""
    for name in ("garments", "products"):
        newer = replace(TABLES[name], schema=TABLES[name].schema.append(WEAVE))
        patch.setitem(TABLES, name, newer)
        patch.setitem(ADDED[name], WEAVE.name, NEWER_MINOR)
    patch.setattr(lake.candidate, "PRODUCTS", TABLES["products"])
    patch.setattr(lake.candidate, "KEYED_GARMENTS", KEYED_GARMENTS.append(WEAVE))
    patch.setattr(lake.snapshots, "SCHEMA_MINOR", NEWER_MINOR)
    patch.setattr(schemas.manifest, "SCHEMA_MINOR", NEWER_MINOR)


def woven(rows: Rows, **weaves: str) -> Rows:
    """The rows as the newer program has them: a weave for the products of some shops, and none for the others."""
    of = [weaves.get(shop) for shop in rows.products["retailer"].to_pylist()]
    products = rows.products.append_column(WEAVE, pa.array(of, WEAVE.type))
    garments = rows.garments.append_column(WEAVE, pa.nulls(len(rows.garments), WEAVE.type))
    return Rows(garments, products, rows.vectors)
