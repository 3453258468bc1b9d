"""Computes vectors and codes of the chosen garments."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jobs.engine.models import ModelSource
from jobs.engine.night import Night
from jobs.engine.recheck import OF_A_NETWORK
from jobs.engine.visual import OverPixels, batch_rows
from jobs.live.asked import Asked
from jobs.live.catalog import Catalog
from jobs.live.functions import embed_function
from jobs.live.verdict import Verdict, verdict
from jobs.live.views import under
from jobs.stages.record import Rule
from lake.lookup import rows_with
from schemas.rejects import PICTURE_CODES
from schemas.table import DONE
from schemas.tables import PICTURES, VECTORS
from udfs.pictures.crops import crop
from udfs.pictures.embed import embed as look

CODE_BITS = 2
"""Bits of a code that another processor may set otherwise: each is the sign of a number that may be near zero."""


@dataclass(frozen=True)
class Embedding:
    """Each garment cut out of its picture, then embedded."""

    source: ModelSource

    def __call__(self, pixels: Sequence[np.ndarray], rows: pa.RecordBatch) -> dict[str, Any]:
        model = self.source.load()
        side = model.description.side
        crops = [crop(picture, box, side) for picture, box in zip(pixels, rows["box"].to_pylist(), strict=True)]
        embedding, shape_code, colour_code = look(crops, model)
        return {"embedding": embedding, "shape_code": shape_code, "colour_code": colour_code}


def embedding_work(night: Night) -> OverPixels:
    source = night.model_source("embed")
    side = source.release.description.side
    return OverPixels(night.store.uri, VECTORS, side, Embedding(source), night.settings.work.batch_rows)


def _needed(night: Night) -> pa.Table:
    """One row per crop of the live garments, with the place of its picture."""
    return with_pictures(night, Catalog.of(night).garments())


def with_pictures(night: Night, garments: pa.Table) -> pa.Table:
    """One row per crop of some garments (vector_key, picture, box), with the place of its picture."""
    keyed = garments.select(["vector_key"]).append_column("place", pa.array(np.arange(garments.num_rows)))
    places = keyed.group_by("vector_key").aggregate([("place", "min")])["place_min"]
    first = garments.select(["vector_key", "picture", "box"]).take(places.sort())
    query = f"select picture, shard, \"offset\", length from {PICTURES.name} where status = '{DONE}'"  # noqa: S608
    pictures = first["picture"].cast(pa.binary())
    stored = night.tables.among(query, [PICTURES], "picture", pc.unique(pictures))
    at = pc.index_in(pictures, stored["picture"])
    rows = first.filter(at.is_valid())
    for name in ("shard", "offset", "length"):
        rows = rows.append_column(name, stored[name].take(at.drop_null()))
    return rows


def _verdicts(night: Night, asked: Asked) -> Iterator[Verdict]:
    for product in asked.products:
        garments = (garment for row in asked.chosen(product) for garment in row["garments"] or ())
        yield from _made(night, product, [garment["vector_key"] for garment in garments])


def _made(night: Night, product: str, keys: list[bytes]) -> Iterator[Verdict]:
    if not keys:
        return
    found = rows_with(night.tables, VECTORS, "vector_key", keys, ("function", "status", "code", "detail"))
    rows = under(found, embed_function(night)).to_pylist()
    if len(rows) < len(set(keys)):
        yield Verdict("embed", product, "waiting", f"{len(rows)} of {len(set(keys))} vectors are made")
    for row in rows:
        yield verdict("embed", product, row, f"{len(set(keys))} vectors")


RULE = Rule(
    name="embed",
    table=VECTORS,
    function=embed_function,
    needed=_needed,
    work=embedding_work,
    batch_rows=batch_rows,
    row_cost=0.01,
    tolerance=replace(OF_A_NETWORK, bits=CODE_BITS),
)
STAGE = RULE.record(codes=PICTURE_CODES, verdicts=_verdicts)
