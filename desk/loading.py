"""Reads the live products of a lake as shops. Nothing is written and no model runs."""

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from desk.shop import Product, Shop
from jobs.engine.night import Night
from jobs.live.catalog import Catalog
from jobs.live.coverage import image_classes
from jobs.live.functions import classify_function
from lake import snapshots
from lake.published_files import read_rows
from lake.tables import literal
from schemas.table import DONE
from schemas.tables import TEXTS
from udfs.rules.category import gender_of

MAX_PICTURES = 4
"""Pictures kept of a product: the desk shows one on a card, and these on the product's own page."""

_UNREAD = {"text_gender": None, "text_gender_probability": None}

Leaves = tuple[tuple[str, float], ...]


def shops_of(night: Night) -> dict[str, Shop]:
    """Every enabled retailer, also one without live products."""
    catalog = Catalog.of(night)
    texts, shown = _texts(night, catalog), image_classes(night, catalog)
    chosen, pictures, published = _chosen(catalog), _pictures(catalog), _published(night)
    found: dict[str, list[Product]] = {name: [] for name in night.retailers}
    names = ("product_id", "retailer", "title", "category_path", "category_ids", "gender", "age", "price", "currency",
             "url", "text_key")  # fmt: skip
    genders: dict[tuple[str | None, str | None], str | None] = {}  # as stated: a shop states few
    for place, row in enumerate(catalog.products.select(names).to_pylist()):
        product, stated = row["product_id"], (row["gender"], row["age"])
        if stated not in genders:
            genders[stated] = gender_of(row | _UNREAD, night.settings.choice)
        category, source, refused = chosen.get(product, (None, None, None))
        if published is not None:
            category = published.get(product)
        found.setdefault(row["retailer"], []).append(
            Product(
                id=product,
                title=row["title"] or "",
                path=tuple(step or "" for step in row["category_path"] or ()),
                ids=tuple(step or "" for step in row["category_ids"] or ()),
                gender=genders[stated],
                price=row["price"],
                currency=row["currency"],
                url=row["url"],
                pictures=tuple(picture for picture, _ in pictures.get(place, ())),
                picture_url=next((url for _, url in pictures.get(place, ())), None),
                leaves=texts.get(row["text_key"], ()),
                shown=shown.get(product),
                category=category,
                source=source,
                refused=refused,
            )
        )
    specs = night.retailers
    return {
        name: Shop(
            name,
            specs[name].language if name in specs else None,
            sorted(rows, key=lambda product: product.id),
            night.settings.choice.text,
        )
        for name, rows in sorted(found.items())
    }


def _texts(night: Night, catalog: Catalog) -> dict[bytes, Leaves]:
    query = f"""
        select text_key, leaves from {TEXTS.name} where status = '{DONE}'
        and function = {literal(classify_function(night))}"""  # noqa: S608
    rows = night.tables.among(query, [TEXTS], "text_key", pc.unique(catalog.products["text_key"]).cast(pa.binary()))
    lists = zip(rows["text_key"].to_pylist(), rows["leaves"].to_pylist(), strict=True)
    return {key: tuple((leaf["leaf"], leaf["probability"]) for leaf in leaves or ()) for key, leaves in lists}


def _chosen(catalog: Catalog) -> dict[str, tuple[str | None, str | None, str | None]]:
    names = ("product_id", "category", "category_source", "code")
    columns = (catalog.chosen[name].to_pylist() for name in names)
    return {product: (category, source, code) for product, category, source, code in zip(*columns, strict=True)}


def _published(night: Night) -> dict[str, str] | None:
    """The category of each product in the live version; None before the first.

    A product whose rule was changed since the last night has no row of `choose` yet, and is in the index as it was.
    """
    version = snapshots.current(night.store)
    if version is None:
        return None
    files = snapshots.manifest(night.store, version).of("products")
    rows = read_rows(night.store, "products", files, ["product_id", "category"])
    return dict(zip(rows["product_id"].to_pylist(), rows["category"].to_pylist(), strict=True))


def _pictures(catalog: Catalog) -> dict[int, list[tuple[bytes, str]]]:
    """Pictures of each product with their addresses, those of its garments first."""
    garments = catalog.garments()
    best = set(garments["picture"].to_pylist())
    arrived: Any = catalog.pictures.filter(pc.is_valid(catalog.pictures["picture"]))
    found: dict[int, list[tuple[bytes, str]]] = {}
    for product, *picture in zip(*(arrived[name].to_pylist() for name in ("product", "picture", "url")), strict=True):
        found.setdefault(product, []).append((picture[0], picture[1]))
    return {place: sorted(mine, key=lambda one: one[0] not in best)[:MAX_PICTURES] for place, mine in found.items()}
