"""Feeds into offers: one that its reader cannot survive becomes one row, and the others are read."""

import hashlib
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import jobs.stages.parse
from jobs.engine.lots import lots
from jobs.stages.parse import ParseFeeds, parse
from lake.feeds import keep
from lake.tables import Tables
from schemas.rejects import Code
from schemas.tables import FEEDS, OFFERS
from tests.jobs.lake_of_offers import Shops
from tests.udfs.feeds.small_feeds import OFFER, feed

FEEDS_OF = {"good": feed(OFFER.format(1), OFFER.format(2)), "bad": feed(OFFER.format(3))}


class Fatal(ParseFeeds):
    def parse(self, row: pa.RecordBatch) -> pa.RecordBatch:
        if row["retailer"][0].as_py() == "bad":
            os._exit(9)
        return super().parse(row)


class Faulty(ParseFeeds):
    def parse(self, row: pa.RecordBatch) -> pa.RecordBatch:
        if row["retailer"][0].as_py() == "bad":
            raise IndexError("list index out of range")
        return super().parse(row)


def two_shops(root: Path) -> Shops:
    shops = Shops(root)
    for name, body in FEEDS_OF.items():
        shops.add(name, [])
        (root / name).write_bytes(body)
        sha256 = hashlib.sha256(body).digest()
        keep(shops.night().store, sha256, root / name)
        row = {"retailer": name, "attempt": 2, "feed": sha256, "function": bytes(32), "status": "done"}
        shops.write(FEEDS, [row | {"acquired_at": shops.night().now(), "bytes": len(body)}])
    return shops


@pytest.mark.parametrize(("reader", "code"), [(Fatal, Code.WORKER_KILLED), (Faulty, Code.INTERNAL)])
def test_a_reader_that_breaks_costs_its_feed_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reader: type[ParseFeeds], code: Code
) -> None:
    shops = two_shops(tmp_path)
    monkeypatch.setattr(jobs.stages.parse, "ParseFeeds", reader)
    counts = parse(shops.night())
    assert (counts.due, counts.done, counts.rejected) == (3, 2, 1)
    rows = shops.night().tables.sql("select retailer, code, position from offers order by position", [OFFERS])
    assert rows.to_pylist()[0] == {"retailer": "bad", "code": code, "position": -1}
    assert parse(shops.night()).due == 0


def test_what_was_committed_before_a_kill_is_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shops = two_shops(tmp_path)
    with monkeypatch.context() as within:
        within.setattr(jobs.stages.parse, "lots", partial(lots, seconds=0))
        within.setattr(Tables, "commit", dying(Tables.commit, after=1))
        with pytest.raises(KeyboardInterrupt):
            parse(shops.night())
    query = "select retailer, count(*) n from offers group by retailer"
    assert shops.night().tables.sql(query, [OFFERS]).to_pylist() == [{"retailer": "bad", "n": 1}]
    counts = parse(shops.night())
    assert (counts.due, counts.done) == (2, 2)
    assert parse(shops.night()).due == 0


def dying(commit: Callable[..., None], after: int) -> Callable[..., None]:
    """A commit that succeeds so often, and then kills the night."""
    done = 0

    def one(*arguments: Any) -> None:
        nonlocal done
        if done == after:
            raise KeyboardInterrupt
        done += 1
        commit(*arguments)

    return one
