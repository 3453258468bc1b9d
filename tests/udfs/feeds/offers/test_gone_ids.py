"""Offers of the last feed that this one does not keep."""

import pyarrow as pa

from schemas.table import DONE, REJECTED
from udfs.feeds.offers.gone_ids import KnownIds


def batch(**status: str) -> pa.RecordBatch:
    return pa.RecordBatch.from_pydict({"offer_id": list(status), "status": list(status.values())})


def known(*ids: str) -> KnownIds:
    return KnownIds(pa.chunked_array([list(ids)], pa.string()))


def test_an_id_is_gone_if_it_is_left_out_or_rejected() -> None:
    ids = known("a", "b", "c")
    ids.compare(batch(a=DONE, new=DONE))
    ids.compare(batch(b=REJECTED))
    assert ids.gone == 2


def test_nothing_is_gone_where_every_id_is_kept() -> None:
    ids = known("a", "b")
    ids.compare(batch(b=DONE))
    ids.compare(batch(a=DONE))
    assert ids.gone == 0


def test_an_offer_without_an_id_keeps_nothing() -> None:
    ids = known("a")
    ids.compare(pa.RecordBatch.from_pydict({"offer_id": pa.array([None], pa.string()), "status": [DONE]}))
    assert ids.gone == 1


def test_a_feed_without_a_batch_keeps_nothing() -> None:
    assert known("a").gone == 1


def test_where_no_id_is_known_nothing_is_said() -> None:
    ids = known()
    ids.compare(batch(a=DONE))
    assert ids.gone is None
