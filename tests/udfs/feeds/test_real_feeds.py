"""Every real feed beside the project goes in, or says in one line why it does not."""

import csv
from pathlib import Path

import pyarrow as pa
import pytest

from schemas.rejects import Code
from udfs.feeds.options import FeedOptions
from udfs.feeds.reader import read_feed
from udfs.feeds.summary import FeedSummary

REFUSED = {
    "41-heureka-sk1llan-empty.xml": Code.FEED_NO_OFFERS,
    "47-yml-copyline-truncated.xml.gz": Code.FEED_CUT_OFF,
    "51-yml-alstyle-headcut.xml": Code.FEED_NO_OFFERS,
    "52-yml-akcent-literal-n.xml": Code.FEED_NO_OFFERS,
    "53-yml-alstyle-blank.xml": Code.FEED_EMPTY,
}

TWO_DIALECTS_OF_ONE_SHOP = [
    ("01-yml-vendormodel-evadavidova.xml.gz", "02-gmc-rss-evadavidova.xml"),
    ("06-gmc-rss-italyshop.xml.gz", "07-facebook-rss-italyshop.xml.gz"),
]


def read(path: Path) -> tuple[pa.Table, FeedSummary]:
    reading = read_feed(path, FeedOptions())
    batches = list(reading.batches())
    return pa.Table.from_batches(batches) if batches else pa.table({}), reading.summary


@pytest.mark.field
def test_offers_are_counted_as_others_count_them(shared_data: Path) -> None:
    with (shared_data / "feeds" / "index.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    differing = []
    for row in rows:
        offers, summary = read(shared_data / "feeds" / row["file"])
        expected = REFUSED.get(row["file"])
        assert summary.code == expected, (row["file"], summary.detail)
        assert summary.offers == offers.num_rows == summary.done + sum(summary.rejects.values())
        if offers.num_rows != int(row["offers"]):
            differing.append((row["file"], int(row["offers"]), offers.num_rows))
    assert len(rows) == 59 and differing == []


@pytest.mark.field
@pytest.mark.parametrize(("first", "second"), TWO_DIALECTS_OF_ONE_SHOP)
def test_one_shop_in_two_dialects_has_the_same_products(shared_data: Path, first: str, second: str) -> None:
    found = []
    for name in (first, second):
        offers, _ = read(shared_data / "feeds" / name)
        rows = offers.select(["offer_id", "pictures", "price", "currency"]).to_pylist()
        first_pictures = ((row["pictures"] or [None])[0] for row in rows)  # one dialect may hold fewer of them
        found.append({r["offer_id"]: (p, r["price"], r["currency"]) for r, p in zip(rows, first_pictures, strict=True)})
    assert found[0].keys() == found[1].keys()
    same = sum(found[0][offer] == found[1][offer] for offer in found[0])
    assert same >= 0.95 * len(found[0]), f"{len(found[0]) - same} of {len(found[0])} offers differ"
