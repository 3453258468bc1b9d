"""The canary: some garments are embedded again from their stored pictures and must land on their own published row."""

import hashlib

import numpy as np
import pyarrow as pa

from jobs.embed import embedding_work
from jobs.night import Night
from lake.tables import literal
from schemas.gates import Canary
from schemas.manifest import Gate
from schemas.table import DONE
from schemas.tables import PICTURES
from selvedge_searcher import Snapshot
from udfs.rules.on_sale import vector_key
from udfs.runtime.isolation import Child


def canary(night: Night, snapshot: Snapshot, bounds: Canary) -> Gate:
    """The lowest cosine between a garment's published vector and its picture's, as the search tier loads them."""
    garments = snapshot.garments
    if not len(garments):
        return Gate(name="canary", value=1.0, bound=bounds.cosine, passed=True)
    rows = _sample(garments.num_rows, bounds.count, snapshot.version)
    chosen = garments.take(rows)
    needed = _with_places(night, chosen)
    with Child(embedding_work(night)) as child:
        answers = child(needed)
    again = np.array(answers["embedding"].to_pylist(), dtype=object)
    published = np.asarray(snapshot.vectors)[rows]
    lowest = min(_cosine(new, old) for new, old in zip(again, published, strict=True))
    return Gate(name="canary", value=lowest, bound=bounds.cosine, passed=lowest >= bounds.cosine)


def _sample(rows: int, count: int, version: int) -> np.ndarray:
    """The same rows for the same version: spread evenly, moved by the version's digest."""
    count = min(count, rows)
    start = int.from_bytes(hashlib.sha256(str(version).encode()).digest()[:4], "little")
    return np.unique((start + np.arange(count) * (rows // count)) % rows)


def _with_places(night: Night, chosen: pa.Table) -> pa.RecordBatch:
    """What embedding reads: key, picture, box and where the picture's bytes lie."""
    pictures = sorted(set(chosen["image_sha256"].to_pylist()))
    query = f"""
        select picture, shard, "offset", length from {PICTURES.name}
        where status = '{DONE}' and picture in ({", ".join(literal(p) for p in pictures)})"""  # noqa: S608
    places = {row["picture"]: row for row in night.tables.sql(query, [PICTURES]).to_pylist()}
    rows = [
        places[picture] | {"vector_key": vector_key(picture, box), "box": box}
        for picture, box in zip(chosen["image_sha256"].to_pylist(), chosen["box"].to_pylist(), strict=True)
    ]
    return pa.Table.from_pylist(rows).combine_chunks().to_batches()[0]


def _cosine(again: list[float] | None, published: np.ndarray) -> float:
    """-1 where the picture could not be embedded again."""
    if again is None:
        return -1.0
    new, old = np.asarray(again, np.float64), published.astype(np.float64)
    return float((new * old).sum() / np.sqrt((new * new).sum() * (old * old).sum()))
