"""Turns the rows of the stages into the published rows."""

import hashlib

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jobs.engine.night import Night
from jobs.live.catalog import Catalog
from lake.candidate import KEYED_GARMENTS
from lake.tables import literal
from schemas.published import PRODUCTS
from schemas.published import VECTORS as PUBLISHED_VECTORS
from schemas.table import DONE
from schemas.tables import VECTORS
from udfs.rules.choose import duplicate_of


def published_key(vector_key: bytes, function: bytes) -> bytes:
    """The published key of a vector: the crop and the function, so that another model gives another key."""
    return hashlib.sha256(vector_key + function).digest()


def published_garments(garments: pa.Table, function: bytes) -> pa.Table:
    """KEYED_GARMENTS from the exploded rows of `garments`."""
    ids = garments["garment_id"].to_pylist()
    columns = {
        "garment_key": pa.array([_integer_key(garment_id) for garment_id in ids]),
        "image_sha256": garments["picture"],
        "image_url": garments["url"],
        "vector_key": pa.array([published_key(key, function) for key in garments["vector_key"].to_pylist()]),
    }
    arrays = [columns.get(f.name, garments[f.name] if f.name not in columns else None) for f in KEYED_GARMENTS]
    return pa.table(arrays, names=KEYED_GARMENTS.names).cast(KEYED_GARMENTS)


def published_products(catalog: Catalog, garments: pa.Table) -> pa.Table:
    """PRODUCTS of the products that have a garment, with `duplicate_of`."""
    products = catalog.chosen_products()
    with_garment = pc.is_in(products["product_id"], pc.unique(garments["product_id"]).cast(pa.string()))
    products = products.filter(with_garment)
    stands_for = duplicate_of(catalog.for_duplicates(products))
    duplicates = pa.array([stands_for.get(product) for product in products["product_id"].to_pylist()], pa.string())
    columns = {"duplicate_of": duplicates, "image_urls": products["pictures"]}
    return pa.table(
        [columns[f.name] if f.name in columns else products[f.name] for f in PRODUCTS.schema],
        names=PRODUCTS.schema.names,
    )


def published_vectors(night: Night, keys: pa.Array, function: bytes) -> pa.Table:
    """Vectors by published key. A key without a done row is left out; the gate `integrity` finds that."""
    empty = PUBLISHED_VECTORS.schema.empty_table()
    if not len(keys):
        return empty
    query = f"""
        select vector_key, embedding, shape_code, colour_code from {VECTORS.name}
        where status = '{DONE}' and function = {literal(function)}"""  # noqa: S608
    rows = night.tables.sql(query, [VECTORS])
    published = pa.array([published_key(key, function) for key in rows["vector_key"].to_pylist()], pa.binary())
    asked = pc.index_in(keys.cast(pa.binary()), published).drop_null()
    taken = rows.take(asked).set_column(0, "vector_key", published.take(asked))
    return taken.cast(PUBLISHED_VECTORS.schema)


def _integer_key(garment_id: str) -> int:
    """63 bits of the id's digest."""
    digest = hashlib.sha256(garment_id.encode()).digest()
    return int(np.frombuffer(digest[:8], "<u8")[0] >> np.uint64(1))
