"""Small feeds for tests, and what is read of them."""

import io
from typing import Any

from udfs.feeds.options import FeedOptions
from udfs.feeds.reader import read_feed
from udfs.feeds.summary import FeedSummary

OFFER = (
    "<offer id='{0}'><name>Coat {0}</name><price>10</price><currencyId>USD</currencyId>"
    "<picture>http://s.test/{0}.jpg</picture></offer>"
)
HEAD, TAIL = "<yml_catalog date='2026-11-20 10:00'><shop><offers>", "</offers></shop></yml_catalog>"


def feed(*offers: str, head: str = HEAD, tail: str = TAIL) -> bytes:
    """A feed in YML of the given offers, a line each."""
    return (head + "\n".join(offers) + tail).encode()


def offer(inside: str, identity: str = "1") -> str:
    """An offer that lacks nothing, with more inside it."""
    return OFFER.format(identity).replace("</offer>", inside + "</offer>")


def read(body: bytes, **options: Any) -> tuple[list[dict[str, Any]], FeedSummary]:
    """Rows and summary of a feed."""
    reading = read_feed(io.BytesIO(body), FeedOptions(**options))
    rows = [row for batch in reading.batches() for row in batch.to_pylist()]
    return rows, reading.summary
