"""The embedding network: class, cut and colour of a crop, each a part of one unit vector.

Class and cut are linear in pooled maps of a frozen backbone, colour in two histograms (`training.embed.colours`).
Class is the square roots of the classes' probabilities, which have unit length as they are: of two crops that are
surely of one class it is the same, whatever else differs. The parts are joined by fixed shares, so that the cosine of
two vectors is the weighted mean of the cosines of their parts.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from schemas.tables import CODE_BYTES, EMBEDDING_SIZE
from training.embed.colours import Colours
from training.networks.backbone import CHANNELS, Backbone, Maps
from training.networks.features import WIDTH, Pooled, moments

CLASS_SIZE, CUT_SIZE = 16, 96
SHAPE_SIZE = CLASS_SIZE + CUT_SIZE
COLOUR_SIZE = EMBEDDING_SIZE - SHAPE_SIZE
BANDS = 3
PLACED_WIDTH = WIDTH + 2 * BANDS * (CHANNELS["stride16"] + CHANNELS["stride32"])
CODE_SEED = 20
SMALLEST = 1e-6
"""Added to probabilities: the root of 0 has no slope."""


class Banded(Pooled):
    """Pixels [B, side, side, 3] uint8 to features [B, PLACED_WIDTH]: moments of every map, then regions of two."""

    def __init__(self, backbone: Backbone) -> None:
        super().__init__(backbone)
        self.fine, self.coarse = Bands(14), Bands(7)

    def forward(self, pixels: Tensor) -> Tensor:
        maps: Maps = self.backbone(pixels)
        return torch.cat((moments(maps), self.fine(maps.stride16), self.coarse(maps.stride32)), 1)


class Bands(nn.Module):
    """Means of a map [B, C, S, S] over overlapping bands: top, middle, bottom, at the sides and between: [B, 6 C].

    Left and right count as one, so that a mirrored picture gives the same.
    """

    shares: Tensor

    def __init__(self, size: int) -> None:
        super().__init__()
        place = (torch.arange(size) + 0.5) / size
        middles = (torch.arange(BANDS) + 0.5) / BANDS
        weights = (1 - (place[None] - middles[:, None]).abs() * BANDS).clamp(min=0.0) + 1e-9
        self.register_buffer("shares", weights / weights.sum(1, keepdim=True))

    def forward(self, channels: Tensor) -> Tensor:
        cells = torch.matmul(torch.matmul(self.shares, channels), self.shares.T)
        sides = (cells[..., 0] + cells[..., 2]) / 2
        return torch.cat((sides, cells[..., 1]), 2).flatten(1)


def parts(kind: Tensor, cut: Tensor, colour: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Logits of the classes, cut and colour as parts of unit length."""
    likely = (kind.softmax(1) + SMALLEST).sqrt()
    return functional.normalize(likely), functional.normalize(cut), functional.normalize(colour)


class Projection(nn.Module):
    """Features of the maps [B, PLACED_WIDTH] and histograms [B, K] to class, cut and colour, each of unit length."""

    def __init__(self, placed: int, histograms: int) -> None:
        super().__init__()
        self.kind = nn.Linear(placed, CLASS_SIZE)
        self.cut = nn.Linear(placed, CUT_SIZE)
        self.colour = nn.Linear(histograms, COLOUR_SIZE)
        self.balance = nn.Parameter(torch.zeros(3))

    def forward(self, placed: Tensor, histograms: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        return parts(self.kind(placed), self.cut(placed), self.colour(histograms))

    def shares(self) -> Tensor:
        """What class, cut and colour count for in a cosine; their sum is 1."""
        return torch.softmax(self.balance, 0)

    def join(self, parts: tuple[Tensor, Tensor, Tensor]) -> Tensor:
        """One unit vector [B, EMBEDDING_SIZE]."""
        return torch.cat([share.sqrt() * part for share, part in zip(self.shares(), parts, strict=True)], 1)


@dataclass(frozen=True)
class CodeAxes:
    """Fixed directions whose signs are the codes: [numbers of the part, 128]."""

    shape: Tensor
    colour: Tensor

    @classmethod
    def drawn(cls) -> "CodeAxes":
        """The same directions wherever they are drawn."""
        generator = np.random.default_rng(CODE_SEED)
        bits = 8 * CODE_BYTES
        shape, colour = (
            torch.from_numpy(generator.standard_normal((size, bits)).astype(np.float32))
            for size in (SHAPE_SIZE, COLOUR_SIZE)
        )
        return cls(shape, colour)


def packed_signs(values: Tensor) -> Tensor:
    """Bits [B, 128] of the signs as bytes [B, 16], the first bit highest."""
    bits = (values > 0).to(torch.float32).unflatten(1, (CODE_BYTES, 8))
    places = torch.tensor([128.0, 64.0, 32.0, 16.0, 8.0, 4.0, 2.0, 1.0])
    return (bits * places).sum(2).to(torch.uint8)


class Embedder(nn.Module):
    """Crops [B, 224, 224, 3] uint8 to embedding [B, 256], shape code and colour code uint8 [B, 16]."""

    shape_axes: Tensor
    colour_axes: Tensor

    def __init__(self, backbone: Backbone, projection: Projection) -> None:
        super().__init__()
        self.placed, self.colours, self.projection = Banded(backbone), Colours(), projection
        axes = CodeAxes.drawn()
        self.register_buffer("shape_axes", axes.shape)
        self.register_buffer("colour_axes", axes.colour)

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        kind, cut, colour = self.projection(self.placed(pixels), self.colours(pixels))
        embedding = functional.normalize(self.projection.join((kind, cut, colour)))
        shape = torch.cat((kind, cut), 1)
        return embedding, packed_signs(shape @ self.shape_axes), packed_signs(colour @ self.colour_axes)
