"""Chooses the category and the garments of each live product, from its text, its mapping and its pictures."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jobs.engine.night import Night
from jobs.live.asked import Asked
from jobs.live.catalog import Catalog
from jobs.live.functions import choose_function, classify_function, detect_function, screen_function
from jobs.live.rows import PART_ROWS, taken
from jobs.live.stored import stored
from jobs.live.verdict import Verdict, blocked, change, verdict
from jobs.stages.record import REJECT, Rule
from schemas.choice import PICTURES_TO_CHOOSE, PRODUCTS_TO_CHOOSE
from schemas.rejects import Code
from schemas.table import DONE, REJECTED
from schemas.tables import BOXES, GARMENTS, PICTURES, SCREEN_CLASSES, SCREENS, TEXTS, VERDICTS
from udfs.rules.choose import ChooseGarments
from udfs.rules.on_sale import why

STATED = ("product_id", "retailer", "title", "gender", "age")
TEXT = ("leaf", "probability", "leaves", "gender", "gender_probability")
SCREENED = ("status", "code", "detail", *SCREEN_CLASSES, "depicts", "depicts_score")

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
    parts = [_part(night, wanted.slice(at, PART_ROWS)) for at in range(0, wanted.num_rows, PART_ROWS)]
    return pa.concat_tables([PRODUCTS_TO_CHOOSE.empty_table(), *parts])


def _part(night: Night, wanted: pa.Table) -> pa.Table:
    catalog = Catalog.of(night)
    pictures = catalog.pictures.filter(pc.is_in(catalog.pictures["product"], wanted["product"]))
    seen, waits = _seen(night, catalog, pictures)
    waiting = pc.unique(pictures["product"].filter(waits))
    wanted = wanted.filter(pc.invert(pc.is_in(wanted["product"], waiting)))
    products = taken(catalog.products.select([*STATED, "text_key"]), wanted["product"])
    texts = stored(night, TEXTS, TEXT, "text_key", classify_function(night), products["text_key"])
    category = catalog.categories.indices.take(wanted["product"])
    columns = {
        "product_key": wanted["product_key"],
        **{name: products[name] for name in STATED},
        "verdicts": pa.array(catalog.category_verdicts, VERDICTS).take(category),
        **{f"text_{name}": texts[name] for name in TEXT},
        "pictures": _by_product(pictures["product"], seen, wanted["product"]),
    }
    arrays = [columns[field.name].cast(field.type) for field in PRODUCTS_TO_CHOOSE]
    return pa.table(arrays, schema=PRODUCTS_TO_CHOOSE)


def _seen(night: Night, catalog: Catalog, pictures: pa.Table) -> tuple[pa.Array, pa.ChunkedArray]:
    """What fetch and the models found for each picture (a struct of PICTURES_TO_CHOOSE), and whether it still waits."""
    shown, wanted = pictures["picture"], night.settings.choice.wanted
    screens = stored(night, SCREENS, SCREENED, "picture", screen_function(night), shown)
    boxes = stored(night, BOXES, ("status", "boxes"), "picture", detect_function(night), shown)
    sizes = stored(night, PICTURES, ("width", "height"), "picture", None, shown)
    done = pc.fill_null(pc.equal(screens["status"], DONE), False)
    refused = pc.fill_null(pc.not_equal(screens["status"], DONE), False)
    of_boxes = pc.and_(done, pc.fill_null(pc.greater_equal(screens["wanted"], wanted), False))
    waits = pc.or_(pc.and_(pc.is_valid(shown), pc.is_null(screens["status"])),
                   pc.and_(of_boxes, pc.is_null(boxes["status"])))  # fmt: skip
    columns = {name: pictures[name] for name in ("url", "rank", "picture")}
    columns |= {name: pc.if_else(refused, screens[name], pictures[name]) for name in ("code", "detail")}
    models = {name: screens[name] for name in (*SCREEN_CLASSES, "depicts", "depicts_score")}
    models |= {
        "width": sizes["width"],
        "height": sizes["height"],
        "group": catalog.group_of(catalog.retailers_of(pictures["product"]), shown),
    }
    models |= {"boxes": boxes["boxes"]}
    columns |= {name: pc.if_else(done, column, pa.scalar(None, column.type)) for name, column in models.items()}
    fields = list(PICTURES_TO_CHOOSE.value_type)
    arrays = [columns[field.name].combine_chunks().cast(field.type) for field in fields]
    return pa.StructArray.from_arrays(arrays, fields=fields), waits


def _by_product(of: pa.ChunkedArray, seen: pa.Array, products: pa.ChunkedArray) -> pa.Array:
    """The pictures of each product as a list; `of` is sorted."""
    places = of.to_numpy()
    first, last = (np.searchsorted(places, products.to_numpy(), side) for side in ("left", "right"))
    counts = last - first
    ends = np.cumsum(counts)
    rows = np.arange(ends[-1] if len(ends) else 0) + np.repeat(first - (ends - counts), counts)
    offsets = pa.array(np.concatenate([[0], ends]).astype(np.int32))
    return pa.ListArray.from_arrays(offsets, seen.take(pa.array(rows)))


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
        for garment in row["garments"] or ():
            if asked.picture in (None, garment["picture"]):
                yield Verdict("choose", garment["url"], "cut out", _why(asked, row["category"], garment))


def _why(asked: Asked, category: str, garment: dict[str, Any]) -> str:
    """The box that was chosen in a picture, and what it was chosen from."""
    night = asked.night
    found = asked.rows_of(BOXES, garment["picture"], detect_function(night))
    boxes = (found[0]["boxes"] or ()) if found else ()
    pieces = night.taxonomy.node(category).pieces
    return why(garment["class"], garment["score"], boxes, pieces, night.settings.choice)


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
