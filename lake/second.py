"""The second embedding of a version: vectors of its garments by another release, in segments of their own.

It is there to be compared, so it never holds a version back: a garment without a vector is left out of it.
"""

import hashlib
from dataclasses import dataclass
from uuid import uuid4

import numpy as np
import pyarrow as pa

from lake.candidate import Candidate
from lake.integrity import lengths
from lake.published_files import (
    ROWS_PER_SEGMENT,
    DamagedSnapshot,
    StoredPart,
    parquet,
    read_rows,
    stored,
    write_segment,
)
from lake.segments import NO_KEYS, Held, Shelf, Vectors, one_array, shelve, staying
from lake.store import Store
from schemas.manifest import Encoder, Second
from schemas.published import PLACES

FOLDER = "published/second"
CUT = ["garment_id", "image_sha256", "box"]
"""The columns of a garment that say what was cut out, and for whom."""


@dataclass(frozen=True)
class NextSecond:
    """What the next version will say of its second embedding. Nothing is written yet."""

    model: str
    encoder: Encoder
    known: Second | None  # what the parent says of the same release
    shelf: Shelf
    places: pa.Table  # schemas.published.PLACES

    @property
    def is_new(self) -> bool:
        """Whether its vectors or its encoder differ from the parent's."""
        if self.known is None or self.known.encoder != self.encoder:
            return True
        return bool(self.shelf.new) or self.shelf.carried != self.known.vectors


def garments_of(store: Store, candidate: Candidate) -> pa.Table:
    """CUT of every garment of a candidate."""
    parts = candidate.parts.values()
    files = [file for part in parts if isinstance(part, StoredPart) for file in part.files["garments"]]
    new = [part.rows["garments"].select(CUT) for part in parts if not isinstance(part, StoredPart)]
    return pa.concat_tables([read_rows(store, "garments", files, CUT), *new])


def is_whole(store: Store, known: Second) -> bool:
    """Whether all its files are there, by their sizes."""
    sizes = {entry.path: entry.bytes for entry in store.list(FOLDER)}
    return all(sizes.get(file.path) == file.bytes for file in known.files)


class Sound:
    """Those of some vectors that are whole and of unit length (`lake.segments.Vectors`)."""

    def __init__(self, source: Vectors, norm_tolerance: float) -> None:
        keys = source.keys
        parts = (keys.slice(at, ROWS_PER_SEGMENT) for at in range(0, len(keys), ROWS_PER_SEGMENT))
        self.keys = pa.concat_arrays([NO_KEYS, *(_sound(source.take(part), norm_tolerance) for part in parts)])
        self.take = source.take


def _sound(vectors: pa.Table, norm_tolerance: float) -> pa.Array:
    whole = vectors.drop_null()
    return one_array(whole["vector_key"]).filter(pa.array(np.abs(lengths(whole) - 1) <= norm_tolerance))


def shelved(held: Held, keys: pa.Array, offered: Vectors, banned: pa.Array) -> Shelf:
    """The segments of the next version, for garments whose vectors have these keys, as far as there are any."""
    carried = staying(held, keys, np.zeros(len(held.files), np.int64), banned)
    return shelve(held, carried, keys, offered, banned)


def placed(garment_ids: pa.ChunkedArray, keys: pa.Array, shelf: Shelf) -> pa.Table:
    """PLACES of the garments that have a vector on the shelf."""
    positions = shelf.find(keys)
    found = positions >= 0
    segment, row = shelf.places(positions[found])
    return pa.table([garment_ids.filter(pa.array(found)), segment, row], schema=PLACES)


def write(store: Store, found: NextSecond) -> Second | None:
    """Write what the parent does not have; None if a segment of the parent that is to be rewritten is damaged."""
    try:
        segments = [write_segment(store, name, found.shelf.vectors_of(name), FOLDER) for name in found.shelf.new]
    except DamagedSnapshot:
        return None
    body = parquet(found.places, "zstd")
    places = found.known.places if found.known else None
    if places is None or places.sha256 != hashlib.sha256(body).hexdigest():
        places = stored(store, f"{FOLDER}/{uuid4().hex}.parquet", body)
    return Second(
        model=found.model,
        encoder=found.encoder,
        garments=len(found.places),
        vectors=[*found.shelf.carried, *segments],
        places=places,
    )
