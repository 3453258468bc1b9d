"""The embedding network: a deep path for what a garment is, a shallow one for its colours, one unit vector."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from schemas.tables import CODE_BYTES, EMBEDDING_SIZE
from training.networks.backbone import Backbone
from training.networks.features import WIDTH, Pooled

COLOUR_SIZE = 64
SHAPE_SIZE = EMBEDDING_SIZE - COLOUR_SIZE
POOL = 7
"""Pixels that are averaged before the colour is taken: 224 becomes 32."""
SOFTNESS = 14.0
"""Distance in Lab over which a colour counts for a neighbouring bin."""
CENTRE_SPREAD = 0.28
"""A crop's middle is the garment: weights fall off from it by a Gaussian of this share of the side."""
CODE_SEED = 20


def lab_bins() -> Tensor:
    """Centres [K, 3] of the colour bins in CIE Lab: a grid, of which the bins that sRGB can reach are kept."""
    lightness = torch.tensor([10.0, 30.0, 50.0, 70.0, 90.0])
    axis = torch.arange(-80.0, 81.0, 20.0)
    grid = torch.cartesian_prod(lightness, axis, axis)
    steps = torch.linspace(0, 1, 18)
    reachable = srgb_to_lab(torch.cartesian_prod(steps, steps, steps))
    return grid[torch.cdist(grid, reachable).min(dim=1).values < 8.0]


def srgb_to_lab(colours: Tensor) -> Tensor:
    """sRGB [..., 3] in 0..1 to CIE Lab with white D65 (IEC 61966-2-1, CIE 15)."""
    linear = torch.where(colours <= 0.04045, colours / 12.92, ((colours.clamp(min=0.04045) + 0.055) / 1.055) ** 2.4)
    to_xyz = colours.new_tensor([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    white = colours.new_tensor([0.95047, 1.0, 1.08883])
    ratio = (linear @ to_xyz.T) / white
    root = torch.where(ratio > 0.008856, ratio.clamp(min=0.008856) ** (1 / 3), 7.787 * ratio + 16 / 116)
    x, y, z = root.unbind(-1)
    return torch.stack((116 * y - 16, 500 * (x - y), 200 * (y - z)), dim=-1)


class Colours(nn.Module):
    """Pixels [B, 224, 224, 3] uint8 to the square root of a centre-weighted soft histogram over Lab bins [B, K]."""

    bins: Tensor
    weights: Tensor

    def __init__(self, side: int) -> None:
        super().__init__()
        self.register_buffer("bins", lab_bins())
        place = (torch.arange(side // POOL) + 0.5) / (side // POOL) - 0.5
        falloff = torch.exp(-(place**2) / (2 * CENTRE_SPREAD**2))
        weights = falloff[:, None] * falloff[None, :]
        self.register_buffer("weights", (weights / weights.sum()).flatten())

    def forward(self, pixels: Tensor) -> Tensor:
        small = functional.avg_pool2d(pixels.permute(0, 3, 1, 2).to(torch.float32), POOL)
        lab = srgb_to_lab(small.flatten(2).transpose(1, 2) / 255.0)
        squares = (lab**2).sum(2, keepdim=True) - 2 * lab @ self.bins.T + (self.bins**2).sum(1)
        near = torch.softmax(-squares / (2 * SOFTNESS**2), dim=2)
        return torch.matmul(self.weights, near).clamp(min=1e-8).sqrt()


def bin_count() -> int:
    """How many colours the shallow path tells apart."""
    return len(lab_bins())


class Projection(nn.Module):
    """Scaled deep and colour features to their parts of the embedding, each of unit length."""

    deep_mean: Tensor
    deep_inverse: Tensor
    colour_mean: Tensor

    def __init__(self, colours: int) -> None:
        super().__init__()
        self.register_buffer("deep_mean", torch.zeros(WIDTH))
        self.register_buffer("deep_inverse", torch.ones(WIDTH))
        self.register_buffer("colour_mean", torch.zeros(colours))
        self.deep = nn.Linear(WIDTH, SHAPE_SIZE, bias=False)
        self.colour = nn.Linear(colours, COLOUR_SIZE, bias=False)
        self.balance = nn.Parameter(torch.tensor(-0.8))

    def forward(self, deep: Tensor, colours: Tensor) -> tuple[Tensor, Tensor]:
        shape = self.deep((deep - self.deep_mean) * self.deep_inverse)
        colour = self.colour(colours - self.colour_mean)
        return functional.normalize(shape), functional.normalize(colour)

    def join(self, shape: Tensor, colour: Tensor) -> Tensor:
        """One unit vector [B, 256]; its cosine is a weighted mean of the two parts' cosines."""
        share = self.balance.sigmoid()
        return torch.cat(((1 - share).sqrt() * shape, share.sqrt() * colour), dim=1)


@dataclass(frozen=True)
class CodeAxes:
    """Fixed directions whose signs are the codes: [256 parts, 128]."""

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

    def __init__(self, backbone: Backbone, projection: Projection, side: int) -> None:
        super().__init__()
        self.pooled, self.colours, self.projection = Pooled(backbone), Colours(side), projection
        axes = CodeAxes.drawn()
        self.register_buffer("shape_axes", axes.shape)
        self.register_buffer("colour_axes", axes.colour)

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        shape, colour = self.projection(self.pooled(pixels), self.colours(pixels))
        embedding = functional.normalize(self.projection.join(shape, colour))
        return embedding, packed_signs(shape @ self.shape_axes), packed_signs(colour @ self.colour_axes)
