"""Mapping coverage of the live products: rows for the table, shares for the gate, and the analyst's view."""

from collections.abc import Mapping as Names

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jobs.engine.night import Night
from jobs.live.catalog import Catalog
from jobs.live.feeds import digests_by_retailer, live_feeds
from jobs.live.functions import classify_function, coverage_function, detect_function
from jobs.live.rows import PART_ROWS, taken
from jobs.live.screened import done
from jobs.live.stored import stored
from lake.tables import literal
from schemas.manifest import Manifest
from schemas.settings import ChoiceSettings
from schemas.table import DONE
from schemas.tables import BOXES, COVERAGE, TEXTS
from udfs.rules import coverage as count
from udfs.rules.category import gender_of
from udfs.rules.map_categories import DECIDED, decide_products, verdicts_of
from udfs.rules.mapping import Mapping, Verdict
from udfs.rules.votes import shown_by_product, votes_of

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


def decisions(
    night: Night, catalog: Catalog, products: pa.Array, verdicts: list[list[Verdict]] | None = None
) -> pa.Table:
    """`udfs.rules.map_categories.DECIDED` of some live products, by their rows. `verdicts`: others than the lake's."""
    verdicts = verdicts or [verdicts_of(rows) for rows in catalog.category_verdicts]
    decided = [DECIDED.empty_table()]
    for at in range(0, len(products), PART_ROWS):
        places = products.slice(at, PART_ROWS)
        rows = taken(catalog.products.select(["product_id", "retailer", "title", "gender", "age"]), places)
        categories = catalog.categories.indices.take(places).to_numpy()
        decided.append(decide_products(rows, categories, verdicts, genders_of(night, rows)))
    return pa.concat_tables(decided)


def genders_of(night: Night, rows: pa.Table) -> list[str | None]:
    """The gender of ours that each product states; the text is not asked. rows: `gender` and `age`."""
    unread = {"text_gender": None, "text_gender_probability": None}
    stated = [*zip(rows["gender"].to_pylist(), rows["age"].to_pylist(), strict=True)]
    found = {one: gender_of({"gender": one[0], "age": one[1], **unread}, night.settings.choice) for one in {*stated}}
    return [found[one] for one in stated]


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
    texts, products = _sure_texts(night), catalog.products
    shown = shown_at(catalog.pictures, boxed(night, done(night)), night.settings.choice)
    decided = decisions(night, catalog, pa.array(np.arange(products.num_rows)), verdicts_now(night, catalog))
    chosen = catalog.chosen.select(["product", "category_source"])
    of_text = pc.index_in(products["text_key"].cast(pa.binary()), texts["text_key"].cast(pa.binary()))
    columns = {
        "title": products["title"],
        "category_path": products["category_path"],
        "category_source": by_place(products.num_rows, chosen["product"], chosen["category_source"]),
        "text_leaf": texts["leaf"].take(of_text),
        "image_class": by_place(products.num_rows, *shown),
    }
    for name, column in columns.items():
        decided = decided.append_column(name, column)
    return count.view(decided, night.taxonomy)


def verdicts_now(night: Night, catalog: Catalog) -> list[list[Verdict]]:
    """The verdicts of each category by the mapping files as they are, also where no night has used them yet."""
    known = catalog.category_verdicts
    if None not in known:
        return [verdicts_of(rows) for rows in known]
    asked = verdicts_by(night.mappings, catalog)
    return [verdicts_of(rows) if rows is not None else made for rows, made in zip(known, asked, strict=True)]


def verdicts_by(mappings: Names[str, Mapping], catalog: Catalog) -> list[list[Verdict]]:
    """What mapping files, by retailer, say of each category; nothing where a retailer has none."""
    found: list[list[Verdict]] = [[] for _ in catalog.category_verdicts]
    used, first = np.unique(catalog.categories.indices.to_numpy(), return_index=True)
    columns = ["retailer", "category_path", "category_ids"]
    rows = taken(catalog.products.select(columns), pa.array(first)).to_pylist()
    for place, row in zip(used.tolist(), rows, strict=True):
        mapping = mappings.get(row["retailer"])
        if mapping is not None:
            found[place] = mapping.verdicts(row["category_path"] or (), row["category_ids"] or ())
    return found


def by_place(count: int, places: pa.ChunkedArray | pa.Array, values: pa.ChunkedArray | pa.Array) -> pa.Array:
    """Values at their places among so many; nulls elsewhere."""
    at = np.full(count, -1)
    at[np.asarray(places)] = np.arange(len(places))
    return values.take(pa.array(at, mask=at < 0))


def _sure_texts(night: Night) -> pa.Table:
    query = f"""
        select text_key, leaf from {TEXTS.name} where status = '{DONE}'
        and function = {literal(classify_function(night))}
        and probability >= {night.settings.choice.text}"""  # noqa: S608
    return night.tables.sql(query, [TEXTS])


def boxed(night: Night, screens: pa.Table) -> pa.Table:
    """Pictures with their scores, and the boxes of each; nulls where it has none."""
    boxes = stored(night, BOXES, ("boxes",), "picture", detect_function(night), screens["picture"])
    return screens.append_column("boxes", boxes["boxes"])


def shown_at(pictures: pa.Table, scored: pa.Table, choice: ChoiceSettings) -> tuple[pa.Array, pa.Array]:
    """The products with a kept picture, each once, and the class that these show, whatever `choose` decided.

    pictures: `product` and `picture`. scored: `boxed`.
    """
    kept = scored.filter(pc.greater_equal(scored["wanted"].cast(pa.float64()), choice.wanted))
    at = pc.index_in(pictures["picture"], kept["picture"].cast(pa.binary()))
    return shown_by_product(pictures["product"].filter(at.is_valid()), votes_of(kept, choice).take(at.drop_null()))
