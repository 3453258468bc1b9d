"""Fetches pictures into shards. Rate limits are per host: one job serves all retailers, each host in a single task."""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable

from jobs.engine.estimate import in_spark
from jobs.engine.night import Night
from jobs.engine.stage import Counts, Query
from jobs.live.asked import Asked
from jobs.live.functions import fetch_function
from jobs.live.memory import Memory
from jobs.live.verdict import Verdict, verdict
from jobs.live.views import newest_fetches, urls
from jobs.stages.fetch_queue import CHUNK_S, Owed, chunks, due_urls, in_turns, owed
from jobs.stages.record import StageRecord
from jobs.stages.salvage import salvage_shards
from lake.shards import ShardWriter
from lake.store import open_store
from lake.tables import write_rows
from schemas.errors import Stop, WrongInput
from schemas.rejects import FETCH_CODES, PICTURE_CODES, Code
from schemas.table import DONE, REJECTED
from schemas.tables import FETCHES, PICTURES
from udfs.pictures.inspect import Limits, Picture
from udfs.runtime.isolation import Child, ChildDied
from udfs.web.fetcher import fetch_pictures
from udfs.web.hosts import assign, group_of
from udfs.web.request import FetchPolicy, FetchRow, PictureRequest

FOUND = pa.schema([f for f in FETCHES.schema if f.name != "function"] + [PICTURES.schema.field(name) for name in (
    "mime", "width", "height", "shard", "offset", "length")] + [pa.field("given_up", pa.bool_())])  # fmt: skip
"""A fetch, the row of the picture if this task stored it, and whether the task gave up on the host."""

CHUNK_PATIENCE_S = 2 * CHUNK_S
"""Time limit of a chunk, so that a very slow host does not delay the others."""

TASKS_IN_PROCESS = 1

PICTURE_COST = 0.0005
"""CPU seconds of a picture. What a run took says nothing: most of it is waiting that the hosts ask for."""


def fetch(night: Night) -> Counts:
    """Fetch what is due until the deadline. URLs that were not tried stay due: neither rejected nor failed."""
    handles = night.tables.open(PICTURES), night.tables.open(FETCHES)
    salvaged = salvage_shards(night, fetch_function())
    counts = MEMORY.run(night, lambda part: _fetch(part, handles))
    counts.due, counts.done = counts.due + salvaged, counts.done + salvaged
    return counts


def _fetch(night: Night, handles: tuple[DeltaTable, DeltaTable]) -> Counts:
    todo = due_urls(night)
    counts = Counts(due=todo.num_rows, complete=not todo.num_rows)
    if not todo.num_rows:
        return counts
    with night.progress.stage("fetch", todo.num_rows) as advance:
        for found in _by_chunks(night, todo):
            _commit(night, handles, found)
            done = pc.sum(pc.equal(found["status"], DONE)).as_py() or 0
            counts.done += done
            counts.rejected += found.num_rows - done
            advance(found.num_rows)
    return counts


def _due(night: Night) -> int:
    return MEMORY.due(night, lambda part: int(due_urls(part).num_rows))


def _by_chunks(night: Night, todo: pa.Table) -> Iterator[pa.Table]:
    """The results of the URLs, chunk by chunk.

    A host that was given up gets no more requests. URLs that a slow host did not answer in time are tried once more at
    the end.
    """
    ends_at = datetime.now(UTC) + timedelta(seconds=night.settings.fetch.deadline_seconds)
    limits = owed(night)
    queue = in_turns(todo, limits)
    spark = in_spark(night.settings.spark, todo.num_rows * PICTURE_COST)
    given_up: set[str] = set()
    tried = 1
    while queue.num_rows and tried:
        tried, untried = 0, []
        for part in chunks(queue, night.settings.work.chunk_rows):
            chunk = _without(part, "host", pa.array(sorted(given_up), pa.string()))
            if not chunk.num_rows:
                continue
            chunk_ends_at = min(ends_at, datetime.now(UTC) + timedelta(seconds=CHUNK_PATIENCE_S))
            found = _fetch_chunk(night, _requests(night, chunk, limits), chunk_ends_at, spark)
            yield found
            if datetime.now(UTC) >= ends_at:
                return
            tried += found.num_rows
            given_up.update(group_of(url) for url in found.filter(found["given_up"])["url"].to_pylist())
            untried.append(_without(chunk, "url", found["url"]))
        queue = pa.concat_tables(untried) if untried else queue.slice(0, 0)


