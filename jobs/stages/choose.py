"""The garments on sale of each live product, from its text, its mapping and its pictures."""

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from jobs.engine.night import Night
from jobs.engine.stage import Counts, Stage, due, run_stage
from jobs.live.catalog import Catalog
from jobs.live.functions import choose_function, classify_function, detect_function, screen_function
from lake.tables import literal
from schemas.choice import PRODUCTS_TO_CHOOSE
from schemas.table import DONE
from schemas.tables import BOXES, GARMENTS, PICTURES, SCREEN_CLASSES, SCREENS, TEXTS
from udfs.rules.choose import ChooseGarments

Rows = dict[bytes, dict[str, Any]]


def choose(night: Night) -> Counts:
    catalog = Catalog.of(night)
    needed = _assembled(night, catalog, due(night.tables, _stage(night, catalog.keys)))
    return run_stage(night.bench, _stage(night, needed))


def due_products(night: Night) -> int:
    """How many products would be chosen from now."""
    return due(night.tables, _stage(night, Catalog.of(night).keys)).num_rows


def _stage(night: Night, needed: pa.Table) -> Stage:
    orders = {name: tuple(spec.category_order) for name, spec in night.retailers.items()}
    work = ChooseGarments(night.settings.mappings / "taxonomy.xml", night.settings.choice, orders)
    return Stage("choose", GARMENTS, choose_function(night), needed, work, batch_rows=500)


def _assembled(night: Night, catalog: Catalog, wanted: pa.Table) -> pa.Table:
    """PRODUCTS_TO_CHOOSE of the due products whose pictures all have been looked at."""
    if not wanted.num_rows:
        return PRODUCTS_TO_CHOOSE.empty_table()
    places = wanted["product"].to_pylist()
    pictures = catalog.pictures.filter(pc.is_in(catalog.pictures["product"].cast(pa.int64()), wanted["product"]))
    arrived = pc.unique(pictures["picture"].drop_null()).to_pylist()
    looks = _Looks(night, arrived)
    texts = _rows(night, TEXTS, "text_key", classify_function(night))
    products = catalog.products.take(wanted["product"]).to_pylist()
    by_product: dict[int, list[dict[str, Any]]] = {}
    for picture in pictures.to_pylist():
        by_product.setdefault(picture["product"], []).append(picture)
    rows = []
    for key, place, product in zip(wanted["product_key"].to_pylist(), places, products, strict=True):
        seen = [looks.of(picture, catalog) for picture in by_product.get(place, [])]
        text = texts.get(product["text_key"], {})
        if None not in seen:
            rows.append({
                "product_key": key, "product_id": product["product_id"], "retailer": product["retailer"],
                "title": product["title"], "gender": product["gender"], "age": product["age"],
                "verdicts": catalog.verdicts.get(catalog.categories[place]),
                "text_leaf": text.get("leaf"), "text_probability": text.get("probability"),
                "text_gender": text.get("gender"), "text_gender_probability": text.get("gender_probability"),
                "pictures": seen,
            })  # fmt: skip
    return pa.Table.from_pylist(rows, PRODUCTS_TO_CHOOSE)


class _Looks:
    """What the models and the fetch said of the pictures of due products."""

    def __init__(self, night: Night, arrived: list[bytes]) -> None:
        self._wanted = night.settings.choice.wanted
        self._screens = _rows(night, SCREENS, "picture", screen_function(night), arrived)
        self._boxes = _rows(night, BOXES, "picture", detect_function(night), arrived)
        self._sizes = _rows(night, PICTURES, "picture", None, arrived)

    def of(self, picture: dict[str, Any], catalog: Catalog) -> dict[str, Any] | None:
        """A row of PICTURES_TO_CHOOSE; None while a stage has not looked at the picture yet."""
        row = {name: picture[name] for name in ("url", "rank", "picture", "code", "detail")}
        if picture["picture"] is None:
            return row
        screen = self._screens.get(picture["picture"])
        if screen is None:
            return None
        if screen["status"] != DONE:
            return row | {"code": screen["code"], "detail": screen["detail"]}
        boxes = self._boxes.get(picture["picture"])
        if boxes is None and screen["wanted"] >= self._wanted:
            return None
        size = self._sizes[picture["picture"]]
        row |= {name: screen[name] for name in (*SCREEN_CLASSES, "depicts", "depicts_score")}
        row |= {"width": size["width"], "height": size["height"], "group": catalog.groups.get(picture["picture"])}
        return row | {"boxes": boxes["boxes"] if boxes else None}


def _rows(night: Night, table: Any, key: str, function: bytes | None, keys: list[bytes] | None = None) -> Rows:
    """A stage's rows under its function by key."""
    where = f"where function = {literal(function)}" if function else ""
    rows = night.tables.sql(f"select * from {table.name} {where}", [table])  # noqa: S608
    if keys is not None:
        rows = rows.filter(pc.is_in(rows[key], pa.array(keys, pa.binary())))
    return {row[key]: row for row in rows.to_pylist()}
