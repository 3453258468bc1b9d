"""Reads live feeds into offers: many feeds side by side, one reader and one file per feed, a commit in five minutes.

Then the offers of each feed are merged into products, which are kept."""

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import reduce
from itertools import chain
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from deltalake import DeltaTable

from jobs.engine.estimate import in_spark, work_seconds
from jobs.engine.lots import lots
from jobs.engine.night import Night
from jobs.engine.recheck import Draw, Pair, Recheck
from jobs.engine.stage import WRITTEN, Counts, Query
from jobs.live.asked import Asked
from jobs.live.derived import coverage_of
from jobs.live.feeds import LiveFeed, feed_states, live_feeds, live_prices
from jobs.live.functions import Reading, parser_digest
from jobs.live.memory import Memory
from jobs.live.prices import said_of
from jobs.live.products import keep
from jobs.live.verdict import Verdict, verdict
from jobs.live.views import offers_of
from jobs.stages.record import StageRecord
from lake.feeds import open_feed
from lake.store import open_store
from lake.table_files import new_file
from lake.tables import FOLDER, WrittenFile, literal
from lake.vacuum.rows import Keep
from schemas.errors import Stop
from schemas.rejects import OFFER_CODES, WORKER_CODES, Code
from schemas.retailer import PRICES
from schemas.settings import Settings
from schemas.table import DONE, REJECTED
from schemas.tables import FEEDS, MERGED, OFFERS
from udfs.feeds.options import FeedOptions
from udfs.feeds.reader import read_feed
from udfs.runtime.isolation import Child, ChildDied, rejected

DUE = pa.schema([
    ("retailer", pa.string()), ("feed", pa.binary()), ("function", pa.binary()),
    *((name, pa.string()) for name in Reading._fields), ("url", pa.string()), ("max_pictures", pa.int32()),
])  # fmt: skip

ANOTHER_PROGRAM = "this worker has another version of the program than the driver; to act: the data engineer"

TABLES = (OFFERS, MERGED)
MEMORY = Memory("parse", (OFFERS,))  # products are kept whether offers are due or not

OFFER_COST = 0.0002
"""Seconds that an offer takes without Spark, while no run has told."""

READER_BYTES = 8 << 20
"""For so many bytes another reader is started: to start one costs as much as to read them."""

TASK_BYTES = 256 << 20
"""So many are read by each of Spark's tasks before a commit: two minutes."""

SIDE_BY_SIDE = max(2, os.cpu_count() or 2)

Written = dict[str, Any]
"""A row of WRITTEN."""


def parse(night: Night) -> Counts:
    """Parse the live feeds whose offers are not in the table yet for the current parser digest."""
    handle = night.tables.open(OFFERS)
    counts = MEMORY.run(night, lambda part: _parse(part, handle))
    keep(night, {retailer.name for retailer in night.chosen})
    return counts


def _parse(night: Night, handle: DeltaTable) -> Counts:
    feeds = _due_feeds(night)
    if not feeds:
        return Counts(complete=True)
    work = ParseFeeds(night.store.uri, night.settings)
    written: list[Written] = []
    transaction = night.transaction("parse")
    seconds = work_seconds(night.tables, "parse", _offers(night, feeds), OFFER_COST)
    spark = in_spark(night.settings.spark, seconds)
    with night.progress.stage("parse", len(feeds)) as advance:
        for lot in lots(_read(night, work, feeds, spark)):
            night.tables.commit(handle, [WrittenFile(w["path"], w["bytes"], w["rows"]) for w in lot], transaction)
            written += lot
            advance(len(lot))
    due, done = (sum(w[name] for w in written) for name in ("rows", "done"))
    tasks = night.spark.parallelism if spark else None
    return Counts(due=due, done=done, rejected=due - done, complete=True, spark_tasks=tasks)