def _without(rows: pa.Table, column: str, values: pa.Array) -> pa.Table:
    return rows.filter(pc.invert(pc.is_in(rows[column], values)))


def _requests(night: Night, rows: pa.Table, limits: dict[str, Owed]) -> list[PictureRequest]:
    requests = []
    for row in rows.drop_columns(["turn"]).to_pylist():
        images, limit = night.retailers[row["retailer"]].images, limits[row.pop("host")]
        requests.append(
            PictureRequest(
                **row,
                rate=limit.rate,
                connections=limit.connections,
                allow_private_hosts=images.allow_private_hosts,
                contract=images.contract,
            )
        )
    return requests


def _fetch_chunk(night: Night, requests: list[PictureRequest], ends_at: datetime, spark: bool) -> pa.Table:
    barred = night.blocked.pictures | night.erased
    work = FetchPictures(night.store.uri, _policy(night, ends_at), night.settings.fetch.shard_bytes, barred)
    if not spark:
        try:
            with Child(work) as child:
                return pa.Table.from_batches([child(packed(assign(requests, TASKS_IN_PROCESS)))], FOUND)
        except (ChildDied, RuntimeError) as error:
            raise Stop(
                f"fetch: {error}; to act: the data engineer (run again; stored pictures are not fetched twice)"
            ) from error
    tasks = packed(assign(requests, night.spark.parallelism))
    return night.spark.map(pa.Table.from_batches([tasks]), OverTasks(work), FOUND, 1)


def _policy(night: Night, ends_at: datetime) -> FetchPolicy:
    settings = night.settings.fetch
    return FetchPolicy(
        night=night.today,
        user_agent=settings.user_agent,
        ends_at=ends_at,
        limits=Limits(max_bytes=settings.max_bytes, max_pixels=settings.max_pixels),
        connect_s=settings.connect_seconds,
        total_s=settings.picture_seconds,
    )


def _commit(night: Night, handles: tuple[DeltaTable, DeltaTable], found: pa.Table) -> None:
    """Commits pictures first, so that a fetch with status done always has its picture."""
    function = pa.array([fetch_function()] * found.num_rows, pa.binary())
    rows = found.append_column("function", function)
    stored = rows.filter(pc.is_valid(rows["shard"]))
    new = _unknown(night, stored)
    for handle, table, part in zip(handles, (PICTURES, FETCHES), (new, rows), strict=True):
        if part.num_rows:
            night.tables.commit(handle, [write_rows(night.store, table, part)], "fetch")


def _unknown(night: Night, stored: pa.Table) -> pa.Table:
    """One row per picture that the table does not have yet; the first by shard and offset."""
    present = night.tables.sql(f"select distinct picture from {PICTURES.name}", [PICTURES])  # noqa: S608
    ordered = stored.sort_by([("shard", "ascending"), ("offset", "ascending")])
    place = pa.array(range(ordered.num_rows), pa.int64())
    keyed = pa.table({"picture": ordered["picture"].cast(pa.binary()), "place": place})
    missing = keyed.join(present, "picture", join_type="left anti")
    first = missing.group_by("picture").aggregate([("place", "min")])
    return ordered.take(first["place_min"].sort())


TASK = pa.schema([("requests", pa.list_(pa.struct([
    ("url", pa.string()), ("attempt", pa.int32()), ("retailer", pa.string()), ("etag", pa.string()),
    ("last_modified", pa.string()), ("picture", pa.binary()), ("rate", pa.float64()), ("connections", pa.int32()),
    ("allow_private_hosts", pa.list_(pa.string())), ("contract", pa.string()),
])))])  # fmt: skip


def packed(tasks: Sequence[Sequence[PictureRequest]]) -> pa.RecordBatch:
    """One row per task, with all requests of its hosts."""
    names = [field.name for field in fields(PictureRequest)]
    rows = []
    for requests in tasks:
        packed = [{name: getattr(request, name) for name in names} for request in requests]
        for request in packed:
            request["allow_private_hosts"] = [str(network) for network in request["allow_private_hosts"]]
        rows.append({"requests": packed})
    return pa.RecordBatch.from_pylist(rows, TASK)


