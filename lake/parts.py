"""Parts of a retailer's rows: the unit that a night writes, compares and judges, or leaves as it is.

A retailer of up to `WHOLE` products is one part. A larger one is cut before each product whose id's checksum says so,
one in `MEAN`: so where a cut lies follows from the products of tonight and from no night before, and a product that
comes or goes moves no other cut. Garments lie in the part of their product.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lake.content_digest import sorted_table_digest
from lake.published_files import PartKey
from schemas.published import ADDED

WHOLE = 65_536
MEAN = 32_768
ROWS_AT_ONCE = 1_000_000  # rows that are sorted together


@dataclass(frozen=True)
class Part:
    """The rows of one part, each table sorted by its id, with their digests."""

    retailer: str
    start: str
    garments: pa.Table
    products: pa.Table
    garments_digest: str
    products_digest: str

    @property
    def key(self) -> PartKey:
        return self.retailer, self.start


def parts_of(garments: pa.Table, products: pa.Table) -> Iterator[Part]:
    """The parts of some rows in any order, by retailer and first product."""
    names = sorted(
        {*pc.unique(garments["retailer"]).to_pylist(), *pc.unique(products["retailer"]).to_pylist()} - {None}
    )
    codes = [_codes(table, names) for table in (garments, products)]
    sizes = np.sum([np.bincount(code, minlength=len(names)) for code in codes], axis=0)
    for first, end in _groups(sizes):
        chosen = [_chosen(table, code, first, end) for table, code in zip((garments, products), codes, strict=True)]
        yield from _cut(names[first:end], *chosen)


def _codes(table: pa.Table, names: list[str]) -> np.ndarray:
    """(N,) int32: the place of each row's retailer in the list. A row without one is in none, which is no version's."""
    codes: np.ndarray = pc.index_in(table["retailer"], pa.array(names, pa.string())).fill_null(0).to_numpy()
    return codes


def _groups(sizes: np.ndarray) -> Iterator[tuple[int, int]]:
    """First and end of each group of retailers with at most `ROWS_AT_ONCE` rows together, or of one larger retailer."""
    first, rows = 0, 0
    for at, size in enumerate(sizes.tolist()):
        if at > first and rows + size > ROWS_AT_ONCE:
            yield first, at
            first, rows = at, 0
        rows += size
    if first < len(sizes):
        yield first, len(sizes)


def _chosen(table: pa.Table, codes: np.ndarray, first: int, end: int) -> tuple[pa.Table, np.ndarray]:
    """The rows of a group of retailers, with their codes counted from the group's first."""
    here = (codes >= first) & (codes < end)
    return (table, codes) if here.all() else (table.filter(pa.array(here)), codes[here] - first)


def _cut(
    names: list[str], garments: tuple[pa.Table, np.ndarray], products: tuple[pa.Table, np.ndarray]
) -> Iterator[Part]:
    rows, code = _sorted(products[0], "product_id", products[1])
    starts = _starts(rows["product_id"], np.searchsorted(code, np.arange(len(names) + 1)))
    # The part of each product, and of each garment; one whose product is missing goes to its retailer's first part.
    firsts = np.cumsum([0, *map(len, starts)])
    bounds = np.array([place for places in starts for place in places])
    part = np.searchsorted(bounds, np.arange(len(rows)), side="right") - 1
    own = firsts[garments[1]]
    if len(bounds) > len(names):
        place = pc.index_in(garments[0]["product_id"], rows["product_id"]).to_numpy(zero_copy_only=False)
        found = ~np.isnan(place)
        own[found] = part[place[found].astype(np.int64)]
    shown, own = _sorted(garments[0], "garment_id", own)
    of_garments = np.searchsorted(own, np.arange(len(bounds) + 1))
    of_products = np.append(bounds, len(rows))
    retailers = np.repeat(np.array(names), [len(places) for places in starts]).tolist()
    for at, ((g, g_end), (p, p_end)) in enumerate(zip(pairwise(of_garments), pairwise(of_products), strict=True)):
        mine, ours = shown.slice(g, g_end - g), rows.slice(p, p_end - p)
        yield Part(
            retailers[at], "" if at in firsts else ours["product_id"][0].as_py(), mine, ours,
            sorted_table_digest(mine, ADDED["garments"]), sorted_table_digest(ours, ADDED["products"]),
        )  # fmt: skip


def _sorted(rows: pa.Table, key: str, groups: np.ndarray) -> tuple[pa.Table, np.ndarray]:
    """Rows by group and key, in one piece, and their groups."""
    order = pc.sort_indices(rows[key].combine_chunks()).to_numpy()
    order = order[np.argsort(groups[order], kind="stable")]
    if len(order) and np.array_equal(order, np.arange(len(order))):
        return rows.combine_chunks(), groups
    return rows.take(pa.array(order)).combine_chunks(), groups[order]


def _starts(ids: pa.ChunkedArray, ends: np.ndarray) -> list[list[int]]:
    """For each retailer the rows at which its parts begin; `ends` has where the retailers begin and end."""
    starts = []
    for first, end in pairwise(ends.tolist()):
        own = [first]
        if end - first > WHOLE:
            names = ids.slice(first, end - first).to_pylist()
            own += [
                first + at for at, name in enumerate(names) if at and name and zlib.crc32(name.encode()) % MEAN == 0
            ]
        starts.append(own)
    return starts
