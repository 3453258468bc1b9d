"""The live products, joined with what the tables hold about them."""

import json
from collections.abc import Collection
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jobs.engine.night import Night
from jobs.engine.stage import Query
from jobs.live.functions import choose_function, map_function, rules_by_retailer
from jobs.live.near_copies import NearCopies, near_copies
from jobs.live.product_keys import category_keys, product_keys
from jobs.live.products import live_products
from jobs.live.rows import runs, taken
from jobs.live.takedowns import barred_pictures, is_barred_url
from jobs.live.views import newest_fetches, urls
from lake.tables import copied, literal, one_of
from schemas.rejects import Code
from schemas.table import DONE, REJECTED
from schemas.tables import FEEDS, FETCHES, FINGERPRINTS, GARMENTS, MAPPED, MERGED, OFFERS

URL_STATES = pa.schema([
    ("url", pa.string()), ("picture", pa.binary()), ("code", pa.string()), ("detail", pa.string()),
    ("tried", pa.bool_()),
])  # fmt: skip

SEPARATOR = b"\x00"
"""Between a retailer's name and a picture; no name has it."""

PLACES = pa.schema([("product", pa.int64()), ("rank", pa.int32()), ("url", pa.string())])

PRODUCTS_OF = (FEEDS, OFFERS, MERGED)
URLS_OF = (FEEDS, OFFERS, FETCHES, FINGERPRINTS)
"""The tables that they are made from."""

GARMENT = GARMENTS.schema.field("garments").type.value_type


