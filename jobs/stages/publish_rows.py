"""Turns the rows of the stages into published rows, of retailers whose rows may differ from the last version's."""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jobs.engine.night import Night
from jobs.live.catalog import Catalog
from jobs.live.functions import digest_of, embed_function
from lake.candidate import KEYED_GARMENTS
from lake.lookup import places
from lake.parts import parts_of
from lake.published_files import nullable
from lake.segments import places_of
from lake.tables import Tables
from schemas.manifest import Manifest
from schemas.published import PRODUCTS
from schemas.published import VECTORS as PUBLISHED_VECTORS
from schemas.table import DONE
from schemas.tables import VECTORS
from udfs.rules.choose import duplicate_of
from udfs.rules.on_sale import vector_key

REVISION = 1
"""Raised when the same choices and products give other published rows."""


@dataclass(frozen=True)
class Fresh:
    """Rows of some retailers, without vectors."""

    garments: pa.Table  # KEYED_GARMENTS
    products: pa.Table  # schemas.published.PRODUCTS
    crops: pa.Array  # the stage's vector key of each garment

    def crops_of(self, published: pa.Array) -> pa.Array:
        """The stage's keys of some published vector keys."""
        return self.crops.take(pc.index_in(published, self.garments["vector_key"].combine_chunks()))

    def without(self, retailers: Collection[str]) -> "Fresh":
        """The rows of the other retailers."""
        stays = pc.invert(_of(self.garments, retailers))
        products = self.products.filter(pc.invert(_of(self.products, retailers)))
        return Fresh(self.garments.filter(stays), products, self.crops.filter(stays.combine_chunks()))

    def beside(self, garments: pa.Table, products: pa.Table) -> "Fresh":
        """These rows, and published ones of other retailers."""
        places = zip(garments["image_sha256"].to_pylist(), garments["box"].to_pylist(), strict=True)
        crops = pa.array([vector_key(picture, box) for picture, box in places], self.crops.type)
        return Fresh(
            pa.concat_tables([self.garments, garments]),
            pa.concat_tables([self.products.cast(products.schema), products]),
            pa.concat_arrays([self.crops, crops]),
        )


class Source:
    """What tonight's rows are made from: the chosen garments with the groups of their pictures, and their products."""

    def __init__(self, night: Night) -> None:
        catalog = Catalog.of(night)
        self._function = embed_function(night)
        garments = catalog.garments()
        # a picture that is in no group is its own
        groups = pc.coalesce(catalog.group_of(garments["retailer"], garments["picture"]), garments["picture"])
        self._garments = garments.append_column("group", groups)
        products = catalog.chosen_products()
        shown = pc.is_in(products["product_id"], pc.unique(self._garments["product_id"]).cast(pa.string()))
        self._products = products.filter(shown).rename_columns({"pictures": "image_urls"})

    @cached_property
    def digests(self) -> dict[str, str]:
        """By retailer, the digest of all that its published rows follow from."""
        names = [name for name in PRODUCTS.schema.names if name in self._products.column_names]
        common = [str(REVISION), self._function, *KEYED_GARMENTS.names, *PRODUCTS.schema.names]
        parts: dict[str, list[str]] = {}
        for part in parts_of(self._garments, self._products.select(names)):
            parts.setdefault(part.retailer, []).extend([part.start, part.garments_digest, part.products_digest])
        return {retailer: digest_of(*common, *found).hex() for retailer, found in parts.items()}

    def unchanged(self, parent: Manifest | None) -> set[str]:
        """The retailers whose published rows are the last version's, because they are made from the same."""
        known = parent.facts.made_from if parent else {}
        return {retailer for retailer, digest in self.digests.items() if known.get(retailer) == digest}

    def fresh(self, left_out: Collection[str]) -> Fresh:
        """The rows of every live product that has a garment, but for some retailers."""
        garments = self._garments.filter(pc.invert(_of(self._garments, left_out)))
        products = self._products.filter(pc.invert(_of(self._products, left_out)))
        crops = garments["vector_key"].combine_chunks()
        return Fresh(published_garments(garments, self._function), published_products(products, garments), crops)


def _of(rows: pa.Table, retailers: Collection[str]) -> pa.ChunkedArray:
    return pc.is_in(rows["retailer"], pa.array(sorted(retailers), pa.string()))


def published_key(vector_key: bytes, function: bytes) -> bytes:
    """The published key of a vector: the crop and the function, so that another model gives another key."""
    return hashlib.sha256(vector_key + function).digest()


def published_garments(garments: pa.Table, function: bytes) -> pa.Table:
    """KEYED_GARMENTS from the exploded rows of `garments`."""
    ids = garments["garment_id"].to_pylist()
    columns = {
        "garment_key": pa.array([_integer_key(garment_id) for garment_id in ids]),
        "image_sha256": garments["picture"],
        "image_url": garments["url"],
        "vector_key": pa.array([published_key(key, function) for key in garments["vector_key"].to_pylist()]),
    }
    arrays = [columns.get(f.name, garments[f.name] if f.name not in columns else None) for f in KEYED_GARMENTS]
    return pa.table(arrays, names=KEYED_GARMENTS.names).cast(KEYED_GARMENTS)


def published_products(products: pa.Table, garments: pa.Table) -> pa.Table:
    """PRODUCTS, with `duplicate_of`, of products and all their garments with their groups."""
    groups = garments.select(["product_id", "group"]).group_by("product_id").aggregate([("group", "distinct")])
    at = pc.index_in(products["product_id"], groups["product_id"].combine_chunks())
    rows = products.select(["product_id", "retailer", "category", "colour"])
    stands_for = duplicate_of(rows.append_column("groups", groups["group_distinct"].take(at)))
    duplicates = pa.array([stands_for.get(product) for product in products["product_id"].to_pylist()], pa.string())
    return pa.table(
        [duplicates if f.name == "duplicate_of" else products[f.name] for f in PRODUCTS.schema],
        names=PRODUCTS.schema.names,
    )


class OfCrops:
    """The vectors that the stage has of some crops, by published key, read when they are asked for
    (`lake.segments.Vectors`). A crop without a done row is left out; the gate `integrity` finds that."""

    def __init__(self, tables: Tables, published: pa.Array, crops: pa.Array, function: bytes) -> None:
        """`crops`: the stage's key of each published one. `function`: the stage's."""
        where = {"function": function, "status": DONE}
        self._places = places(tables, VECTORS, "vector_key", crops.cast(pa.binary()), where)
        self._there = np.flatnonzero(self._places.is_there)
        self.keys = published.take(pa.array(self._there))

    def take(self, keys: pa.Array) -> pa.Table:
        at = self._there[places_of(keys, self.keys)]
        rows = self._places.rows(at, ["embedding", "shape_code", "colour_code"])
        return rows.add_column(0, "vector_key", keys).cast(nullable(PUBLISHED_VECTORS.schema))


def _integer_key(garment_id: str) -> int:
    """63 bits of the id's digest."""
    digest = hashlib.sha256(garment_id.encode()).digest()
    return int(np.frombuffer(digest[:8], "<u8")[0] >> np.uint64(1))
