"""Some products of the night as the whole catalog has them, without a look at the others."""

from collections.abc import Collection
from functools import cached_property

import pyarrow as pa
import pyarrow.compute as pc

from jobs.engine.night import Night
from jobs.live.catalog import Catalog
from jobs.live.functions import choose_function, duplicates_function
from jobs.live.near_copies import NearCopies, near_copies
from jobs.live.products import products_with
from jobs.live.takedowns import urls_with
from jobs.live.views import under
from lake.lookup import rows_with
from lake.tables import literal, one_of
from schemas.table import DONE
from schemas.tables import DUPLICATES, GARMENTS

MOST_URLS = 10_000
"""Of more addresses the whole catalog is asked: it is not slower then."""


def few(
    night: Night, ids: Collection[str] = (), urls: Collection[str] = (), pictures: Collection[bytes] = ()
) -> Catalog:
    """A catalog that holds at least the live products with these ids, picture URLs or pictures."""
    urls = {*urls, *urls_with(night, pictures)}
    if len(urls) > MOST_URLS:
        return Catalog.of(night)
    return Few(night, products_with(night, ids, urls))


class Few(Catalog):
    """Some products of the night; all of each is as in the whole catalog."""

    def __init__(self, night: Night, products: pa.Table) -> None:
        super().__init__(night)
        self.products = products

    @cached_property
    def url_states(self) -> pa.Table:
        """URL_STATES of the products' URLs."""
        lists = self.products["pictures"]
        return self.states_of(pc.unique(pc.list_flatten(lists)).to_pylist())

    @cached_property
    def near_copies(self) -> list[NearCopies]:
        """The groups of the products' pictures, with members that other products show."""
        shown = {name: pictures.to_pylist() for name, pictures in self.shown.items()}
        mates = _mates(self._night, {picture for pictures in shown.values() for picture in pictures})
        if not mates:
            return []
        others = few(self._night, pictures=mates).shown
        every = pa.array(sorted(mates), pa.binary())
        live = {name: pictures.filter(pc.is_in(pictures, every)) for name, pictures in others.items() if name in shown}
        return [group for group in near_copies(self._night, live) if group.members.keys() & set(shown[group.retailer])]

    @cached_property
    def chosen(self) -> pa.Table:
        """The rows of `garments` for the products' keys, done or rejected, with `product`."""
        rows = rows_with(self._night.tables, GARMENTS, "product_key", self.keys["product_key"].to_pylist())
        return self.live_choices(under(rows, choose_function(self._night)))


def _mates(night: Night, pictures: Collection[bytes]) -> set[bytes]:
    """All pictures of the groups in which some pictures are, whoever shows them."""
    own = f"function = {literal(duplicates_function(night))} and status = '{DONE}' and medoid is not null"
    query = f"""
        select medoid, picture from {DUPLICATES.name} where {own} and medoid in (
            select medoid from {DUPLICATES.name}
            where {own} and ({one_of("picture", pictures)} or {one_of("medoid", pictures)})
        )"""  # noqa: S608
    rows = night.tables.sql(query, [DUPLICATES])
    return {picture for name in rows.column_names for picture in rows[name].to_pylist()}
