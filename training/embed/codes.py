"""Figures of the codes: how much of a search by vector they keep, and whether each follows what it is for."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from schemas.tables import CODE_BYTES
from training.embed.figures import Counted, Cut, embedded_of
from training.embed.measures import NEAREST, clustered, nearest_others, precision
from udfs.pictures.crops import WHOLE
from udfs.runtime.models import Model

WEIGHTS = (2, 1)
"""Of shape and colour in `code_recall_at_5`: as a search cuts by them."""


class Looked:
    """Embeds cuts and keeps their codes."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._codes: dict[tuple[str, tuple[float, ...]], tuple[bytes, bytes]] = {}

    def __call__(self, cuts: Sequence[Cut]) -> np.ndarray:
        """Unit vectors [N, D]."""
        found = embedded_of(cuts, self._model)
        for cut, shape, colour in zip(cuts, found.shape_code, found.colour_code, strict=True):
            self._codes[_key(cut)] = (shape, colour)
        return found.embedding

    def signs(self, cuts: Sequence[Cut]) -> tuple[np.ndarray, np.ndarray]:
        """-1 or 1 [N, 128] of the shape code and of the colour code of cuts that were embedded."""
        codes = [self._codes[_key(cut)] for cut in cuts]
        shape, colour = (np.frombuffer(b"".join(half), np.uint8) for half in zip(*codes, strict=True))
        return _signs(shape), _signs(colour)


def code_figures(rows: Counted, looked: Looked) -> dict[str, Any]:
    """By codes alone, of what `looked` embedded for `figures`.

    `code_recall_at_5`: as recall_at_5, by weighted Hamming distance; `shape_code_recall_at_5` and `colour_code_...`: by
    one code. `shape_code_class_precision_at_5`, `colour_code_colour_precision_at_5` and the two others: what of the
    nearest single garments by one code is of the same class, or colour.
    """
    return _views(rows, looked) | _garments(rows, looked)


def _views(rows: Counted, looked: Looked) -> dict[str, Any]:
    asked = [view for view in rows.views if view in rows.queried and not view.first]
    first = [view for view in rows.views if view.first]
    if not asked or not first:
        return {}
    shown = looked.signs([(view.path, WHOLE) for view in first])
    queries = looked.signs([(view.path, WHOLE) for view in asked])
    shape, colour = (query @ one.T for query, one in zip(queries, shown, strict=True))
    own = np.array([view.product for view in first])[None] == np.array([view.product for view in asked])[:, None]
    found = {}
    for name, likeness in (
        ("code", WEIGHTS[0] * shape + WEIGHTS[1] * colour), ("shape_code", shape), ("colour_code", colour),
    ):  # fmt: skip
        nearest = np.argsort(-likeness, axis=1, kind="stable")[:, :NEAREST]
        hits = np.asarray(np.take_along_axis(own, nearest, 1).any(axis=1))
        found[f"{name}_recall_at_5"] = clustered(hits, [view.product for view in asked])
    return found


def _garments(rows: Counted, looked: Looked) -> dict[str, Any]:
    if len(rows.single) <= NEAREST:
        return {}
    signs = looked.signs([(picture.path, WHOLE) for picture in rows.single])
    classes = np.array([picture.label for picture in rows.single])
    colours = np.array([rows.colours.get(picture.path, "") for picture in rows.single])
    groups = [picture.group for picture in rows.single]
    painted = np.flatnonzero(colours != "")
    found = {}
    for name, half in zip(("shape", "colour"), signs, strict=True):
        right = precision(nearest_others(half.copy()), classes)
        found[f"{name}_code_class_precision_at_5"] = clustered(right, groups)
        if len(painted) > NEAREST:
            alike = precision(nearest_others(half[painted]), colours[painted])
            named = [groups[row] for row in painted.tolist()]
            found[f"{name}_code_colour_precision_at_5"] = clustered(alike, named)
    return found


def _signs(codes: np.ndarray) -> np.ndarray:
    bits = np.unpackbits(codes.reshape(-1, CODE_BYTES), axis=1)
    return bits.astype(np.float32) * 2 - 1


def _key(cut: Cut) -> tuple[str, tuple[float, ...]]:
    return str(cut[0]), tuple(cut[1])
