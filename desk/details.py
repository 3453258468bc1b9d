"""All that the lake knows of one product: its pictures with every box, its text, and how its category was decided."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from desk.shop import Product
from jobs.engine.night import Night
from jobs.live.catalog import Catalog
from jobs.live.functions import classify_function, detect_function, screen_function
from jobs.live.views import offers, rows_under
from lake import snapshots
from lake.published_files import retailer_rows
from lake.tables import literal
from schemas.table import DONE, Table
from schemas.tables import BOXES, SCREENS, TEXTS
from udfs.text.normalise import text_name

LEAST_BOX = 0.1
"""Score from which a box is drawn: below lies noise that nothing uses."""


@dataclass(frozen=True)
class Box:
    """Corners left, top, right, bottom in 0..1 of the upright picture."""

    name: str | None  # the detector's class; None: the whole picture was taken
    score: float
    corners: tuple[float, ...]
    chosen: bool = False


@dataclass(frozen=True)
class Seen:
    """A picture of the product and what the models made of it; `why`: why it is not shown."""

    url: str
    picture: bytes | None
    wanted: float | None = None
    depicts: str | None = None
    depicts_score: float | None = None
    boxes: tuple[Box, ...] = ()
    why: str | None = None


@dataclass(frozen=True)
class Details:
    """`decided`: how the category was chosen, in words. `text`: what the text model said."""

    pictures: tuple[Seen, ...] = ()
    text: dict[str, Any] = field(default_factory=dict)
    text_name: str = ""  # as corrections name the text
    description: str = ""
    decided: str = ""


def details_reader(night: Night) -> Callable[[Product], Details]:
    """Looks one product up when its page is opened."""

    def read(product: Product) -> Details:
        catalog = Catalog.of(night)
        place = pc.index(catalog.products["product_id"], product.id).as_py()
        if place < 0:
            return Details()
        chosen = _one(catalog.chosen.filter(pc.equal(catalog.chosen["product_id"], product.id)))
        key = catalog.products["text_key"][place].as_py()
        text = _text(night, key)
        return Details(
            pictures=tuple(_pictures(night, catalog, place, chosen)),
            text=_row(night, TEXTS, key, classify_function(night)),
            text_name=f"{text_name(*(text.get(name) or '' for name in ('title', 'description', 'brand'))):016x}",
            description=text.get("description") or "",
            decided=_decided(chosen),
        )

    return read


def _pictures(night: Night, catalog: Catalog, place: int, chosen: dict[str, Any]) -> list[Seen]:
    rows = catalog.pictures.filter(pc.equal(catalog.pictures["product"], place)).to_pylist()
    cut: dict[bytes, list[Box]] = {}
    for picture, box in _chosen_boxes(night, catalog, place, chosen):
        cut.setdefault(picture, []).append(box)
    away = {one["url"]: f"{one['code']}: {one['detail']}" for one in chosen.get("turned_away") or ()}
    found = []
    for row in sorted(rows, key=lambda row: row["rank"]):
        picture = row["picture"]
        screen = _row(night, SCREENS, picture, screen_function(night))
        boxes = _row(night, BOXES, picture, detect_function(night)).get("boxes") or ()
        mine = cut.get(picture, [])
        others = [Box(one["class"], one["score"], tuple(one["box"])) for one in boxes if one["score"] >= LEAST_BOX]
        others = [box for box in others if box.corners not in [one.corners for one in mine]]
        why = away.get(row["url"]) or (None if picture else f"{row['code'] or 'not fetched yet'}")
        found.append(Seen(row["url"], picture, screen.get("wanted"), screen.get("depicts"), screen.get("depicts_score"),
                          (*others, *mine), why))  # fmt: skip
    return found


def _chosen_boxes(night: Night, catalog: Catalog, place: int, chosen: dict[str, Any]) -> Iterator[tuple[bytes, Box]]:
    """What is cut out of its pictures: by the choice, or as the live version has it where a rule was changed since."""
    for one in chosen.get("garments") or ():
        yield one["picture"], Box(one["class"], one["score"], tuple(one["box"]), chosen=True)
    version = None if chosen else snapshots.current(night.store)
    if version is None:
        return
    product, retailer = (catalog.products[name][place].as_py() for name in ("product_id", "retailer"))
    rows = retailer_rows(night.store, snapshots.manifest(night.store, version), "garments", [retailer])
    for one in rows.filter(pc.equal(rows["product_id"], product)).to_pylist():
        yield one["image_sha256"], Box(one["class"], one["score"], tuple(one["box"]), chosen=True)


def _decided(chosen: dict[str, Any]) -> str:
    if not chosen:
        return "not chosen yet: some of its pictures or its text wait for a model"
    if chosen["status"] == DONE:
        return f"{chosen['category']}, by {chosen['category_source']}"
    return f"not in the index: {chosen['code']}: {chosen['detail']}"


def _row(night: Night, table: Table, key: bytes | None, function: bytes) -> dict[str, Any]:
    """The row of a stage for one key; empty where there is none."""
    return next(iter(rows_under(night, table, key, function)), {}) if key is not None else {}


def _text(night: Night, key: bytes) -> dict[str, Any]:
    """Title, description and brand of an offer with this text."""
    found = offers(night)
    query = f"select title, description, brand from ({found.sql}) where text_key = {literal(key)} limit 1"  # noqa: S608
    return _one(night.tables.sql(query, found.tables))


def _one(rows: pa.Table) -> dict[str, Any]:
    return next(iter(rows.slice(0, 1).to_pylist()), {})
