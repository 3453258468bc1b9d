"""Chooses the category and the garments of each live product, from its text, its mapping and its pictures."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from jobs.engine.night import Night
from jobs.live.asked import Asked
from jobs.live.catalog import Catalog
from jobs.live.functions import choose_function, classify_function, detect_function, screen_function
from jobs.live.verdict import Verdict, blocked, change, verdict
from jobs.stages.record import REJECT, Rule
from lake.tables import literal
from schemas.choice import PRODUCTS_TO_CHOOSE
from schemas.rejects import Code
from schemas.table import DONE, REJECTED
from schemas.tables import BOXES, GARMENTS, PICTURES, SCREEN_CLASSES, SCREENS, TEXTS
from udfs.rules.choose import ChooseGarments

Rows = dict[bytes, dict[str, Any]]

CODES = frozenset({
    Code.TEXT_OUT_OF_SCOPE, Code.MAPPING_IGNORED, Code.NO_CATEGORY, Code.NO_PICTURE_LEFT, Code.SCREEN_UNWANTED,
    Code.DUPLICATE_PICTURE, Code.BLOCKED,
})  # fmt: skip
"""Of products, and of the pictures among which they choose."""


def _work(night: Night) -> ChooseGarments:
    orders = {name: tuple(spec.category_order) for name, spec in night.retailers.items()}
    return ChooseGarments(night.taxonomy, night.settings.choice, orders)


def _assembled(night: Night, wanted: pa.Table) -> pa.Table:
    """PRODUCTS_TO_CHOOSE of the due products whose pictures were all screened."""
    catalog = Catalog.of(night)
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
    """What fetch and the models found for the pictures of the due products."""

    def __init__(self, night: Night, arrived: list[bytes]) -> None:
        self._wanted = night.settings.choice.wanted
        self._screens = _rows(night, SCREENS, "picture", screen_function(night), arrived)
        self._boxes = _rows(night, BOXES, "picture", detect_function(night), arrived)
        self._sizes = _rows(night, PICTURES, "picture", None, arrived)

    def of(self, picture: dict[str, Any], catalog: Catalog) -> dict[str, Any] | None:
        """A row of PICTURES_TO_CHOOSE; None while a stage has no row for the picture yet."""
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
    """A stage's rows of its current function, by key."""
    where = f"where function = {literal(function)}" if function else ""
    rows = night.tables.sql(f"select * from {table.name} {where}", [table])  # noqa: S608
    if keys is not None:
        rows = rows.filter(pc.is_in(rows[key], pa.array(keys, pa.binary())))
    return {row[key]: row for row in rows.to_pylist()}


def _rejects(night: Night) -> pa.Table:
    """The rejected live products."""
    chosen = Catalog.of(night).chosen
    rows = chosen.filter(pc.equal(chosen["status"], REJECTED))
    return pa.table([rows["code"], rows["detail"], rows["product_id"]], schema=REJECT)


def _verdicts(night: Night, asked: Asked) -> Iterator[Verdict]:
    for url in asked.urls:
        if url in night.blocked.urls:
            yield blocked("choose", url)
    for picture in asked.pictures:
        if picture in night.blocked.pictures:
            yield blocked("choose", picture.hex())
    for product in asked.products:
        yield from _on_product(asked, product)
    if asked.unshown:
        shown = asked.picture.hex() if asked.picture else asked.urls[0]
        yield Verdict("choose", shown, "shared", f"{asked.unshown} more products have it")


def _on_product(asked: Asked, product: str) -> Iterator[Verdict]:
    if asked.place(product) is None:
        yield blocked("choose", product)
        return
    rows = asked.chosen(product)
    if not rows:
        yield Verdict("choose", product, "waiting", "some of its pictures are not fetched or screened yet")
    for row in rows:
        found = f"{row['category']}, decided by {row['category_source']}; gender {row['gender'] or 'unknown'}, "
        yield verdict("choose", product, row, f"{found}{len(row['garments'] or ())} garments")
        for picture in row["turned_away"] or ():
            said = f"{picture['code']}: {picture['detail']}"
            yield Verdict("choose", picture["url"], "turned away", said, change(picture["code"]))


RULE = Rule(
    name="choose",
    table=GARMENTS,
    function=choose_function,
    needed=lambda night: Catalog.of(night).keys,
    gather=_assembled,
    work=_work,
    batch_rows=lambda night: 500,
)
STAGE = replace(RULE.record(codes=CODES, verdicts=_verdicts), rejects=_rejects)