def _unpack(task: dict[str, Any]) -> Iterator[PictureRequest]:
    for request in task["requests"]:
        networks = tuple(ip_network(network) for network in request["allow_private_hosts"])
        yield PictureRequest(**request | {"allow_private_hosts": networks})


@dataclass(frozen=True)
class FetchPictures:
    """Worker side: fetches a task's pictures, stores their bytes in shards, returns rows. No bytes go to the driver."""

    lake: str
    policy: FetchPolicy
    shard_bytes: int
    barred: frozenset[bytes] = frozenset()
    """Pictures that are not stored, wherever they come from."""

    def __call__(self, tasks: pa.RecordBatch) -> pa.RecordBatch:
        places: dict[bytes, dict[str, Any]] = {}
        stored = set(self.barred)  # with those of earlier nights
        with ShardWriter(open_store(self.lake), self.shard_bytes) as shards:

            def keep(sha256: bytes, picture: Picture, body: bytes, url: str) -> None:
                if sha256 not in places and sha256 not in stored:
                    answer = {"url": url, "night": self.policy.night.isoformat(), "at": time.time(),
                              "mime": picture.mime, "width": picture.width, "height": picture.height}  # fmt: skip
                    place = shards.add(sha256, body, picture.mime, answer)
                    places[sha256] = {
                        "mime": picture.mime, "width": picture.width, "height": picture.height,
                        "shard": place.shard, "offset": place.offset, "length": place.length,
                    }  # fmt: skip

            def requests() -> Iterator[PictureRequest]:
                for request in (request for task in tasks.to_pylist() for request in _unpack(task)):
                    if request.picture is not None:
                        stored.add(request.picture)
                    yield request

            rows = list(fetch_pictures(requests(), self.policy, keep))
        return pa.RecordBatch.from_pylist([_row(row, places) for row in rows], FOUND)


@dataclass(frozen=True)
class OverTasks:
    """A Spark task's batches, one after the other."""

    work: FetchPictures

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        return (self.work(batch) for batch in batches)


def _row(row: FetchRow, places: dict[bytes, dict[str, Any]]) -> dict[str, Any]:
    """The row of a fetch. If several URLs brought the same picture, each row has its place."""
    kept = places.get(row.picture, {}) if row.picture is not None else {}
    return row._asdict() | {"code": str(row.code) if row.code else None} | kept


def _rejects(night: Night) -> Query:
    """Live URLs whose last attempt failed."""
    found = urls(night)
    sql = f"""
        select f.code, f.detail, f.url what from {newest_fetches()} f
        join (select distinct url from ({found.sql})) live on f.url = live.url
        where f.status = '{REJECTED}'"""  # noqa: S608
    return Query(sql, (*found.tables, FETCHES))


def _verdicts(night: Night, asked: Asked) -> Iterator[Verdict]:
    for url, rows in asked.fetches.items():
        if not rows:
            yield Verdict("fetch", url, "waiting", "not fetched yet; it is due")
        for row in rows:
            yield verdict("fetch", url, row, f"attempt {row['attempt']} on {row['night']}, HTTP {row['http_status']}")
    for picture in asked.pictures:
        yield from _on_picture(night, asked, picture)


def _on_picture(night: Night, asked: Asked, picture: bytes) -> Iterator[Verdict]:
    name = picture.hex()
    stored = asked.rows_of(PICTURES, picture, fetch_function())
    if not stored:
        raise WrongInput("explain", None, f"{name}: no such picture is stored")
    for row in stored:
        yield verdict("fetch", name, row, f"{row['mime']} {row['width']} x {row['height']}, {row['length']} bytes")
    for suspect in asked.suspects:
        if suspect.picture == picture:
            said = f"on {suspect.products} products of {suspect.retailer}, so it may be a placeholder"
            yield Verdict("fetch", name, "suspected", said, "to block it, add a line to mappings/blocked.tsv")


MEMORY = Memory("fetch", (FETCHES, PICTURES), lambda night: night.today.isoformat())
STAGE = StageRecord(
    name=MEMORY.stage,
    tables=MEMORY.tables,
    codes=FETCH_CODES | PICTURE_CODES | {Code.INTERNAL},
    run=fetch,
    due=_due,
    rejects=_rejects,
    verdicts=_verdicts,
)
