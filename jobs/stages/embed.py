"""Vectors and codes of the garments that were chosen."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from jobs.engine.night import Night
from jobs.engine.stage import Counts, Stage, run_stage
from jobs.engine.visual import OverPixels
from jobs.live.catalog import Catalog
from jobs.live.functions import embed_function
from schemas.table import DONE
from schemas.tables import PICTURES, VECTORS
from udfs.pictures.crops import crop
from udfs.pictures.embed import embed as look
from udfs.runtime.models import load

SIDE_PX = 224
"""What the network reads."""


@dataclass(frozen=True)
class Embedding:
    """Each garment cut out of its picture, then embedded."""

    folder: Path

    def __call__(self, pixels: Sequence[np.ndarray], rows: pa.RecordBatch) -> dict[str, Any]:
        crops = [crop(picture, box) for picture, box in zip(pixels, rows["box"].to_pylist(), strict=True)]
        embedding, shape_code, colour_code = look(crops, load(self.folder))
        return {"embedding": embedding, "shape_code": shape_code, "colour_code": colour_code}


def embedding_work(night: Night) -> OverPixels:
    return OverPixels(night.store.uri, VECTORS, SIDE_PX, Embedding(night.model("embed")))


def stage(night: Night) -> Stage:
    rows = night.settings.work.batch_rows
    return Stage("embed", VECTORS, embed_function(night), _needed(night), embedding_work(night), rows)


def embed(night: Night) -> Counts:
    return run_stage(night.bench, stage(night))


def _needed(night: Night) -> pa.Table:
    """One row a crop of the live garments, with the place of its picture."""
    garments = Catalog.of(night).garments()
    keyed = garments.select(["vector_key"]).append_column("place", pa.array(np.arange(garments.num_rows)))
    places = keyed.group_by("vector_key").aggregate([("place", "min")])["place_min"]
    first = garments.select(["vector_key", "picture", "box"]).take(places.sort())
    query = f"select picture, shard, \"offset\", length from {PICTURES.name} where status = '{DONE}'"  # noqa: S608
    stored = night.tables.sql(query, [PICTURES])
    at = pa.array(np.arange(first.num_rows))
    joined = first.select(["picture"]).append_column("at", at).join(stored, "picture", join_type="inner")
    rows = first.take(joined["at"])
    for name in ("shard", "offset", "length"):
        rows = rows.append_column(name, joined[name])
    return rows
