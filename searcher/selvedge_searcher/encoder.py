"""A version's own encoder: finds garments in a photo and embeds them exactly like those of the catalog."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from selvedge_searcher.boxes import Box, boxes
from selvedge_searcher.errors import EncoderMismatch
from selvedge_searcher.lake import Lake
from selvedge_searcher.manifest import EncoderFiles
from selvedge_searcher.network import Network
from selvedge_searcher.photo import PROFILES_APPLIED, PROFILES_IGNORED, Photo
from selvedge_searcher.preprocessing import crop, letterbox, opened_side

WHOLE = (0.0, 0.0, 1.0, 1.0)


@dataclass(frozen=True)
class Seen:
    """One garment of a photo. `class_name` is None if no garment was found and the whole photo is used."""

    class_name: str | None
    score: float
    box: tuple[float, ...]  # left, top, right, bottom in 0..1
    vector: np.ndarray  # (256,) float32, unit length
    shape_code: np.ndarray  # (16,) uint8
    colour_code: np.ndarray  # (16,) uint8


class Encoder:
    """The detector and the embedding model of `encoders/<digest>/`. Their golden answers are checked on loading."""

    def __init__(self, lake: Lake, listed: EncoderFiles, threads: int = 0) -> None:
        """`threads` per network; 0: all cores. Raises EncoderMismatch if the folder is not that of the version."""
        self.digest = listed.digest
        root = f"encoders/{listed.digest}/"
        contents = lake.proven(listed.files)
        named = {file.path.removeprefix(root): file for file in listed.files}
        digests = {name: named[name].sha256 for name in sorted(named) if name != "encoder.json"}
        if hashlib.sha256(json.dumps(digests).encode()).hexdigest() != listed.digest:
            raise EncoderMismatch(f"{root}: its files do not match this digest")
        parts: dict[str, dict[str, bytes]] = {}
        for name, file in named.items():
            part, _, place = name.rpartition("/")
            parts.setdefault(part, {})[place] = contents[file.path]
        self._detect = Network("detect", parts.get("detect", {}), threads)
        self._embed = Network("embed", parts.get("embed", {}), threads)
        self._pixels = _pixels(parts.get("", {}).get("pixels.json"))

    def look(self, image: bytes | str | Path | np.ndarray) -> list[Seen]:
        """All garments of a photo, best first, or the whole photo if none is found. Raises PhotoRefused."""
        photo = Photo(image, self._pixels)
        floor = float(self._detect.card["thresholds"].get("score", 0.0))
        found = [box for box in self._boxes(photo) if box.score >= floor]
        return self._embedded(photo, found or [Box(-1, 0.0, WHOLE)])

    def encode(self, image: bytes | str | Path | np.ndarray, box: Sequence[float] | None = None) -> np.ndarray:
        """The (256,) unit vector of what lies in `box`, or of the photo's best garment. Raises PhotoRefused."""
        if box is None:
            return self.look(image)[0].vector
        if len(box) != 4 or not (0 <= box[0] < box[2] <= 1 and 0 <= box[1] < box[3] <= 1):
            raise ValueError(f"a box is left, top, right, bottom in 0..1 of the photo, not {tuple(box)}")
        return self._embedded(Photo(image, self._pixels), [Box(-1, 0.0, tuple(box))])[0].vector

    def _boxes(self, photo: Photo) -> list[Box]:
        canvas, placement = letterbox(photo.pixels(self._detect.side), self._detect.side)
        answers = self._detect.run(canvas[None])
        return boxes(answers["scores"][0], answers["boxes"][0], placement)

    def _embedded(self, photo: Photo, found: list[Box]) -> list[Seen]:
        side = self._embed.side
        crops = [crop(photo.pixels(opened_side(side, box.corners)), box.corners, side) for box in found]
        answers = self._embed.run(np.stack(crops))
        names = self._detect.card["classes"]["boxes"]
        return [
            Seen(names[box.class_index] if box.class_index >= 0 else None, box.score, box.corners, *row)
            for box, *row in zip(
                found, answers["embedding"], answers["shape_code"], answers["colour_code"], strict=True
            )
        ]


def _pixels(said: pa.Buffer | None) -> int:
    """The revision of how the catalog's pictures were opened; versions before the first revision said none."""
    if said is None:
        return PROFILES_IGNORED
    revision = json.loads(said.to_pybytes()).get("revision")
    if revision not in (PROFILES_IGNORED, PROFILES_APPLIED):
        raise EncoderMismatch(f"this package does not know how to open pictures by revision {revision}; upgrade it")
    return int(revision)
