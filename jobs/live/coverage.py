"""Mapping coverage of the live products: rows for the table, shares for the gate, and the analyst's view."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jobs.engine.night import Night
from jobs.engine.stage import Query
from jobs.live.catalog import Catalog
from jobs.live.feeds import digests_by_retailer, live_feeds
from jobs.live.functions import classify_function, coverage_function, detect_function, screen_function
from jobs.live.rows import PART_ROWS, taken
from jobs.live.views import pictures
from lake.tables import literal
from schemas.manifest import Manifest
from schemas.settings import ChoiceSettings
from schemas.table import DONE, Table
from schemas.tables import BOXES, COVERAGE, SCREENS, TEXTS, VERDICTS
from udfs.rules import coverage as count
from udfs.rules.category import gender_of, shown
from udfs.rules.map_categories import DECIDED, decide_batch

KEY = ("retailer", "feed", "function")


def coverage_rows(night: Night, catalog: Catalog) -> pa.Table:
    """COVERAGE rows of the live feeds that have none yet for their retailer's current mapping file."""
    feeds = digests_by_retailer(live_feeds(night))
    present = night.tables.sql(f"select {', '.join(KEY)} from {COVERAGE.name}", [COVERAGE])  # noqa: S608
    known = {tuple(row.values()) for row in present.to_pylist()}
    missing = [name for name, feed in feeds.items() if (name, feed, function_of(night, name)) not in known]
    if not missing or not catalog.products.num_rows:
        return COVERAGE.schema.empty_table()
    of_missing = pc.indices_nonzero(pc.is_in(catalog.products["retailer"], pa.array(missing, pa.string())))
    decided = decisions(night, catalog, of_missing)
    feed_of = pa.array([feeds[name] for name in decided["retailer"].to_pylist()], pa.binary(32))
    counted = count.coverage(decided.append_column("feed", feed_of))
    functions = [function_of(night, name) for name in counted["retailer"].to_pylist()]
    return counted.append_column("function", pa.array(functions, pa.binary(32))).select(COVERAGE.schema.names)


def decisions(night: Night, catalog: Catalog, products: pa.Array) -> pa.Table:
    """`udfs.rules.map_categories.DECIDED` of some live products, by their rows."""
    unread = {"text_gender": None, "text_gender_probability": None}
    of_category = pa.array(catalog.category_verdicts, VERDICTS)
    decided = [DECIDED.empty_table()]
    for at in range(0, len(products), PART_ROWS):
        places = products.slice(at, PART_ROWS)
        rows = taken(catalog.products.select(["product_id", "retailer", "title", "gender", "age"]), places)
        stated = rows.select(["gender", "age"]).to_pylist()
        genders = [gender_of(row | unread, night.settings.choice) for row in stated]
        batch = rows.drop_columns(["gender", "age"]).combine_chunks()
        batch = batch.append_column("verdicts", of_category.take(catalog.categories.indices.take(places)))
        batch = batch.append_column("gender", pa.array(genders, pa.string()))
        decided.append(pa.Table.from_batches([decide_batch(part) for part in batch.to_batches()], DECIDED))
    return pa.concat_tables(decided)


def function_of(night: Night, retailer: str) -> bytes:
    """The digest under which a retailer's coverage is counted now."""
    mapping = night.mappings.get(retailer)
    return coverage_function(mapping.digest if mapping else b"")


def covered_share(night: Night, retailer: str) -> float | None:
    """The share of a retailer's products that are mapped or ignored; None if it has no mapping file or no row."""
    feed = digests_by_retailer(live_feeds(night)).get(retailer)
    if feed is None or retailer not in night.mappings:
        return None
    return _share(night, retailer, feed, function_of(night, retailer))


def covered_share_of(night: Night, version: Manifest, retailer: str) -> float | None:
    """The same share for the feed and the mapping that a version was made from."""
    state = version.facts.retailers.get(retailer)
    if state is None or state.feed_sha256 is None:
        return None
    mapping = bytes.fromhex(version.facts.mappings.get(retailer, ""))
    return _share(night, retailer, bytes.fromhex(state.feed_sha256), coverage_function(mapping))


def _share(night: Night, retailer: str, feed: bytes, function: bytes) -> float | None:
    return night.kept("covered_shares", lambda: _shares(night)).get((retailer, feed, function))


def _shares(night: Night) -> dict[tuple[str, bytes, bytes], float]:
    query = f"select {', '.join(KEY)}, products, mapped + ignored covered from {COVERAGE.name} where products > 0"  # noqa: S608
    rows = night.tables.sql(query, [COVERAGE]).to_pylist()
    return {tuple(row[name] for name in KEY): row["covered"] / row["products"] for row in rows}


def coverage_view(night: Night) -> list[count.RetailerCoverage]:
    """The analyst's view of each retailer."""
    catalog = Catalog.of(night)
    if not catalog.products.num_rows:
        return []
    text = _sure_texts(night)
    sources = dict(zip(*(catalog.chosen[n].to_pylist() for n in ("product_id", "category_source")), strict=True))
    images = image_classes(night, catalog)
    decided = decisions(night, catalog, pa.array(np.arange(catalog.products.num_rows)))
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


def image_classes(night: Night, catalog: Catalog, choice: ChoiceSettings | None = None) -> dict[str, str | None]:
    """Product -> the class that its kept pictures show, independent of what `choose` decided.

    A product without a kept picture is left out. `choice`: other thresholds than the run's.
    """
    choice = choice or night.settings.choice
    live = pictures(night)
    seen = {table.name: _by_picture(night, table, function, live) for table, function in (
        (SCREENS, screen_function(night)), (BOXES, detect_function(night)))}  # fmt: skip
    by_product: dict[int, list[dict[str, Any]]] = {}
    names = ("product", "picture")
    for product, picture in zip(*(catalog.pictures[name].to_pylist() for name in names), strict=True):
        screen, boxes = seen["screens"].get(picture), seen["boxes"].get(picture)
        if screen and screen["wanted"] is not None and screen["wanted"] >= choice.wanted:
            found = {name: screen[name] for name in ("depicts", "depicts_score")} | {
                "boxes": (boxes or {}).get("boxes")
            }
            by_product.setdefault(product, []).append(found)
    ids = catalog.products["product_id"].to_pylist()
    return {ids[place]: shown(found, choice) for place, found in by_product.items()}


def _by_picture(night: Night, table: Table, function: bytes, live: Query) -> dict[bytes, dict[str, Any]]:
    query = f"""
        select t.* from {table.name} t join ({live.sql}) p on t.picture = p.picture
        where t.function = {literal(function)}"""  # noqa: S608
    return {row["picture"]: row for row in night.tables.sql(query, {*live.tables, table}).to_pylist()}
