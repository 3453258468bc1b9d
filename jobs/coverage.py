"""How well the mapping covers the live products: rows for the table, shares for the gate, the analyst's view."""

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from jobs.catalog import Catalog
from jobs.functions import classify_function, coverage_function
from jobs.night import Night
from lake.tables import literal
from schemas.manifest import Manifest
from schemas.table import DONE
from schemas.tables import COVERAGE, TEXTS
from udfs.rules import coverage as count
from udfs.rules.category import gender_of
from udfs.rules.map_categories import decide_batch

KEY = ("retailer", "feed", "function")


def coverage_rows(night: Night, catalog: Catalog) -> pa.Table:
    """COVERAGE of the live feeds that have none yet under their retailer's mapping file."""
    feeds = {feed.retailer: feed.feed for feed in night.live_feeds()}
    present = night.tables.sql(f"select {', '.join(KEY)} from {COVERAGE.name}", [COVERAGE])  # noqa: S608
    known = {tuple(row.values()) for row in present.to_pylist()}
    missing = [name for name, feed in feeds.items() if (name, feed, coverage_function(night, name)) not in known]
    if not missing or not catalog.products.num_rows:
        return COVERAGE.schema.empty_table()
    decided = decisions(night, catalog)
    decided = decided.filter(pc.is_in(decided["retailer"], pa.array(missing, pa.string())))
    feed_of = pa.array([feeds[name] for name in decided["retailer"].to_pylist()], pa.binary(32))
    counted = count.coverage(decided.append_column("feed", feed_of))
    functions = [coverage_function(night, name) for name in counted["retailer"].to_pylist()]
    return counted.append_column("function", pa.array(functions, pa.binary(32))).select(COVERAGE.schema.names)


def decisions(night: Night, catalog: Catalog) -> pa.Table:
    """`udfs.rules.map_categories.DECIDED` of every live product."""
    products = catalog.products
    verdicts = [catalog.verdicts.get(key) for key in catalog.categories]
    unread = {"text_gender": None, "text_gender_probability": None}
    rows = products.select(["gender", "age"]).to_pylist()
    genders = [gender_of(row | unread, night.settings.choice) for row in rows]
    batch = pa.table({
        "product_id": products["product_id"], "retailer": products["retailer"], "title": products["title"],
        "verdicts": pa.array(verdicts), "gender": pa.array(genders, pa.string()),
    }).combine_chunks()  # fmt: skip
    return pa.Table.from_batches([decide_batch(part) for part in batch.to_batches()])


def covered_share(night: Night, retailer: str, parent: Manifest | None = None) -> float | None:
    """Mapped and ignored products among all of a retailer's; None where it has no mapping file, or no row.

    With `parent`: of the feed that version was made from, by the newest mapping that it was counted under.
    """
    if retailer not in night.mappings:
        return None
    if parent is None:
        feed = next((f.feed for f in night.live_feeds() if f.retailer == retailer), None)
        rule = f"and function = {literal(coverage_function(night, retailer))}"
    else:
        stated = parent.facts.retailers.get(retailer)
        feed = bytes.fromhex(stated.feed_sha256) if stated and stated.feed_sha256 else None
        rule = ""
    if feed is None:
        return None
    query = f"""
        select products, mapped, ignored from {COVERAGE.name}
        where retailer = {literal(retailer)} and feed = {literal(feed)} {rule}"""  # noqa: S608
    rows = night.tables.sql(query, [COVERAGE]).to_pylist()
    return max(((row["mapped"] + row["ignored"]) / row["products"] for row in rows if row["products"]), default=None)


def coverage_view(night: Night) -> list[count.RetailerCoverage]:
    """What an analyst sees of each retailer."""
    catalog = Catalog(night)
    if not catalog.products.num_rows:
        return []
    text = _sure_texts(night)
    sources = dict(zip(*(catalog.chosen[n].to_pylist() for n in ("product_id", "category_source")), strict=True))
    images = _image_classes(night, catalog)
    decided = decisions(night, catalog)
    ids = catalog.products["product_id"].to_pylist()
    columns = {
        "title": catalog.products["title"],
        "category_path": catalog.products["category_path"],
        "category_source": pa.array([sources.get(name) for name in ids], pa.string()),
        "text_leaf": pa.array([text.get(key) for key in catalog.products["text_key"].to_pylist()], pa.string()),
        "image_class": pa.array([images.get(name) for name in ids], pa.string()),
    }
    for name, column in columns.items():
        decided = decided.append_column(name, column)
    return count.view(decided, night.taxonomy)


def _sure_texts(night: Night) -> dict[bytes, str]:
    query = f"""
        select text_key, leaf from {TEXTS.name} where status = '{DONE}'
        and function = {literal(classify_function(night))}
        and probability >= {night.settings.choice.text}"""  # noqa: S608
    rows = night.tables.sql(query, [TEXTS])
    return dict(zip(rows["text_key"].to_pylist(), rows["leaf"].to_pylist(), strict=True))


def _image_classes(night: Night, catalog: Catalog) -> dict[str, Any]:
    """Product -> the class of its chosen boxes, where all of them are of one class."""
    garments = catalog.garments()
    classes: dict[str, set[str]] = {}
    for product, name in zip(garments["product_id"].to_pylist(), garments["class"].to_pylist(), strict=True):
        if name is not None:
            classes.setdefault(product, set()).add(name)
    return {product: names.pop() for product, names in classes.items() if len(names) == 1}
