"""Feature maps of the frozen backbone, computed once and kept on disk: training reads them instead of pixels."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from training.data.tables import read_picture
from training.networks.backbone import CHANNELS, Backbone, imagenet
from training.networks.export import export
from training.progress import Progress
from udfs.pictures.decode import PIXELS_REVISION
from udfs.pictures.preprocess import letterbox
from udfs.runtime.device import Device
from udfs.runtime.sessions import open_session

BATCH = 16
STRIDES = (8, 16, 32)


@dataclass(frozen=True)
class MapCache:
    """For each stride fp16 [2 * pictures, channels, side / stride, side / stride]; the second half is mirrored."""

    maps: tuple[np.ndarray, ...]
    pictures: int

    def read(self, indices: np.ndarray, mirrored: np.ndarray) -> list[Tensor]:
        """Maps of the pictures `indices` [B], mirrored where `mirrored` [B] says so, as fp32."""
        rows = indices + mirrored * self.pictures
        return [torch.from_numpy(np.stack([kept[row] for row in rows])).float() for kept in self.maps]


class _Mapper(nn.Module):
    def __init__(self, backbone: Backbone) -> None:
        super().__init__()
        self.backbone = backbone

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        maps = self.backbone(pixels)
        return maps.stride8, maps.stride16, maps.stride32


def cached(paths: Sequence[Path], side: int, folder: Path) -> MapCache:
    """Compute the maps of `paths`, letterboxed to `side`, or read them; a killed call goes on where it was."""
    named = [PIXELS_REVISION, side, *(path.name for path in paths)]
    key = hashlib.sha256(json.dumps(named).encode()).hexdigest()[:12]
    place = folder / f"maps-{key}"
    place.mkdir(parents=True, exist_ok=True)
    maps = tuple(_open(place / f"stride{stride}.npy", 2 * len(paths), stride, side) for stride in STRIDES)
    done = place / "done.txt"
    start = int(done.read_text()) if done.exists() else 0
    if start < len(paths):
        _fill(paths, side, maps, done)
    return MapCache(maps, len(paths))


def _open(path: Path, rows: int, stride: int, side: int) -> np.ndarray:
    if path.exists():
        return np.lib.format.open_memmap(path, "r+")
    shape = (rows, CHANNELS[f"stride{stride}"], side // stride, side // stride)
    return np.lib.format.open_memmap(path, "w+", np.float16, shape)


def _fill(paths: Sequence[Path], side: int, maps: tuple[np.ndarray, ...], done: Path) -> None:
    graph = done.with_name("backbone.onnx")
    blank = np.zeros((BATCH, side, side, 3), np.uint8)
    export(_Mapper(imagenet()), torch.from_numpy(blank), graph, [f"stride{stride}" for stride in STRIDES])
    session = open_session(graph.read_bytes(), Device("cpu"))
    start = int(done.read_text()) if done.exists() else 0
    progress = Progress("feature maps", len(paths))
    half = BATCH // 2
    for first in range(start, len(paths), half):
        chosen = range(first, min(first + half, len(paths)))
        batch = blank.copy()
        for slot, index in enumerate(chosen):
            batch[slot] = letterbox(read_picture(paths[index]), side)[0]
            batch[half + slot] = batch[slot, :, ::-1]
        for kept, computed in zip(maps, session.run(batch).values(), strict=True):
            kept[chosen.start : chosen.stop] = computed[: len(chosen)]
            kept[len(paths) + chosen.start : len(paths) + chosen.stop] = computed[half : half + len(chosen)]
        done.write_text(str(chosen.stop))
        progress.reached(chosen.stop)
