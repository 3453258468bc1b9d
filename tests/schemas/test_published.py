"""What search tiers rely on: the columns of 1.0 stay, and what is added may be null."""

import pyarrow as pa

from schemas.published import ADDED, PUBLISHED_TABLES, SCHEMA_MINOR, SCHEMA_VERSION

FIRST = {
    "garments": "garment_id: string not null, garment_key: int64 not null, product_id: string not null, "
    "retailer: string not null, category: string not null, category_source: string not null, class: string, "
    "gender: string, image_sha256: fixed_size_binary[32] not null, image_url: string not null, "
    "box: fixed_size_list<item: float>[4] not null, score: float not null, rank: int32 not null, "
    "segment: string not null, row: int32 not null",
    "products": "product_id: string not null, retailer: string not null, offer_ids: list<item: string> not null, "
    "duplicate_of: string, title: string, brand: string, gender: string, category: string not null, colour: string, "
    "sizes: list<item: string>, url: string, image_urls: list<item: string>, price: decimal128(18, 2), "
    "old_price: decimal128(18, 2), currency: string, available: bool",
    "vectors": "vector_key: fixed_size_binary[32] not null, embedding: fixed_size_list<item: float>[256] not null, "
    "shape_code: fixed_size_binary[16] not null, colour_code: fixed_size_binary[16] not null",
}
"""The columns of 1.0 in their order. Another line here is another major version."""


def said(fields: list[pa.Field]) -> str:
    return ", ".join(f"{f.name}: {f.type}{'' if f.nullable else ' not null'}" for f in fields)


def test_the_columns_of_the_first_version_are_what_they_were():
    assert SCHEMA_VERSION == 1
    for table in PUBLISHED_TABLES:
        assert said([field for field in table.schema if field.name not in ADDED[table.name]]) == FIRST[table.name]


def test_every_column_that_was_added_may_be_null_and_says_when_it_came():
    for table in PUBLISHED_TABLES:
        for name, minor in ADDED[table.name].items():
            assert table.schema.field(name).nullable
            assert 1 <= minor <= SCHEMA_MINOR
