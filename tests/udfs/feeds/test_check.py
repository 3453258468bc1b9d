"""The answer of `feeds check`, whose keys others rely on."""

import io
import json

from tests.udfs.feeds.small_feeds import OFFER, feed
from udfs.feeds.check import check
from udfs.feeds.options import FeedOptions

KEYS = ["dialect", "encoding", "offers", "products", "rejects", "repairs", "filled", "status", "reason"]


def test_the_keys_are_those_that_are_promised_and_the_answer_is_json() -> None:
    body = feed(OFFER.format(1), OFFER.format(1), "<offer id='2'><name>A & B</name></offer>")
    found = check(io.BytesIO(body), FeedOptions())
    assert list(found)[: len(KEYS)] == KEYS
    assert (found["dialect"], found["encoding"], found["offers"], found["products"]) == ("yml", "us-ascii", 3, 1)
    assert found["rejects"] == {"duplicate_id": 1, "offer_no_picture": 1}
    assert found["repairs"] == {"raw_ampersand": 1}
    assert found["status"] == "accepted"
    assert json.loads(json.dumps(found)) == found


def test_a_refused_feed_says_why() -> None:
    found = check(io.BytesIO(b""), FeedOptions())
    assert (found["status"], found["offers"]) == ("refused", 0)
    assert found["reason"] == "the feed is empty or holds only white space; the shop has to send it again"
