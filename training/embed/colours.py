"""Colours of a crop, in the network's own graph: what is ground, and sharp histograms over Lab.

The ground is what can be reached from the border over pixels as bright as it (a shop's white). Two histograms come
out: of what is left, and of the whole crop. Pixels are counted in fine cells, which a Gaussian along each axis spreads
over coarser ones.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

POOL = 4
"""Pixels that are averaged before a colour is counted: 224 becomes 56."""
BRIGHT, LIKE = 200.0, 12.0
"""Ground starts at border pixels whose channels are all above the first, and takes what differs by the second."""
SPREAD_STEPS = 32
"""Steps along rows and columns, in turn, that the ground may take."""
LEAST_CORE, LEAST_SHOWN = 0.02, 0.03
"""Share of the crop below which the edge of what is shown counts too, and below which everything counts."""
REACH = 1.2
"""Cells further than this from every colour of sRGB, in deviations of the Gaussian, are dropped."""


def srgb_to_lab(colours: Tensor) -> Tensor:
    """sRGB [..., 3] in 0..1 to CIE Lab with white D65 (IEC 61966-2-1, CIE 15)."""
    linear = torch.where(colours <= 0.04045, colours / 12.92, ((colours.clamp(min=0.04045) + 0.055) / 1.055) ** 2.4)
    to_xyz = colours.new_tensor([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    white = colours.new_tensor([0.95047, 1.0, 1.08883])
    ratio = (linear @ to_xyz.T) / white
    root = torch.where(ratio > 0.008856, ratio.clamp(min=0.008856) ** (1 / 3), 7.787 * ratio + 16 / 116)
    x, y, z = root.unbind(-1)
    return torch.stack((116 * y - 16, 500 * (x - y), 200 * (y - z)), dim=-1)


class Axis(nn.Module):
    """One axis of Lab: `fine` cells from `low` upwards, and the Gaussian that spreads each over the coarse cells."""

    spread: Tensor
    centres: Tensor

    def __init__(self, low: float, cell: float, fine: int, step: float, deviation: float) -> None:
        super().__init__()
        self.low, self.cell, self.fine = low, cell, fine
        middles = low + cell * (torch.arange(fine) + 0.5)
        centres = low + step * (torch.arange(math.ceil(fine * cell / step)) + 0.5)
        weights = torch.exp(-((middles[None] - centres[:, None]) ** 2) / (2 * deviation**2))
        self.deviation = deviation
        self.register_buffer("centres", centres)
        self.register_buffer("spread", weights / weights.sum(0, keepdim=True))

    def cells(self, values: Tensor) -> Tensor:
        """The fine cell of each value."""
        return ((values - self.low) / self.cell).floor().clamp(0, self.fine - 1)


class Colours(nn.Module):
    """Pixels [B, side, side, 3] uint8 to the square roots of both histograms [B, 2 K]: of what is shown, of all."""

    kept: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.lightness = Axis(0.0, 4.0, 26, 8.0, 6.0)
        self.green_red = Axis(-88.0, 3.0, 63, 6.0, 4.0)
        self.blue_yellow = Axis(-109.0, 3.0, 69, 6.0, 4.0)
        self.register_buffer("kept", self._reachable())

    def _reachable(self) -> Tensor:
        axes = (self.lightness, self.green_red, self.blue_yellow)
        scale = torch.tensor([1 / axis.deviation for axis in axes])
        steps = torch.linspace(0, 1, 40)
        colours = srgb_to_lab(torch.cartesian_prod(steps, steps, steps)) * scale
        cells = torch.cartesian_prod(*(axis.centres for axis in axes)) * scale
        nearest = torch.cat([torch.cdist(part, colours).amin(1) for part in cells.split(256)])
        return torch.nonzero(nearest < REACH).flatten()

    def forward(self, pixels: Tensor) -> Tensor:
        small = functional.avg_pool2d(pixels.permute(0, 3, 1, 2).to(torch.float32), POOL)
        shown = shown_part(small)
        light, green_red, blue_yellow = srgb_to_lab(small.flatten(2).transpose(1, 2) / 255.0).unbind(-1)
        place = self.lightness.cells(light) * self.green_red.fine + self.green_red.cells(green_red)
        place = (place * self.blue_yellow.fine + self.blue_yellow.cells(blue_yellow)).to(torch.int64)
        everything = torch.full_like(shown, 1.0 / shown.shape[1])
        return torch.cat(
            [self._histogram(place, weights) for weights in (shown / shown.sum(1, keepdim=True), everything)], 1
        )

    def _histogram(self, place: Tensor, weights: Tensor) -> Tensor:
        axes = (self.lightness.fine, self.green_red.fine, self.blue_yellow.fine)
        empty = (weights[:, :1] * 0.0).expand(-1, axes[0] * axes[1] * axes[2])  # a constant would lie in the file
        counted = empty.scatter_add(1, place, weights).view(-1, *axes)
        counted = torch.matmul(self.green_red.spread, torch.matmul(counted, self.blue_yellow.spread.T))
        counted = torch.matmul(self.lightness.spread, counted.flatten(2))
        return counted.flatten(1)[:, self.kept].clamp(min=1e-8).sqrt()


def shown_part(small: Tensor) -> Tensor:
    """1 where pixels [B, 3, S, S] in 0..255 belong to what is shown, 0 where to the ground: [B, S * S]."""
    darkest = small.amin(1, keepdim=True)
    edge = torch.zeros(1, 1, *small.shape[2:])
    edge[..., 0, :] = edge[..., -1, :] = edge[..., :, 0] = edge[..., :, -1] = 1.0
    start = edge * (darkest > BRIGHT).to(torch.float32)
    colour = (small * start).sum((2, 3), keepdim=True) / start.sum((2, 3), keepdim=True).clamp(min=1.0)
    alike = ((small - colour).abs().amax(1, keepdim=True) <= LIKE) & (darkest > BRIGHT - LIKE)
    open_to = alike.to(torch.float32)
    ground = start * open_to
    for _ in range(SPREAD_STEPS):
        ground = open_to * functional.max_pool2d(ground, (3, 1), 1, (1, 0))
        ground = open_to * functional.max_pool2d(ground, (1, 3), 1, (0, 1))
    core, shown = 1 - functional.max_pool2d(ground, 3, 1, 1), 1 - ground
    shown = torch.where(core.mean((1, 2, 3), keepdim=True) >= LEAST_CORE, core, shown)
    enough = shown.mean((1, 2, 3), keepdim=True) >= LEAST_SHOWN
    return torch.where(enough, shown, torch.ones_like(shown)).flatten(1)


def histogram_size() -> int:
    """How many numbers `Colours` gives a crop."""
    return 2 * len(Colours().kept)
