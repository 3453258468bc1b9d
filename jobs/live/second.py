"""The embedding that the setting `second.embedding` names, and what of the live garments it has seen."""

from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jobs.engine.models import PromotedModel
from jobs.engine.night import Night
from lake import snapshots
from lake.published_files import read_rows
from lake.segments import fixed_width
from lake.tables import literal
from schemas.errors import WrongInput
from schemas.table import DONE
from schemas.tables import VECTORS
from udfs.rules.on_sale import vector_keys
from udfs.runtime.models import release_of


class Filled(NamedTuple):
    """Garments of the newest version, and those that have a vector under some release."""

    have: int
    garments: int


def named(night: Night) -> PromotedModel | None:
    """The release that the setting names; None for none or the live one. Raises WrongInput if there is none such."""
    digest = night.settings.second.embedding
    if digest is None:
        return None
    model = PromotedModel(release_of("embed", digest, night.settings.models))
    return None if model.digest == night.model_digest("embed") else model


def second(night: Night) -> PromotedModel | None:
    """The same; None where it is no release, which is told but keeps no night back."""
    try:
        return named(night)
    except WrongInput:
        return None


def crops(garments: pa.Table) -> pa.Array:
    """The stage's key of what was cut out for each of some published garments."""
    boxes = fixed_width(garments["box"]) if len(garments) else np.empty((0, 4))
    return pa.array(vector_keys(garments["image_sha256"].to_pylist(), boxes), pa.binary())


def live_crops(night: Night) -> pa.Table:
    """vector_key, picture and box of each garment of the newest version."""
    parent = snapshots.parent(night.store)
    files = parent.of("garments") if parent else []
    garments = read_rows(night.store, "garments", files, ["image_sha256", "box"])
    keys = crops(garments)
    return pa.table({"vector_key": keys, "picture": garments["image_sha256"], "box": garments["box"]})


def filled(night: Night, function: bytes) -> Filled:
    """How many garments of the newest version have a vector under a function of `embed`."""
    keys = live_crops(night)["vector_key"]
    query = f"select vector_key from {VECTORS.name} where status = '{DONE}' and function = {literal(function)}"  # noqa: S608
    made = night.tables.among(query, [VECTORS], "vector_key", pc.unique(keys))["vector_key"]
    return Filled(int(pc.sum(pc.is_in(keys, made.combine_chunks())).as_py() or 0), len(keys))
