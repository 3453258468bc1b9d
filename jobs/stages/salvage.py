"""Recovers the pictures of a killed fetch: shards that no row refers to are read before anything is fetched again."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

import pyarrow as pa

from jobs.engine.night import Night
from lake.shards import FOLDER, Place, salvage
from lake.tables import write_rows
from lake.vacuum.retired import retired
from schemas.table import DONE
from schemas.tables import FETCHES, PICTURES


def salvage_shards(night: Night, function: bytes) -> int:
    """Commit rows for the pictures of orphaned shards -> how many. A shard without new pictures is deleted."""
    stored = {entry.path.removeprefix(f"{FOLDER}/") for entry in night.store.list(FOLDER)}
    if not stored:
        return 0
    named = night.tables.sql(f"select distinct shard from {PICTURES.name}", [PICTURES])["shard"].to_pylist()  # noqa: S608
    orphans = sorted(stored - set(named) - retired(night.store).keys())
    if not orphans:
        return 0
    known = set(night.tables.sql(f"select picture from {PICTURES.name}", [PICTURES])["picture"].to_pylist())  # noqa: S608
    asked = set(night.tables.sql(f"select distinct url from {FETCHES.name}", [FETCHES])["url"].to_pylist())  # noqa: S608
    pictures: dict[bytes, dict[str, Any]] = {}
    fetches: dict[str, dict[str, Any]] = {}
    shards = [_named(night, orphan) for orphan in orphans]
    for shard in shards:
        for body_digest, place, answer in salvage(night.store, shard):
            if body_digest not in known:
                pictures.setdefault(body_digest, _picture(body_digest, place, answer, function))
            if answer["url"] not in asked:
                fetches[answer["url"]] = _fetch(body_digest, place, answer, function)
    for table, rows in ((PICTURES, pictures), (FETCHES, fetches)):
        if rows:
            file = write_rows(night.store, table, pa.Table.from_pylist(list(rows.values()), table.schema))
            night.tables.commit(night.tables.open(table), [file])
    for shard in set(shards) - {row["shard"] for row in pictures.values()}:
        night.store.delete(f"{FOLDER}/{shard}")
    return len(fetches)


def _named(night: Night, shard: str) -> str:
    """The name of a shard. A temporary file of a killed writer gets its final name now."""
    if not shard.startswith("."):
        return shard
    name = f"{uuid4().hex}.tar"
    night.store.filesystem.move(f"{FOLDER}/{shard}", f"{FOLDER}/{name}")
    return name


def _picture(digest: bytes, place: Place, answer: dict[str, Any], function: bytes) -> dict[str, Any]:
    return {
        "picture": digest, "function": function, "status": DONE, "mime": answer["mime"], "width": answer["width"],
        "height": answer["height"], "shard": place.shard, "offset": place.offset, "length": place.length,
    }  # fmt: skip


def _fetch(digest: bytes, place: Place, answer: dict[str, Any], function: bytes) -> dict[str, Any]:
    return {
        "url": answer["url"], "attempt": 1, "function": function, "status": DONE, "picture": digest,
        "night": date.fromisoformat(answer["night"]), "fetched_at": datetime.fromtimestamp(answer["at"], UTC),
        "http_status": 200, "bytes": place.length, "final_url": answer["url"],
    }  # fmt: skip
