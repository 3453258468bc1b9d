"""A feature pyramid joined at stride 8, and the detector's head on it: a score map and a box map a class."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.networks.backbone import CHANNELS, Backbone
from udfs.pictures.detect import CLASSES

STRIDE = 8
RARE = 0.01
"""What the untrained head should answer everywhere, so that the empty cells do not drown the first steps."""
SMALLEST_WEIGHT = 1e-12
FIT_TRUST = 3.0
"""A box that fits half as well has odds lower by two to this power."""
TYPICAL_FIT = 0.75
"""Overlap of a box and the garment's that leaves a score as it is; what the untrained head answers."""
TYPICAL_REACH = 5.0
"""Distance from a garment's centre to its sides, in cells, that the untrained head answers."""


@dataclass
class Answer:
    """`logits` and `fit` [B, C, H, W]; `reach` [B, C, 4, H, W]: left, top, right, bottom distances in canvas pixels.

    `fit` is the logit of how much the cell's box overlaps the garment's.
    """

    logits: Tensor
    reach: Tensor
    fit: Tensor


def block(inputs: int, outputs: int) -> nn.Sequential:
    """A 3x3 layer."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)
    )


def last(inputs: int, outputs: int, answer: float) -> nn.Conv2d:
    """The layer that answers; before any training it says `answer` nearly everywhere."""
    layer = nn.Conv2d(inputs, outputs, 1)
    nn.init.normal_(layer.weight, std=0.01)
    layer.bias = nn.Parameter(torch.full((outputs,), answer))
    return layer


class TopDown(nn.Module):
    """Maps of stride 8, 16 and 32 joined to one [B, width, H, W] of stride 8 (Lin et al. 2017)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.laterals = nn.ModuleList(nn.Conv2d(CHANNELS[f"stride{stride}"], width, 1) for stride in (8, 16, 32))
        self.join = nn.ModuleList((block(width, width), block(width, width)))

    def forward(self, stride8: Tensor, stride16: Tensor, stride32: Tensor) -> Tensor:
        first, second, third = (
            lateral(maps) for lateral, maps in zip(self.laterals, (stride8, stride16, stride32), strict=True)
        )
        joined = self.join[0](second + functional.interpolate(third, scale_factor=2.0, mode="nearest"))
        return self.join[1](first + functional.interpolate(joined, scale_factor=2.0, mode="nearest"))


class Pyramid(nn.Module):
    """Maps of stride 8, 16 and 32 to scores and boxes."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.joined = TopDown(width)
        self.score = nn.Sequential(block(width, width), last(width, len(CLASSES), math.log(RARE / (1 - RARE))))
        self.box = nn.Sequential(block(width, width), last(width, 4 * len(CLASSES), math.log(TYPICAL_REACH)))
        self.fit = last(width, len(CLASSES), math.log(TYPICAL_FIT / (1 - TYPICAL_FIT)))

    def forward(self, stride8: Tensor, stride16: Tensor, stride32: Tensor) -> Answer:
        joined = self.joined(stride8, stride16, stride32)
        sides = self.box[0](joined)
        reach = self.box[1](sides).clamp(max=math.log(80.0))
        return Answer(self.score(joined), reach.unflatten(1, (len(CLASSES), 4)).exp() * STRIDE, self.fit(sides))


def peaks_and_boxes(answer: Answer) -> tuple[Tensor, Tensor]:
    """Scores [B, C, H, W], zero where a neighbour's peak is higher, and boxes [B, C, 4, H, W] in canvas pixels.

    A box is the mean of what its cell and the eight around it say, weighted by the squares of their peaks: they all
    learn the same garment, so that their errors cancel out. So is the fit, by which the odds of a loose box are lower.
    """
    peaks = answer.logits.float().sigmoid()
    highest = functional.max_pool2d(peaks, 3, stride=1, padding=1)
    alone = (peaks == highest).to(peaks.dtype)
    height, width = peaks.shape[2:]
    x = ((torch.arange(width) + 0.5) * STRIDE).view(1, 1, 1, -1)
    y = ((torch.arange(height) + 0.5) * STRIDE).view(1, 1, -1, 1)
    left, top, right, bottom = answer.reach.float().unbind(2)
    boxes = torch.stack((x - left, y - top, x + right, y + bottom), dim=2)
    weight = peaks * peaks
    weights = _around(weight).clamp(min=SMALLEST_WEIGHT)
    said = _around((boxes * weight.unsqueeze(2)).flatten(1, 2)).unflatten(1, boxes.shape[1:3])
    fit = _around(answer.fit.float().sigmoid() * weight) / weights
    favour = (fit / TYPICAL_FIT) ** FIT_TRUST
    scores = peaks * favour / (1 - peaks + peaks * favour)
    return alone * scores, said / weights.unsqueeze(2)


def _around(maps: Tensor) -> Tensor:
    """The mean of each cell and the eight around it; those outside count as 0."""
    return functional.avg_pool2d(maps, 3, stride=1, padding=1)


class Detector(nn.Module):
    """Pixels [B, side, side, 3] uint8 to `peaks_and_boxes`."""

    def __init__(self, backbone: Backbone, head: Pyramid) -> None:
        super().__init__()
        self.backbone, self.head = backbone, head

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        stride8 = self.backbone.first(pixels)
        return peaks_and_boxes(self.head(stride8, *self.backbone.rest(stride8)))
