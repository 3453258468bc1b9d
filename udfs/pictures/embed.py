"""Turns a garment's crop into a vector and two short codes."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from schemas.tables import CODE_BYTES, EMBEDDING_SIZE
from udfs.runtime.models import Model


class Embedded(NamedTuple):
    """For B crops: `embedding` float32 [B, 256] of unit length, the codes [B] of 16 bytes each."""

    embedding: np.ndarray
    shape_code: list[bytes]
    colour_code: list[bytes]


def embed(crops: Sequence[np.ndarray], model: Model) -> Embedded:
    """Embed crops (224, 224, 3) uint8 RGB as `udfs.pictures.crops.crop` cuts them.

    Codes are signs of fixed projections of the deep and of the colour part, taken inside the network's graph.
    """
    if not crops:
        return Embedded(np.zeros((0, EMBEDDING_SIZE), np.float32), [], [])
    outputs = model.run(np.stack(crops))
    shape, colour = (_codes(outputs[name]) for name in ("shape_code", "colour_code"))
    return Embedded(outputs["embedding"], shape, colour)


def _codes(rows: np.ndarray) -> list[bytes]:
    assert rows.shape[1] == CODE_BYTES
    return [row.tobytes() for row in rows]
