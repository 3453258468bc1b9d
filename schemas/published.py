"""The three tables of a snapshot: what the search tier reads."""

import pyarrow as pa

from schemas.table import DIGEST, PRICE, Table
from schemas.tables import BOX, CODE_BYTES, EMBEDDING_SIZE, STRINGS

SCHEMA_VERSION = 1
"""The major version: raised when a published column goes, or changes its name, type or meaning."""

SCHEMA_MINOR = 4
"""The minor version: raised when a published table gets a column (`ADDED`), or the manifest a key."""

GARMENTS = Table(
    "garments",
    ("garment_id",),
    pa.schema([
        pa.field("garment_id", pa.string(), nullable=False),
        pa.field("garment_key", pa.int64(), nullable=False),  # the id's digest, 63 bits, for indexes that want integers
        pa.field("product_id", pa.string(), nullable=False),
        pa.field("retailer", pa.string(), nullable=False),
        pa.field("category", pa.string(), nullable=False),
        pa.field("category_source", pa.string(), nullable=False),
        pa.field("class", pa.string()),
        pa.field("gender", pa.string()),
        pa.field("image_sha256", DIGEST, nullable=False),
        pa.field("image_url", pa.string(), nullable=False),
        pa.field("box", BOX, nullable=False),
        pa.field("score", pa.float32(), nullable=False),
        pa.field("rank", pa.int32(), nullable=False),
        pa.field("segment", pa.string(), nullable=False),
        pa.field("row", pa.int32(), nullable=False),
    ]),
)  # fmt: skip

PRODUCTS = Table(
    "products",
    ("product_id",),
    pa.schema([
        pa.field("product_id", pa.string(), nullable=False),
        pa.field("retailer", pa.string(), nullable=False),
        pa.field("offer_ids", STRINGS, nullable=False),
        pa.field("duplicate_of", pa.string()),
        pa.field("title", pa.string()),
        pa.field("brand", pa.string()),
        pa.field("gender", pa.string()),
        pa.field("category", pa.string(), nullable=False),
        pa.field("colour", pa.string()),
        pa.field("sizes", STRINGS),
        pa.field("url", pa.string()),
        pa.field("image_urls", STRINGS),
        pa.field("price", PRICE),
        pa.field("old_price", PRICE),
        pa.field("currency", pa.string()),
        pa.field("available", pa.bool_()),
        pa.field("material", pa.string()),
    ]),
)  # fmt: skip

VECTORS = Table(
    "vectors",
    ("vector_key",),
    pa.schema([
        pa.field("vector_key", DIGEST, nullable=False),
        pa.field("embedding", pa.list_(pa.float32(), EMBEDDING_SIZE), nullable=False),
        pa.field("shape_code", pa.binary(CODE_BYTES), nullable=False),
        pa.field("colour_code", pa.binary(CODE_BYTES), nullable=False),
    ]),
)  # fmt: skip

PLACES = pa.schema([
    pa.field("garment_id", pa.string(), nullable=False),
    pa.field("segment", pa.string(), nullable=False),
    pa.field("row", pa.int32(), nullable=False),
])  # fmt: skip
"""Where the vectors of a second embedding are."""

PUBLISHED_TABLES = (GARMENTS, PRODUCTS, VECTORS)

ADDED: dict[str, dict[str, int]] = {"garments": {}, "products": {"material": 1}, "vectors": {}}
"""Columns that the tables of 1.0 did not have, and the minor version that brought each. They may be null, and a reader
of any minor version may lack them."""