class Catalog:
    """The products of a night. Everything is read once, when it is first needed."""

    @classmethod
    def of(cls, night: Night) -> "Catalog":
        """The catalog as the tables have it now."""
        return night.kept("catalog", lambda: cls(night))

    def __init__(self, night: Night) -> None:
        self._night = night

    @cached_property
    def products(self) -> pa.Table:
        """`udfs.rules.products.PRODUCTS` of the live offers by product id, without blocked products."""
        return self._night.kept("products", lambda: live_products(self._night), of=PRODUCTS_OF)

    @cached_property
    def categories(self) -> pa.DictionaryArray:
        """The category key of each product."""
        return category_keys(self.products, rules_by_retailer(self._night))

    @cached_property
    def verdicts(self) -> dict[bytes, list[dict[str, Any]]]:
        """The mapping's verdicts by category key."""
        function = literal(map_function())
        query = f"select category_key, verdicts from {MAPPED.name} where function = {function} and status = '{DONE}'"  # noqa: S608
        rows = self._night.tables.sql(query, [MAPPED])
        return dict(zip(rows["category_key"].to_pylist(), rows["verdicts"].to_pylist(), strict=True))

    @cached_property
    def category_verdicts(self) -> list[list[dict[str, Any]] | None]:
        """The mapping's verdicts for each value of `categories`; None where there are none yet."""
        return [self.verdicts.get(key) for key in self.categories.dictionary.to_pylist()]

    @cached_property
    def url_states(self) -> pa.Table:
        """URL_STATES of the live URLs: the picture from the last successful fetch, or why there is none."""
        return self._night.kept("url_states", self._url_states, of=URLS_OF)

    def _url_states(self) -> pa.Table:
        found = urls(self._night)
        return self._states(Query(f"select distinct url from ({found.sql})", found.tables))  # noqa: S608

    def states_of(self, urls: Collection[str]) -> pa.Table:
        """URL_STATES of some URLs, live or not."""
        if not urls:
            return URL_STATES.empty_table()
        named = ", ".join(literal(url) for url in urls)
        return self._states(Query(f"select unnest(make_array({named})) url", ()), one_of("url", urls))

    def _states(self, live: Query, asked: str = "true") -> pa.Table:
        query = f"""
            select s.url, good.picture, s.code, s.detail, s.tried from (
                select {copied("live.url")} url, {copied("last.code")} code, {copied("last.detail")} detail,
                    last.url is not null tried
                from ({live.sql}) live left join {newest_fetches(asked)} last on live.url = last.url
            ) s left join {newest_fetches(f"status = '{DONE}' and {asked}")} good on s.url = good.url"""  # noqa: S608
        return self._unblocked(self._night.tables.sql(query, {*live.tables, FETCHES}).cast(URL_STATES))

    def _unblocked(self, states: pa.Table) -> pa.Table:
        """Takes the picture away from blocked URLs, blocked pictures and their near copies, and says why."""
        pictures = pa.array(sorted(barred_pictures(self._night)), pa.binary())
        barred = pc.or_(
            is_barred_url(self._night, states["url"]), pc.fill_null(pc.is_in(states["picture"], pictures), False)
        )
        arrived = pc.and_(pc.invert(barred), pc.is_valid(states["picture"]))
        none = pa.scalar(None, pa.string())
        columns = {
            "url": states["url"],
            "picture": pc.if_else(barred, pa.scalar(None, pa.binary()), states["picture"]),
            "code": pc.if_else(barred, str(Code.BLOCKED), pc.if_else(arrived, none, states["code"])),
            "detail": pc.if_else(barred, "by mappings/blocked.tsv", pc.if_else(arrived, none, states["detail"])),
            "tried": pc.or_(states["tried"], barred),
        }
        return pa.table(columns, schema=URL_STATES)

    @cached_property
    def pictures(self) -> pa.Table:
        """One row per picture of a product: `product` (row in `products`), `rank`, and the URL's state."""
        parts, start = [pa.table([[], [], []], schema=PLACES)], 0
        for lists in self.products["pictures"].chunks:
            product = pc.list_parent_indices(lists).to_numpy()
            urls = pc.list_flatten(lists)
            first = np.concatenate([[0], np.cumsum(pc.fill_null(pc.list_value_length(lists), 0).to_numpy())])
            rank = pa.array((np.arange(len(product)) - first[product]).astype(np.int32))
            parts.append(pa.table([pa.array(product + start, pa.int64()), rank, urls], schema=PLACES))
            start += len(lists)
        shown = pa.concat_tables(parts)
        at = pc.index_in(*(rows["url"].cast(pa.large_string()) for rows in (shown, self.url_states)))
        states = taken(self.url_states.drop_columns(["url"]), at)
        for name in states.column_names:
            shown = shown.append_column(states.schema.field(name), states[name])
        return shown

    @cached_property
    def groups(self) -> dict[bytes, bytes]:
        """Retailer and picture, as `_at_retailers` joins them -> the group of near-duplicates there."""
        return {
            group.retailer.encode() + SEPARATOR + picture: group.medoid
            for group in self.near_copies
            for picture in group.members
        }

    def group_of(self, retailers: pa.ChunkedArray, pictures: pa.ChunkedArray) -> pa.ChunkedArray:
        """The group of each picture at its retailer; null where it is alone."""
        if not self.groups:
            return pa.chunked_array([pa.nulls(len(pictures), pa.binary())])
        at = pc.index_in(_at_retailers(retailers, pictures), pa.array(list(self.groups), pa.large_binary()))
        return pa.chunked_array([pa.array(list(self.groups.values()), pa.binary())]).take(at)

    def retailers_of(self, products: pa.ChunkedArray) -> pa.ChunkedArray:
        """The retailer of each product, by its row in `products`."""
        return taken(self.products.select(["retailer"]), products)["retailer"]

    @cached_property
    def near_copies(self) -> list[NearCopies]:
        return near_copies(self._night, self.shown)

    @cached_property
    def shown(self) -> dict[str, pa.Array]:
        """The live pictures of each retailer, sorted."""
        of = self.pictures["product"].to_numpy()
        found = {}
        for name, start, end in runs(self.products["retailer"]):
            first, last = np.searchsorted(of, [start, end]).tolist()
            mine = pc.unique(self.pictures["picture"].slice(first, last - first).drop_null())
            if len(mine):
                found[name] = mine.sort()
        return dict(sorted(found.items()))

    @cached_property
    def keys(self) -> pa.Table:
        """`jobs.live.product_keys.KEYS` of the products that are ready for `choose`."""
        orders = {name: spec.category_order for name, spec in self._night.retailers.items()}
        texts = [
            None if verdicts is None else json.dumps(verdicts, ensure_ascii=False)
            for verdicts in self.category_verdicts
        ]
        by_category = pa.DictionaryArray.from_arrays(self.categories.indices, pa.array(texts, pa.large_string()))
        pictures = self.pictures.append_column(
            "group", self.group_of(self.retailers_of(self.pictures["product"]), self.pictures["picture"])
        )
        return product_keys(self.products, by_category, pictures, orders)

    @cached_property
    def chosen(self) -> pa.Table:
        """The rows of `garments` for tonight's product keys, done or rejected, with `product`."""
        of = one_of("retailer", pc.unique(self.products["retailer"]).to_pylist())
        query = f"select * from {GARMENTS.name} where function = {literal(choose_function(self._night))} and {of}"  # noqa: S608
        return self.live_choices(self._night.tables.sql(query, [GARMENTS]))

    def live_choices(self, rows: pa.Table) -> pa.Table:
        """Those of some rows of `garments` that are of tonight's product keys, with `product`."""
        at = pc.index_in(rows["product_key"], self.keys["product_key"])
        live = pc.is_valid(at)
        return rows.filter(live).append_column("product", self.keys["product"].take(at.filter(live)))

    def garments(self) -> pa.Table:
        """One row per garment of the live products, with columns of its product."""
        done = self.chosen.filter(pc.equal(self.chosen["status"], DONE))
        lists = done["garments"].combine_chunks()
        flat = pc.list_flatten(lists)
        columns = {field.name: flat.field(field.name) for field in GARMENT}
        of_product = done.select(["product_id", "retailer", "category", "category_source", "gender"])
        parents = of_product.take(pc.list_parent_indices(lists))
        return pa.table(columns | {name: parents[name] for name in of_product.column_names})

    def chosen_products(self) -> pa.Table:
        """The live products that have garments: `products` with the category and gender of the choice."""
        done = self.chosen.filter(pc.equal(self.chosen["status"], DONE))
        rows = taken(self.products, done["product"])
        rows = rows.set_column(rows.schema.get_field_index("gender"), "gender", done["gender"])
        return rows.append_column("category", done["category"])

    def rejected_products(self) -> dict[str, int]:
        """Number of rejected live products per code."""
        codes = self.chosen.filter(pc.equal(self.chosen["status"], REJECTED))["code"]
        counted = pc.value_counts(codes)
        return dict(zip(counted.field("values").to_pylist(), counted.field("counts").to_pylist(), strict=True))


def _at_retailers(retailers: pa.ChunkedArray, pictures: pa.ChunkedArray) -> pa.ChunkedArray:
    """Each picture with its retailer's name before it, large_binary; null where there is none."""
    parts = (retailers.cast(pa.large_string()).cast(pa.large_binary()), pictures.cast(pa.large_binary()))
    return pc.binary_join_element_wise(*parts, pa.scalar(SEPARATOR, pa.large_binary()))
