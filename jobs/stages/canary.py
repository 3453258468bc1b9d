"""The canary gate: some garments are embedded again from their stored pictures and must match the published vectors."""

import hashlib
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jobs.engine.night import Night
from jobs.stages.embed import embedding_work
from lake.tables import one_of
from schemas.errors import Stop
from schemas.gates import Canary
from schemas.manifest import Gate
from schemas.table import DONE
from schemas.tables import PICTURES
from selvedge_searcher import Snapshot
from udfs.rules.on_sale import vector_key
from udfs.runtime.isolation import Child, ChildDied

SEGMENTS = 4
"""Of how many segments vectors are compared: each is decoded as a whole."""

NEEDED = pa.schema([
    ("picture", pa.binary()), ("vector_key", pa.binary()), ("box", pa.list_(pa.float32())), ("shard", pa.string()),
    ("offset", pa.int64()), ("length", pa.int64()),
])  # fmt: skip


def canary(night: Night, snapshot: Snapshot, bounds: Canary) -> Gate:
    """The lowest cosine between a published vector, as the search tier loads it, and the vector computed again."""
    garments = snapshot.garments
    if not len(garments):
        return Gate(name="canary", value=1.0, bound=bounds.cosine, passed=True)
    rows = sample(garments["segment"], snapshot.segments, bounds.count, snapshot.version)
    chosen = garments.take(rows)
    lowest = min(map(_cosine, _again(night, chosen), snapshot.vectors_of(rows)))
    return Gate(name="canary", value=lowest, bound=bounds.cosine, passed=lowest >= bounds.cosine)


def _again(night: Night, chosen: pa.Table) -> list[list[float] | None]:
    """The garments' vectors, computed again from their stored pictures; None if the picture is gone."""
    needed = _with_places(night, chosen)
    known = needed.filter(needed["shard"].is_valid()).combine_chunks()
    made: dict[bytes, list[float] | None] = {}
    try:
        with Child(embedding_work(night)) as child:
            for batch in known.to_batches():
                made |= {row["vector_key"]: row["embedding"] for row in child(batch).to_pylist()}
    except (ChildDied, RuntimeError) as error:
        raise Stop(f"publish: the canary gate failed to run: {error}; to act: the data engineer (run again)") from error
    return [made.get(key) for key in needed["vector_key"].to_pylist()]


def sample(segment_of: pa.ChunkedArray, segments: Sequence[str], count: int, version: int) -> np.ndarray:
    """Garments of `SEGMENTS` segments: half of the newest, whose vectors no version had before, and some others.

    The others, and the first garment, follow from the version number: the same version gives the same rows.
    """
    drawn = int.from_bytes(hashlib.sha256(str(version).encode()).digest()[:4], "little")
    used = set(pc.unique(segment_of).to_pylist())
    *others, newest = [name for name in segments if name in used]
    first = drawn % max(len(others), 1)
    chosen = [*others[first:], *others[:first]][: SEGMENTS - 1]
    new, old = (
        np.flatnonzero(pc.is_in(segment_of, pa.array(names, pa.string())).to_numpy()) for names in ([newest], chosen)
    )
    half = max(count // 2, count - len(old))
    found = _spaced(new, half, drawn)
    return np.union1d(found, _spaced(old, count - len(found), drawn))


def _spaced(rows: np.ndarray, count: int, drawn: int) -> np.ndarray:
    """Up to `count` evenly spaced rows, from a drawn one on."""
    count = min(count, len(rows))
    if not count:
        return rows[:0]
    return rows[(drawn + np.arange(count) * (len(rows) // count)) % len(rows)]


def _with_places(night: Night, chosen: pa.Table) -> pa.Table:
    """The input for embedding: key, picture, box, and the place of the picture's bytes (null if they are gone)."""
    pictures = chosen["image_sha256"].to_pylist()
    query = f"""
        select picture, shard, "offset", length from {PICTURES.name}
        where status = '{DONE}' and {one_of("picture", pictures)}"""  # noqa: S608
    places = {row["picture"]: row for row in night.tables.sql(query, [PICTURES]).to_pylist()}
    rows = [
        {"picture": picture, "vector_key": vector_key(picture, box), "box": box} | places.get(picture, {})
        for picture, box in zip(pictures, chosen["box"].to_pylist(), strict=True)
    ]
    return pa.Table.from_pylist(rows, NEEDED)


def _cosine(again: list[float] | None, published: np.ndarray) -> float:
    """The cosine, or -1 if the picture could not be embedded again."""
    if again is None:
        return -1.0
    new, old = np.asarray(again, np.float64), published.astype(np.float64)
    return float((new * old).sum() / np.sqrt((new * new).sum() * (old * old).sum()))
