"""Suspected placeholders: pictures on so many products of one shop that they may just say "no picture"."""

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from jobs.engine.night import Night
from jobs.live.catalog import Catalog
from jobs.live.functions import screen_function
from lake.tables import literal, one_of
from schemas.tables import SCREENS


@dataclass(frozen=True)
class Suspect:
    """A picture on more products of a retailer than its spec's `images.placeholder_products`."""

    retailer: str
    picture: bytes
    products: int
    turned_away: bool  # by the filter, so that nobody has to act


def suspects(night: Night) -> list[Suspect]:
    """All suspected placeholders, most products first. A person decides, by a line in `mappings/blocked.tsv`."""
    return night.kept("suspects", lambda: suspects_of(night, Catalog.of(night)))


def suspects_of(night: Night, catalog: Catalog) -> list[Suspect]:
    """The same of one catalog."""
    shown = catalog.pictures
    rows = pa.table({
        "retailer": catalog.products["retailer"].take(shown["product"]), "picture": shown["picture"],
        "product": shown["product"],
    }).drop_null()  # fmt: skip
    counted = rows.group_by(["retailer", "picture"]).aggregate([("product", "count_distinct")])
    bounds = {name: spec.images.placeholder_products for name, spec in night.retailers.items()}
    many = counted.filter(pc.greater(counted["product_count_distinct"], min(bounds.values(), default=0))).to_pylist()
    found = [row for row in many if row["product_count_distinct"] > bounds[row["retailer"]]]
    away = _turned_away(night, [row["picture"] for row in found])
    made = [Suspect(r["retailer"], r["picture"], r["product_count_distinct"], r["picture"] in away) for r in found]
    return sorted(made, key=lambda one: (-one.products, one.retailer, one.picture))


def _turned_away(night: Night, pictures: list[bytes]) -> set[bytes]:
    if not pictures:
        return set()
    query = f"""
        select picture from {SCREENS.name} where {one_of("picture", pictures)}
        and function = {literal(screen_function(night))} and wanted < {night.settings.choice.wanted}"""  # noqa: S608
    return set(night.tables.sql(query, [SCREENS])["picture"].to_pylist())