def _read(night: Night, work: "ParseFeeds", feeds: list[LiveFeed], spark: bool) -> Iterator[Written]:
    """Reads feeds side by side: in children of this process, or in Spark."""
    sizes = [_bytes(night, feed) for feed in feeds]
    if not spark:
        yield from _in_children(work, _rows(feeds), 1 + sum(sizes) // READER_BYTES)
        return
    turn = np.cumsum(sizes) // (TASK_BYTES * night.spark.parallelism)
    for at in np.unique(turn).tolist():
        part = [feed for feed, of in zip(feeds, turn.tolist(), strict=True) if of == at]
        yield from night.spark.map(_rows(part), work, WRITTEN, 1).to_pylist()


def _due_feeds(night: Night) -> list[LiveFeed]:
    """The live feeds, and the feeds that complete them, whose offers are not in the table for the current parser."""
    present = night.tables.sql(f"select distinct retailer, feed, function from {OFFERS.name}", [OFFERS])  # noqa: S608
    parsed = {tuple(row.values()) for row in present.to_pylist()}
    return [feed for feed in _feeds(night) if (feed.retailer, feed.feed, feed.function) not in parsed]


def _feeds(night: Night) -> list[LiveFeed]:
    """The live files of this run's retailers, and the feeds that complete them: each content once, as the first of its
    files is read."""
    chosen = {retailer.name for retailer in night.chosen}
    live = [feed for feed in [*live_feeds(night), *live_prices(night)] if feed.retailer in chosen]
    earlier = (replace(feed, **feed.completed_by._asdict()) for feed in live if feed.completed_by)
    found: dict[tuple[str, bytes, bytes], LiveFeed] = {}
    for feed in (*live, *earlier):
        if feed.reading is not None:
            found.setdefault((feed.retailer, feed.feed, feed.function), feed)
    return list(found.values())


def _bytes(night: Night, feed: LiveFeed) -> int:
    query = f"select max(bytes) bytes from {FEEDS.name} where feed = {literal(feed.feed)}"  # noqa: S608
    return night.tables.sql(query, [FEEDS]).column("bytes")[0].as_py() or 0


def _rows(feeds: list[LiveFeed]) -> pa.Table:
    rows = [
        {
            "retailer": feed.retailer, "feed": feed.feed, "function": feed.function,
            **(feed.reading or Reading())._asdict(), "url": feed.url, "max_pictures": feed.max_pictures,
        }
        for feed in feeds
    ]  # fmt: skip
    return pa.Table.from_pylist(rows, DUE)


def _in_children(work: "ParseFeeds", rows: pa.Table, readers: int = 1) -> Iterator[Written]:
    """Reads each feed in a child process. A feed that crashes its reader becomes one reject row."""

    def one(batch: pa.RecordBatch) -> Written:
        with Child(_One(work)) as child:
            try:
                answer = child(batch)
            except ChildDied as death:
                answer = work.refuse(batch, death.code, death.detail)
            except RuntimeError as error:
                answer = work.refuse(batch, Code.INTERNAL, str(error))
        (written,) = answer.to_pylist()
        return dict(written)

    with ThreadPoolExecutor(min(readers, SIDE_BY_SIDE)) as pool:
        yield from pool.map(one, rows.combine_chunks().to_batches(max_chunksize=1))


@dataclass(frozen=True)
class ParseFeeds:
    """Worker side: reads each feed of a batch as a stream into one Parquet file of offers."""

    lake: str
    settings: Settings

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for at in range(batch.num_rows):
                yield self.parse(batch.slice(at, 1))

    def parse(self, row: pa.RecordBatch) -> pa.RecordBatch:
        """One feed: the file that holds its offers, as a row of WRITTEN."""
        feed = row.to_pylist()[0]
        reading = Reading(*(feed[name] for name in Reading._fields))
        if parser_digest(reading) != feed["function"]:
            raise Stop(f"{feed['retailer']}: {ANOTHER_PROGRAM}")
        options = feed_options(self.settings, reading, feed["url"])
        with open_feed(open_store(self.lake), feed["feed"]) as source:
            batches = (_whole(batch, feed) for batch in read_feed(source, options).batches())
            first = next(batches, None)
            if first is None:
                raise Stop(f"{feed['retailer']}: the feed was accepted, but no offer could be read from it")
            return self._write(chain([first], batches))

    def refuse(self, row: pa.RecordBatch, code: Code, detail: str) -> pa.RecordBatch:
        """The one reject row of a feed whose reader crashed or failed with an internal error."""
        keys = row.append_column("position", pa.array([-1], pa.int32()))
        answer = rejected(OFFERS, keys, code, detail).append_column(
            pa.field("function", pa.binary(32)), row.column("function").cast(pa.binary(32))
        )
        return self._write([answer.select(OFFERS.schema.names).cast(OFFERS.schema)])

    def _write(self, batches: Iterable[pa.RecordBatch]) -> pa.RecordBatch:
        rows = done = 0
        with (
            new_file(open_store(self.lake), f"{FOLDER}/{OFFERS.name}") as file,
            pq.ParquetWriter(file, OFFERS.stored, compression="zstd", compression_level=1) as writer,
        ):
            for batch in batches:
                writer.write_table(pa.Table.from_batches([batch]).cast(OFFERS.stored))
                rows += batch.num_rows
                done += pc.sum(pc.equal(batch["status"], DONE)).as_py() or 0
        columns = [[file.name], [file.bytes], [rows], [done], [0]]
        return pa.RecordBatch.from_arrays(
            [pa.array(c, f.type) for c, f in zip(columns, WRITTEN, strict=True)], schema=WRITTEN
        )


@dataclass(frozen=True)
class _One:
    """One feed per call, for a child process."""

    work: ParseFeeds

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        return self.work.parse(batch)


def feed_options(settings: Settings, reading: Reading, url: str) -> FeedOptions:
    """The options of reading the feed of an address."""
    said = reading._asdict()
    kind = said.pop("kind")
    return FeedOptions(
        **said,
        is_update=kind == PRICES,
        base_url=url,
        max_unpacked_bytes=settings.feeds.max_bytes,
        max_offer_bytes=settings.feeds.max_offer_bytes,
    )


def _whole(batch: pa.RecordBatch, feed: dict[str, Any]) -> pa.RecordBatch:
    """A batch of the reader with the feed's key added, and with product ids that include the retailer."""
    count = batch.num_rows
    product = pc.binary_join_element_wise(pa.scalar(feed["retailer"]), batch["product_id"], ":")
    columns = {name: batch[name] for name in batch.schema.names} | {
        "product_id": product,
        "retailer": pa.array([feed["retailer"]] * count),
        "feed": pa.array([feed["feed"]] * count, pa.binary()),
        "function": pa.array([feed["function"]] * count, pa.binary()),
    }
    return pa.RecordBatch.from_arrays([columns[f.name].cast(f.type) for f in OFFERS.schema], schema=OFFERS.schema)


def _due(night: Night) -> int:
    """The offers of accepted feeds that are to be read, as when they were judged."""
    return MEMORY.due(night, _due_offers)


def _due_offers(night: Night) -> int:
    return _offers(night, _due_feeds(night))


def _offers(night: Night, feeds: Iterable[LiveFeed]) -> int:
    """How many offers some live feeds had when they were judged."""
    offers = {(state["retailer"], state["feed"]): state["offers"] or 0 for state in feed_states(night)}
    return sum(offers.get((feed.retailer, feed.feed), 0) for feed in feeds)


def _rejects(night: Night) -> Query:
    """The rejected offers of the live files; `detail` says the line."""
    found = offers_of([*live_feeds(night), *live_prices(night)])
    sql = f"""
        select code, detail, concat_ws(':', retailer, offer_id) what
        from ({found.sql}) where status = '{REJECTED}'"""  # noqa: S608
    return Query(sql, found.tables)


def _again(night: Night, draw: Draw) -> Iterator[Pair]:
    """Each feed is read again as a whole; a sample is one of feeds."""
    work, feeds = ParseFeeds(night.store.uri, night.settings), _feeds(night)
    for place in draw.of(pa.table({"place": range(len(feeds))}))["place"].to_pylist():
        stored = night.tables.sql(f"select * from {OFFERS.name} where {_of(feeds[place])}", [OFFERS])  # noqa: S608
        if stored.num_rows:
            (written,) = [*_in_children(work, _rows([feeds[place]]))]
            path = f"{FOLDER}/{OFFERS.name}/{written['path']}"
            with night.store.filesystem.open_input_file(path) as file:
                made = pq.read_table(file)
            night.store.delete(path)
            yield Pair(stored, made)


def _of(feed: LiveFeed) -> str:
    parts: dict[str, bytes | str] = {"retailer": feed.retailer, "feed": feed.feed, "function": feed.function}
    return " and ".join(f"{name} = {literal(value)}" for name, value in parts.items())


def _keys(night: Night) -> pa.Table:
    feeds = _feeds(night)
    columns = [pa.array([feed.retailer for feed in feeds]), pa.array([feed.feed for feed in feeds], pa.binary())]
    return pa.table(columns, names=["retailer", "feed"])


def _drop(night: Night, keys: pa.Table) -> list[Keep]:
    """A feed is due as a whole, so all of its offers go, and what was counted of it."""
    wrong = set(zip(keys["retailer"].to_pylist(), keys["feed"].to_pylist(), strict=True))
    feeds = [feed for feed in _feeds(night) if (feed.retailer, feed.feed) in wrong]

    def stays(rows: pa.Table) -> pa.Array:
        gone = pa.array([False] * rows.num_rows)
        for feed in feeds:
            of = (pc.equal(rows[name], getattr(feed, name)) for name in ("retailer", "feed", "function"))
            gone = pc.or_(gone, reduce(pc.and_, of))
        return pc.invert(gone)

    retailers = pa.array(sorted({feed.retailer for feed in feeds}), pa.string())
    return [
        coverage_of(night, [feed.retailer for feed in feeds]),
        Keep(MERGED, ("retailer",), lambda rows: pc.invert(pc.is_in(rows["retailer"], retailers))),
        Keep(OFFERS, ("retailer", "feed", "function"), stays),
    ]


def _verdicts(night: Night, asked: Asked) -> Iterator[Verdict]:
    """Of each offer its line, with its file where there are several, and what files of prices say of it."""
    titles = {
        (feed.retailer, sha): f"{feed.title}, "
        for feed in reversed(live_feeds(night))
        if feed.part is not None
        for sha in (feed.feed, *([feed.completed_by.feed] if feed.completed_by else []))
    }
    for row in asked.offers:
        what = ":".join(filter(None, (row["retailer"], row["offer_id"])))
        place = f"{titles.get((row['retailer'], row['feed']), '')}line {row['line']}"
        yield verdict("parse", what, row, f"{place}: {row['title']}")
    yield from said_of(night, asked.offers)


STAGE = StageRecord(
    name="parse",
    tables=TABLES,
    codes=OFFER_CODES | WORKER_CODES,
    run=parse,
    due=_due,
    rejects=_rejects,
    verdicts=_verdicts,
    recheck=Recheck(OFFERS, _again, _keys, _drop),
)
