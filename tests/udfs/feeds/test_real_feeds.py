"""Every real feed goes in, or says in one line why it does not; one shop is one shop in any dialect."""

from pathlib import Path
from typing import Any, NamedTuple

import pytest

from benchmarks.feed_table import rows, table, written
from udfs.feeds.options import FeedOptions
from udfs.feeds.reader import read_feed


class Pair(NamedTuple):
    """Two feeds of one shop: what tells their products apart, how many each has, and the columns that are the same."""

    first: str
    second: str
    key: str
    products: int
    same: tuple[str, ...]


TERMS = ("price", "currency")
EVERYTHING = (
    "title",
    "description",
    "brand",
    "category_path",
    "category_ids",
    "old_price",
    "url",
    "gender",
    "available",
)
PAIRS = [
    Pair(
        "01", "02", "product_id", 270, (*TERMS, "old_price", "pictures", "sizes", "colour", "description", "available")
    ),
    Pair("04", "05", "product_id", 219, (*TERMS, "pictures", "colour", "material", "sizes", "brand")),
    Pair(
        "06",
        "07",
        "product_id",
        297,
        (*TERMS, "title", "old_price", "sizes", "colour", "material", "brand", "category_path"),
    ),
    Pair("20", "21", "offer_id", 364, (*TERMS, "old_price", "pictures", "available", "brand", "category_ids")),
    Pair("29", "30", "offer_id", 50, (*TERMS, "brand", "available")),
    Pair("31", "32", "product_id", 1686, (*TERMS, *EVERYTHING, "pictures", "sizes", "colour")),
    Pair("37", "39", "offer_id", 36, (*TERMS, "title", "pictures", "available", "brand")),
]


def products(feeds: Path, number: str, key: str) -> dict[str, dict[str, Any]]:
    """Kept offers by their key, the sizes of one product merged, its other columns the first offer's."""
    (file,) = feeds.glob(f"{number}-*")
    found: dict[str, dict[str, Any]] = {}
    for batch in read_feed(file, FeedOptions()).batches():
        for row in batch.to_pylist():
            if row["status"] == "done":
                kept = found.setdefault(row[key], row | {"sizes": set()})
                kept["sizes"] |= set(row["sizes"] or ())
    return found


@pytest.mark.field
def test_every_difference_from_the_index_is_explained(shared_data: Path) -> None:
    found = list(rows(shared_data / "feeds"))
    assert len(found) == 59
    assert [fault for row in found for fault in row.faults()] == []
    for row in found:
        assert row.summary.offers == row.summary.done + sum(row.summary.rejects.values())
    assert written() == table(found), "run `python -m benchmarks.feed_table --write`"


@pytest.mark.field
@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: f"{pair.first}-{pair.second}")
def test_one_shop_in_two_dialects_has_the_same_products(shared_data: Path, pair: Pair) -> None:
    first, second = (products(shared_data / "feeds", number, pair.key) for number in pair[:2])
    common = first.keys() & second.keys()
    assert len(common) == pair.products
    differing = {
        column: (one, first[one][column], second[one][column])
        for column in pair.same for one in sorted(common) if first[one][column] != second[one][column]
    }  # fmt: skip
    assert differing == {}
