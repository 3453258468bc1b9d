"""The live products, joined with what the tables hold about them."""

import hashlib
import json
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jobs.engine.night import Night
from jobs.live.functions import choose_function, map_function
from jobs.live.near_copies import NearCopies, near_copies
from jobs.live.prices import priced
from jobs.live.takedowns import barred_pictures, is_barred_product, is_barred_url
from jobs.live.views import newest_fetches, offers, urls
from lake.tables import literal
from schemas.rejects import Code
from schemas.table import DONE, REJECTED
from schemas.tables import FETCHES, GARMENTS, MAPPED
from udfs.rules.products import OFFER_COLUMNS, products_of
from udfs.rules.sales import SALE_COLUMNS, priced_on

URL_STATES = pa.schema([
    ("url", pa.string()), ("picture", pa.binary()), ("code", pa.string()), ("detail", pa.string()),
    ("tried", pa.bool_()),
])  # fmt: skip

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
        """`udfs.rules.products.PRODUCTS` of the live offers, without blocked products."""
        found = offers(self._night)
        names = ", ".join(dict.fromkeys((*OFFER_COLUMNS, *SALE_COLUMNS, "feed")))
        rows = self._night.tables.sql(f"select {names}, max_pictures from ({found.sql})", found.tables)  # noqa: S608
        rows = priced(self._night, rows)
        products = products_of(priced_on(rows, self._night.today), rows["max_pictures"])
        return products.filter(pc.invert(is_barred_product(self._night, products["product_id"])))

    @cached_property
    def categories(self) -> list[bytes]:
        """The category key of each product."""
        known: dict[tuple[str, ...], bytes] = {}
        keys = []
        columns = (self.products[name].to_pylist() for name in ("retailer", "category_path", "category_ids"))
        for retailer, path, ids in zip(*columns, strict=True):
            place = (retailer, "\x1e".join(path or ()), "\x1e".join(ids or ()))
            if place not in known:
                known[place] = _digest([retailer, len(ids or ()), *(ids or ()), *(path or ())])
            keys.append(known[place])
        return keys

    @cached_property
    def verdicts(self) -> dict[bytes, list[dict[str, Any]]]:
        """The mapping's verdicts by category key."""
        function = literal(map_function(self._night))
        query = f"select category_key, verdicts from {MAPPED.name} where function = {function} and status = '{DONE}'"  # noqa: S608
        rows = self._night.tables.sql(query, [MAPPED])
        return dict(zip(rows["category_key"].to_pylist(), rows["verdicts"].to_pylist(), strict=True))

    @cached_property
    def url_states(self) -> pa.Table:
        """URL_STATES of the live URLs: the picture from the last successful fetch, or why there is none."""
        found = urls(self._night)
        query = f"""
            select live.url, good.picture, last.code, last.detail, last.url is not null tried
            from (select distinct url from ({found.sql})) live
            left join {newest_fetches()} last on live.url = last.url
            left join {newest_fetches(f"status = '{DONE}'")} good on live.url = good.url"""  # noqa: S608
        return self._unblocked(self._night.tables.sql(query, {*found.tables, FETCHES}).cast(URL_STATES))

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
        lists = self.products["pictures"].combine_chunks()
        product = pc.list_parent_indices(lists)
        states = self.url_states.take(pc.index_in(pc.list_flatten(lists), self.url_states["url"]))
        rank = np.arange(len(product)) - np.asarray(lists.offsets)[:-1][product.to_numpy()] + lists.offsets[0].as_py()
        return states.append_column("product", product).append_column("rank", pa.array(rank, pa.int32()))

    @cached_property
    def groups(self) -> dict[bytes, bytes]:
        """Picture -> its group of near-duplicates."""
        return {picture: group.medoid for group in self.near_copies for picture in group.members}

    @cached_property
    def near_copies(self) -> list[NearCopies]:
        return near_copies(self._night, self.shown)

    @cached_property
    def shown(self) -> dict[str, pa.Array]:
        """The live pictures of each retailer, sorted."""
        retailer = self.products["retailer"].take(self.pictures["product"])
        rows = pa.table({"retailer": retailer, "picture": self.pictures["picture"]}).drop_null()
        names = sorted(pc.unique(rows["retailer"]).to_pylist())
        return {n: pc.unique(rows.filter(pc.equal(rows["retailer"], n))["picture"]).sort() for n in names}

    @cached_property
    def keys(self) -> pa.Table:
        """`product_key` and `product` (row in `products`) of each product that is ready for `choose`.

        A product is not ready while it has no picture yet and some of its URLs were never tried.
        """
        order = {name: spec.category_order for name, spec in self._night.retailers.items()}
        said = {key: json.dumps(verdicts, ensure_ascii=False) for key, verdicts in self.verdicts.items()}
        by_product = self._pictures_by_product()
        keys, places = [], []
        names = ("product_id", "retailer", "title", "gender", "age", "text_key")
        columns = [self.products[name].to_pylist() for name in names]
        for place, (values, category) in enumerate(zip(zip(*columns, strict=True), self.categories, strict=True)):
            pictures = by_product.get(place, [])
            if not any(picture[1] for picture in pictures) and not all(picture[4] for picture in pictures):
                continue
            parts = [*values, *order[values[1]], said.get(category), *(part for p in pictures for part in p[:4])]
            keys.append(_digest(parts))
            places.append(place)
        return pa.table({"product_key": pa.array(keys, pa.binary()), "product": pa.array(places, pa.int64())})

    def _pictures_by_product(self) -> dict[int, list[tuple[Any, ...]]]:
        """Row of the product -> url, picture, code, group, tried of its pictures, in order."""
        names = ("product", "url", "picture", "code", "tried")
        by_product: dict[int, list[tuple[Any, ...]]] = {}
        for product, url, picture, code, tried in zip(*(self.pictures[n].to_pylist() for n in names), strict=True):
            group = self.groups.get(picture)
            by_product.setdefault(product, []).append((url, picture, code, group, tried))
        return by_product

    @cached_property
    def chosen(self) -> pa.Table:
        """The rows of `garments` for tonight's product keys, done or rejected, with `product`."""
        function = literal(choose_function(self._night))
        rows = self._night.tables.sql(f"select * from {GARMENTS.name} where function = {function}", [GARMENTS])  # noqa: S608
        at = pc.index_in(rows["product_key"], self.keys["product_key"])
        live = pc.is_valid(at)
        return rows.filter(live).append_column("product", self.keys["product"].take(at.filter(live)))

    def garments(self) -> pa.Table:
        """One row per garment of the live products, with columns of its product."""
        done = self.chosen.filter(pc.equal(self.chosen["status"], DONE))
        lists = done["garments"].combine_chunks()
        flat = pc.list_flatten(lists)
        columns = {field.name: flat.field(field.name) for field in GARMENT}
        parents = done.take(pc.list_parent_indices(lists))
        for name in ("product_id", "retailer", "category", "category_source", "gender"):
            columns[name] = parents[name]
        return pa.table(columns)

    def chosen_products(self) -> pa.Table:
        """The live products that have garments: `products` with the category and gender of the choice."""
        done = self.chosen.filter(pc.equal(self.chosen["status"], DONE))
        rows = self.products.take(done["product"])
        rows = rows.set_column(rows.schema.get_field_index("gender"), "gender", done["gender"])
        return rows.append_column("category", done["category"])

    def rejected_products(self) -> dict[str, int]:
        """Number of rejected live products per code."""
        codes = self.chosen.filter(pc.equal(self.chosen["status"], REJECTED))["code"]
        counted = pc.value_counts(codes)
        return dict(zip(counted.field("values").to_pylist(), counted.field("counts").to_pylist(), strict=True))


def _digest(parts: list[Any]) -> bytes:
    whole = hashlib.sha256()
    for part in parts:
        body = b"\x00" if part is None else b"\x01" + (part if isinstance(part, bytes) else str(part).encode())
        whole.update(len(body).to_bytes(8, "little") + body)
    return whole.digest()
