"""Pooled features of the frozen backbone: one vector a picture, computed once and kept on disk."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from training.networks.backbone import CHANNELS, Backbone, Maps, imagenet
from training.networks.export import export
from training.progress import Progress
from udfs.pictures.decode import PIXELS_REVISION
from udfs.runtime.device import Device
from udfs.runtime.sessions import Session, open_session

WIDTH = 2 * sum(CHANNELS.values())
BATCH = 16
CHUNK = 512
"""Pictures a file of the cache: what a kill can lose."""
SMALLEST_VARIANCE = 1e-6


class Pooled(nn.Module):
    """Pixels [B, side, side, 3] uint8 to features [B, WIDTH]: the moments of every map."""

    def __init__(self, backbone: Backbone) -> None:
        super().__init__()
        self.backbone = backbone

    def forward(self, pixels: Tensor) -> Tensor:
        return moments(self.backbone(pixels))


class Placed(Pooled):
    """Pixels to features that also say where: moments as `Pooled`, then the regions of the two coarser maps.

    A dress and a top, trousers and shorts differ in outline more than in anything that a mean over the picture keeps.
    `side` is a multiple of 96, so that the regions are whole cells of each map.
    """

    def forward(self, pixels: Tensor) -> Tensor:
        return placed(self.backbone(pixels))


def placed(maps: Maps) -> Tensor:
    """Moments of every map, then the regions of the two coarser ones."""
    return torch.cat((moments(maps), regions(maps.stride16), regions(maps.stride32)), 1)


def moments(maps: Maps) -> Tensor:
    """Mean, then deviation, of every channel of every map: [B, WIDTH]."""
    mean = torch.cat([kept.mean((2, 3)) for kept in maps], 1)
    square = torch.cat([(kept * kept).mean((2, 3)) for kept in maps], 1)
    return torch.cat((mean, (square - mean * mean).clamp(min=SMALLEST_VARIANCE).sqrt()), 1)


def regions(channels: Tensor) -> Tensor:
    """Means of a map [B, C, S, S] over top, middle and bottom, at the sides and in between: [B, 6 C].

    Left and right count as one, so that a mirrored picture gives the same.
    """
    cells = functional.avg_pool2d(channels, int(channels.shape[3]) // 3)
    sides, between = (cells[..., 0] + cells[..., 2]) / 2, cells[..., 1]
    return torch.cat((sides, between), 2).flatten(1)


Run = Callable[[Sequence[np.ndarray]], np.ndarray]
"""Answers to up to BATCH pictures, one row each."""


@dataclass(frozen=True)
class Input:
    """One picture to be read: `key` names it and what is done to it, `read` gives (side, side, 3) uint8."""

    key: str
    read: Callable[[], np.ndarray]


def cached(inputs: Sequence[Input], name: str, side: int, folder: Path, pooling: type[Pooled] = Pooled) -> np.ndarray:
    """Features float32 [N, D] of `inputs`; a killed call goes on where it was.

    `name` is the cache's: what is done to the pictures, and by which `pooling`.
    """
    place = folder / f"features-{name}-{side}"
    place.mkdir(parents=True, exist_ok=True)
    return in_chunks(inputs, place, f"features {name}", _Extractor(place / "backbone.onnx", side, pooling).run)


def in_chunks(inputs: Sequence[Input], place: Path, name: str, run: Run) -> np.ndarray:
    """What `run` answers to `inputs`, float32 [N, ...]; chunks that are in the folder `place` are read."""
    progress = Progress(name, len(inputs))
    found = []
    for start in range(0, len(inputs), CHUNK):
        chunk = inputs[start : start + CHUNK]
        found.append(_chunk(chunk, place, run))
        progress.reached(start + len(chunk))
    return np.concatenate(found).astype(np.float32)


def _chunk(chunk: Sequence[Input], place: Path, run: Run) -> np.ndarray:
    named = [PIXELS_REVISION, *(item.key for item in chunk)]
    key = hashlib.sha256(json.dumps(named).encode()).hexdigest()[:16]
    path = place / f"{key}.npy"
    if path.exists():
        return np.load(path, allow_pickle=False)
    parts = [run([item.read() for item in chunk[i : i + BATCH]]) for i in range(0, len(chunk), BATCH)]
    features = np.concatenate(parts).astype(np.float16)
    fresh = path.with_suffix(".new.npy")
    np.save(fresh, features)
    fresh.replace(path)
    return features


class _Extractor:
    """The backbone in ONNX Runtime, made when the first picture is asked for."""

    def __init__(self, graph: Path, side: int, pooling: type[Pooled]) -> None:
        self.graph, self.side, self.pooling = graph, side, pooling
        self._session: Session | None = None

    def run(self, pictures: Sequence[np.ndarray]) -> np.ndarray:
        batch = np.zeros((BATCH, self.side, self.side, 3), np.uint8)
        batch[: len(pictures)] = np.stack(pictures)
        if self._session is None:
            export(self.pooling(imagenet()), torch.from_numpy(batch), self.graph, ["features"])
            self._session = open_session(self.graph.read_bytes(), Device("cpu"))
        return self._session.run(batch)["features"][: len(pictures)]
