"""Finds the garment for sale in a picture: a box for each piece, or the whole picture."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, sqrt
from typing import Any

import numpy as np

from schemas.settings import ChoiceSettings

Box = tuple[float, float, float, float]
WHOLE: Box = (0.0, 0.0, 1.0, 1.0)

LESS_LIKELY = 0.5
"""Weight of each next class of a piece: a coat counts before the shirt beneath it, but not a coat's mere shadow."""

ALIKE = 0.5
"""Where no box of a piece is sure, those with this share of the best one's score are taken for parts of one garment."""

MOST_BESIDE = 4
"""Boxes of other classes that are named beside the one that was cut out."""

BOX_STEPS = 10_000
"""Steps across a picture to which a box is rounded in its key: less than a pixel of any picture that is kept."""


@dataclass(frozen=True)
class Cut:
    """A garment in a picture. `place` is the piece's place in the category, 0 for a whole picture."""

    place: int
    name: str | None  # class of the box; None: the whole picture
    box: Box
    score: float


def cuts(picture: dict[str, Any], pieces: Sequence[Sequence[str]], settings: ChoiceSettings) -> list[Cut]:
    """The box of each piece (a tuple of classes, the likeliest first); where none fits any, the whole picture."""
    boxes = [box for box in picture["boxes"] or () if _counts(box, settings)]
    found = [cut for place, piece in enumerate(pieces) if (cut := _cut(boxes, place, piece, settings)) is not None]
    return found or [Cut(0, None, WHOLE, 0.0)]


def why(
    name: str | None,
    score: float,
    boxes: Sequence[dict[str, Any]],
    pieces: Sequence[Sequence[str]],
    settings: ChoiceSettings,
) -> str:
    """In words, why a cut was made: its class and score, which classes were asked for, and what else was there.

    `name` None: the whole picture.
    """
    asked = list(dict.fromkeys(each for piece in pieces if name is None or name in piece for each in piece))
    classes = ", ".join(asked)
    counted = [box for box in boxes if _counts(box, settings) and box["score"] >= settings.box_unsure]
    beside = _beside([box for box in counted if box["class"] not in asked])
    if name is None:
        return f"whole picture: {f'no box of {classes}' if asked else 'no class of box shows this category'}{beside}"
    alike = sum(box["class"] in asked for box in counted)
    chosen = f"{name} {score:.2f}, asked for: {classes}"
    if score < settings.box:
        together = f", what {alike} such boxes cover together" if alike > 1 else ""
        chosen += f"; unsure (below choice.box {settings.box}){together}"
    elif alike > 1:
        chosen += f"; the best of {alike} such boxes"
    return chosen + beside


def _beside(others: Sequence[dict[str, Any]]) -> str:
    if not others:
        return ""
    best = sorted(others, key=lambda box: -box["score"])[:MOST_BESIDE]
    named = [f"{box['class']} {box['score']:.2f}" for box in best]
    more = f" and {len(others) - len(best)} more" if len(others) > len(best) else ""
    return f"; beside it: {', '.join(named)}{more}"


def garment_id(product_id: str, picture: bytes, place: int) -> str:
    """32 hexadecimal digits. A new model moves boxes, and leaves this id as it is."""
    return hashlib.sha256(b"\x00".join([product_id.encode(), picture, str(place).encode()])).hexdigest()[:32]


def vector_key(picture: bytes, box: Sequence[float]) -> bytes:
    """sha256 of the picture's sha256 and the box in steps of 1/10,000 as four little-endian int32."""
    return vector_keys([picture], np.array([box]))[0]


def vector_keys(pictures: Sequence[bytes], boxes: np.ndarray) -> list[bytes]:
    """The same of many pictures with a box (N, 4) each."""
    steps = np.rint(boxes.astype(np.float64) * BOX_STEPS).astype("<i4")
    return [hashlib.sha256(picture + box.tobytes()).digest() for picture, box in zip(pictures, steps, strict=True)]


def _counts(box: dict[str, Any], settings: ChoiceSettings) -> bool:
    corners, score = box["box"], box["score"]
    if corners is None or score is None or not all(map(isfinite, (*corners, score))):
        return False
    return _area(corners) >= settings.box_area


def _area(corners: Sequence[float]) -> float:
    left, top, right, bottom = corners
    return max(right - left, 0.0) * max(bottom - top, 0.0)


def _cut(boxes: Sequence[dict[str, Any]], place: int, piece: Sequence[str], settings: ChoiceSettings) -> Cut | None:
    """The best sure box of a piece; where none is sure, what the unsure ones cover together."""
    fitting = [box for box in boxes if box["class"] in piece]
    sure = [box for box in fitting if box["score"] >= settings.box]
    if sure:
        return _best(sure, place, piece)
    likely = [box for box in fitting if box["score"] >= settings.box_unsure]
    if not likely:
        return None
    best = _best(likely, place, piece)
    highest = max(box["score"] for box in likely)
    corners = np.array([box["box"] for box in fitting if box["score"] >= ALIKE * highest])
    left, top, right, bottom = (float(at) for at in (*corners[:, :2].min(axis=0), *corners[:, 2:].max(axis=0)))
    return Cut(place, best.name, (left, top, right, bottom), highest)


def _best(fitting: Sequence[dict[str, Any]], place: int, piece: Sequence[str]) -> Cut:
    """By score, size (the garment on sale fills its picture) and likeliness of the class; then by its corners."""

    def worth(box: dict[str, Any]) -> tuple[float, list[float]]:
        likely = LESS_LIKELY ** piece.index(box["class"])
        return -box["score"] * sqrt(_area(box["box"])) * likely, box["box"]

    best = min(fitting, key=worth)
    left, top, right, bottom = best["box"]
    return Cut(place, best["class"], (left, top, right, bottom), best["score"])
