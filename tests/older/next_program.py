"""The program of a later month: `python -m tests.older.next_program night` is `selvedge night` with five more columns.

A weave in `offers`, `merged` and `garments`, and in both published tables of rows; it says what the material says.
Child processes import this module too, and so have the same columns.
"""

from dataclasses import replace

import pyarrow as pa

from schemas import published, tables

WEAVE = pa.field("weave", pa.string())
MINOR = published.SCHEMA_MINOR + 1


def _with_weave(table: tables.Table) -> tables.Table:
    return replace(table, schema=table.schema.append(WEAVE))


def _declare() -> None:
    """The five columns, before anything else has taken the tables from `schemas`."""
    newer = {table.name: _with_weave(table) for table in (tables.OFFERS, tables.MERGED, tables.GARMENTS)}
    tables.OFFERS, tables.MERGED, tables.GARMENTS = newer.values()
    tables.STAGE_TABLES = tuple(newer.get(table.name, table) for table in tables.STAGE_TABLES)
    published.GARMENTS, published.PRODUCTS = _with_weave(published.GARMENTS), _with_weave(published.PRODUCTS)
    published.PUBLISHED_TABLES = (published.GARMENTS, published.PRODUCTS, published.VECTORS)
    for name in ("garments", "products"):
        published.ADDED[name][WEAVE.name] = MINOR
    published.SCHEMA_MINOR = MINOR


def _fill() -> None:
    """The reader and the rules that know of them."""
    from udfs.rules import products

    products.DESCRIBED = (*products.DESCRIBED, WEAVE.name)
    products.OFFER_COLUMNS = (*products.OFFER_COLUMNS, WEAVE.name)
    products.PRODUCTS = products.PRODUCTS.append(WEAVE)

    from jobs.live.catalog import Catalog
    from udfs.feeds.offers.offers import Columns, OfferReader

    read, garments = OfferReader.columns, Catalog.garments

    def columns(reader: OfferReader) -> Columns:
        found = read(reader)
        return found | {WEAVE.name: found["material"]}

    def garments_with_weave(catalog: Catalog) -> pa.Table:
        rows = garments(catalog)
        return rows.append_column(WEAVE, pa.nulls(len(rows), WEAVE.type))

    OfferReader.columns, Catalog.garments = columns, garments_with_weave  # type: ignore[method-assign]


_declare()
_fill()

if __name__ == "__main__":
    from cli.main import main

    main()
