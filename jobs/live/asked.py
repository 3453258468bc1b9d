"""What `explain` was asked about (an offer, a URL or a picture), with everything live that belongs to it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from jobs.engine.night import Night
from jobs.live.catalog import Catalog
from jobs.live.feeds import live_feeds
from jobs.live.few import few
from jobs.live.left import erased, erased_offer, left
from jobs.live.placeholders import Suspect, suspects_of
from jobs.live.verdict import Verdict, verdict
from jobs.live.views import live_offers, offers, offers_of, rows_under
from lake.erased import hash_of
from lake.lookup import rows_with
from lake.tables import literal, one_of
from schemas.errors import WrongInput
from schemas.table import DONE, Table
from schemas.tables import FETCHES, OFFERS

SHOWN_ROWS = 20
SHOWN_PRODUCTS = 5
"""Products shown for a picture; a placeholder may be on thousands."""

Row = dict[str, Any]


@dataclass
class Asked:
    """One thing, with its offers, products, URLs and pictures; each stage uses what it knows about."""

    night: Night
    offers: list[Row] = field(default_factory=list)  # kept and rejected ones of the live feeds
    products: list[str] = field(default_factory=list)  # ids
    unshown: int = 0  # further products that show the same picture
    urls: list[str] = field(default_factory=list)
    picture: bytes | None = None  # where a picture itself is asked about
    left: list[Verdict] = field(default_factory=list)  # of what is not live any more
    _rows: dict[str, list[Row]] = field(default_factory=dict)  # of the pictures, by table

    @cached_property
    def catalog(self) -> Catalog:
        """The products that were asked about, and all that show one of the URLs or pictures."""
        return few(self.night, self.products, self.urls, self.pictures)

    @cached_property
    def suspects(self) -> list[Suspect]:
        """The pictures among these that may be placeholders, and others."""
        return suspects_of(self.night, self.catalog)

    @cached_property
    def fetches(self) -> dict[str, list[Row]]:
        """Every attempt at each URL, the oldest first."""
        if not self.urls:
            return {}
        query = f"select * from {FETCHES.name} where {one_of('url', self.urls)} order by attempt"  # noqa: S608
        found: dict[str, list[Row]] = {url: [] for url in self.urls}
        for row in self.night.tables.sql(query, [FETCHES]).to_pylist():
            found[row["url"]].append(row)
        return found

    def brought(self, url: str) -> bytes | None:
        """The picture from the last successful attempt at a URL."""
        good = [row["picture"] for row in self.fetches[url] if row["status"] == DONE]
        return good[-1] if good else None

    @cached_property
    def pictures(self) -> list[bytes]:
        """The picture that was asked about and those of the URLs, each once."""
        found = [self.picture, *(self.brought(url) for url in self.urls)]
        return list(dict.fromkeys(picture for picture in found if picture is not None))

    def verdicts_on_pictures(
        self, stage: str, table: Table, function: bytes, found: Callable[[Row], str]
    ) -> Iterable[Verdict]:
        """The verdicts of a stage on the pictures; `found` puts a done row into words."""
        for picture in self.pictures:
            for row in self.rows_of(table, picture, function):
                yield verdict(stage, picture.hex(), row, found(row) if row["status"] == DONE else "")

    def rows_of(self, table: Table, picture: bytes, function: bytes) -> list[Row]:
        """A picture's rows under a function."""
        if picture not in self.pictures:
            return rows_under(self.night, table, picture, function)
        if table.name not in self._rows:
            self._rows[table.name] = rows_with(self.night.tables, table, "picture", self.pictures).to_pylist()
        return [row for row in self._rows[table.name] if (row["picture"], row["function"]) == (picture, function)]

    def place(self, product: str) -> int | None:
        """The product's row number in the catalog; None if it is blocked."""
        at = pc.index(self.catalog.products["product_id"], pa.scalar(product)).as_py()
        return at if at >= 0 else None

    def chosen(self, product: str) -> list[Row]:
        """The current rows of `garments` for a product."""
        if self.place(product) is None:
            return []
        rows: list[Row] = self.catalog.chosen.filter(pc.equal(self.catalog.chosen["product_id"], product)).to_pylist()
        return rows


def of_offer(night: Night, asked: str) -> Asked:
    """Looks up an offer id, retailer:offer id, or product id. Raises WrongInput if the lake never knew such a one."""
    name, feeds = literal(asked), live_feeds(night)
    query = f"""
        select retailer, feed, line, offer_id, product_id, title, status, code, detail, text_key,
            array_slice(pictures, 1, max_pictures) pictures
        from (
            {live_offers(feeds).sql} union all {offers_of(feeds).sql} where o.status <> '{DONE}'
        ) where offer_id = {name} or product_id = {name}
        or concat(retailer, ':', offer_id) = {name} order by retailer, line limit {SHOWN_ROWS}"""  # noqa: S608
    rows = night.tables.sql(query, [OFFERS]).to_pylist()
    if not rows:
        gone = left(night, asked) or erased_offer(night, asked)
        if not gone:
            raise WrongInput("explain", None, f"{asked}: no offer, product, garment, picture or URL has this id")
        return Asked(night, left=gone)
    kept = [row for row in rows if row["status"] == DONE]
    return Asked(
        night,
        offers=rows,
        products=sorted({row["product_id"] for row in kept}),
        urls=list(dict.fromkeys(url for row in kept for url in row["pictures"] or ())),
    )


def of_url(night: Night, url: str) -> Asked:
    """Looks up a picture URL, with the products that have it. Raises WrongInput if the lake never knew it."""
    if gone := erased(night, hash_of(url), url):
        return Asked(night, left=gone)
    asked = Asked(night, urls=[url])
    if not asked.fetches[url] and not _is_live(night, url):
        raise WrongInput("explain", None, f"{url}: was never fetched, and no live offer has it")
    return _with_products(asked, "url", url)


def _is_live(night: Night, url: str) -> bool:
    found = offers(night)
    shown = f"array_has(array_slice(pictures, 1, max_pictures), {literal(url)})"
    query = f"select 1 from ({found.sql}) where {shown} limit 1"  # noqa: S608
    return bool(night.tables.sql(query, found.tables).num_rows)


def of_picture(night: Night, picture: bytes) -> Asked:
    """Looks up a stored picture by its sha256, with the products that have it."""
    if gone := erased(night, picture, picture.hex()):
        return Asked(night, left=gone)
    return _with_products(Asked(night, picture=picture), "picture", picture)


def _with_products(asked: Asked, column: str, value: Any) -> Asked:
    shown = asked.catalog.pictures.filter(pc.equal(asked.catalog.pictures[column], pa.scalar(value)))
    products = asked.catalog.products["product_id"].take(pc.unique(shown["product"])).to_pylist()
    asked.products, asked.unshown = products[:SHOWN_PRODUCTS], max(len(products) - SHOWN_PRODUCTS, 0)
    return asked
