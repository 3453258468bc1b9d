"""Reads the live products of a lake as shops. Nothing is written and no model runs."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from desk.shop import Product, Shop
from jobs.engine.night import Night
from jobs.live.catalog import Catalog
from jobs.live.coverage import boxed, genders_of, shown_at
from jobs.live.functions import classify_function
from jobs.live.rows import taken
from jobs.live.screened import screens_of
from jobs.live.stored import stored
from lake import snapshots
from lake.published_files import read_rows
from schemas.table import DONE
from schemas.tables import TEXTS

MAX_PICTURES = 4
"""Pictures kept of a product: the desk shows one on a card, and these on the product's own page."""

STATED = ("product_id", "title", "category_path", "category_ids", "price", "currency", "url")

Leaves = tuple[tuple[str, float], ...]


def shops_of(night: Night) -> dict[str, Shop]:
    """Every enabled retailer, also one without live products."""
    catalog, specs = Catalog.of(night), night.retailers
    every = np.arange(catalog.products.num_rows)
    known: dict[str, Sequence[Any]] = {
        **_chosen(night, catalog),
        "leaves": leaves_of(night, catalog.products["text_key"]),
        "shown": shown_of(night, catalog, every),
        "gender": genders_of(night, catalog.products),
    }
    products = products_at(catalog, every, pc.unique(catalog.garments()["picture"]), **known)
    found: dict[str, list[Product]] = {name: [] for name in specs}
    for name, product in zip(catalog.products["retailer"].to_pylist(), products, strict=True):
        found.setdefault(name, []).append(product)
    return {
        name: Shop(
            name,
            specs[name].language if name in specs else None,
            sorted(rows, key=lambda product: product.id),
            night.settings.choice.text,
        )
        for name, rows in sorted(found.items())
    }


def products_at(
    catalog: Catalog, places: np.ndarray, best: pa.Array | None = None, **known: Sequence[Any]
) -> list[Product]:
    """Some live products, by their rows in the catalog, which are sorted, with what their shop says of them.

    best: pictures to come first. known: more fields of `Product`, for each of these products.
    """
    rows = taken(catalog.products.select(STATED), pa.array(places)).to_pylist()
    fields = [dict(zip(known, values, strict=True)) for values in zip(*known.values(), strict=True)]
    return [
        Product(
            id=row["product_id"],
            title=row["title"] or "",
            path=tuple(step or "" for step in row["category_path"] or ()),
            ids=tuple(step or "" for step in row["category_ids"] or ()),
            price=row["price"],
            currency=row["currency"],
            url=row["url"],
            pictures=tuple(picture for picture, _ in pictures),
            picture_url=next((url for _, url in pictures), None),
            **also,
        )
        for row, pictures, also in zip(rows, _pictures(catalog, places, best), fields or [{}] * len(rows), strict=True)
    ]


def leaves_of(night: Night, keys: pa.ChunkedArray) -> list[Leaves]:
    """What each text may name, likeliest first; nothing where it waits."""
    every = pc.unique(keys.cast(pa.binary()))
    rows = stored(night, TEXTS, ("status", "leaves"), "text_key", classify_function(night), pa.chunked_array([every]))
    lists = pc.if_else(pc.equal(rows["status"], DONE), rows["leaves"], None).combine_chunks()
    flat = lists.flatten()
    named = [*zip(flat.field("leaf").to_pylist(), flat.field("probability").to_pylist(), strict=True)]
    ends = np.cumsum([0, *pc.fill_null(pc.list_value_length(lists), 0).to_pylist()]).tolist()
    found: list[Leaves] = [tuple(named[start:end]) for start, end in pairwise(ends)]
    return [found[place] for place in pc.index_in(keys.cast(pa.binary()), every).to_pylist()]


def shown_of(night: Night, catalog: Catalog, places: np.ndarray) -> list[str | None]:
    """The class that the kept pictures of each of some products show."""
    pictures = catalog.pictures.filter(pc.is_in(catalog.pictures["product"], pa.array(places)))
    scored = boxed(night, screens_of(night, pictures["picture"]))
    products, classes = shown_at(pictures, scored, night.settings.choice)
    found: list[str | None] = classes.take(pc.index_in(pa.array(places), products)).to_pylist()
    return found


def refused_of(catalog: Catalog, places: np.ndarray) -> list[str | None]:
    """Why each of some products is not in the index, as a code."""
    codes: list[str | None] = _choices(catalog, places)["code"].to_pylist()
    return codes


def _choices(catalog: Catalog, places: np.ndarray) -> pa.Table:
    """What `choose` has for each of some products; nulls where it waits."""
    rows = catalog.chosen.select(["category", "category_source", "code"])
    return rows.take(pc.index_in(pa.array(places), catalog.chosen["product"]))


def _chosen(night: Night, catalog: Catalog) -> dict[str, list[str | None]]:
    """The category of every product in the index, what decided it, and why it is out, by fields of `Product`.

    A product whose rule was changed since the last night has no row of `choose` yet, and is in the index as it was.
    """
    category, source, code = _choices(catalog, np.arange(catalog.products.num_rows)).columns
    version = snapshots.current(night.store)
    if version is not None:
        files = snapshots.manifest(night.store, version).of("products")
        rows = read_rows(night.store, "products", files, ["product_id", "category"])
        category = rows["category"].take(pc.index_in(catalog.products["product_id"], rows["product_id"]))
    return {"category": category.to_pylist(), "source": source.to_pylist(), "refused": code.to_pylist()}


def _pictures(catalog: Catalog, places: np.ndarray, best: pa.Array | None) -> list[list[tuple[bytes, str]]]:
    """Pictures of each product with their addresses, the best first."""
    rows = catalog.pictures.filter(pc.is_in(catalog.pictures["product"], pa.array(places)))
    rows = rows.filter(pc.is_valid(rows["picture"]))
    if best is not None:
        rows = rows.append_column("later", pc.invert(pc.is_in(rows["picture"], best)))
        rows = rows.sort_by([("product", "ascending"), ("later", "ascending"), ("rank", "ascending")])
    pairs = [*zip(rows["picture"].to_pylist(), rows["url"].to_pylist(), strict=True)]
    of = rows["product"].to_numpy()
    starts, ends = (np.searchsorted(of, places, side).tolist() for side in ("left", "right"))
    return [pairs[start : min(end, start + MAX_PICTURES)] for start, end in zip(starts, ends, strict=True)]
