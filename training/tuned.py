"""A second reading of the image class: the backbone's later blocks, tuned on garments that are turned and mixed.

The blocks before them stay as ImageNet left them: the frozen features share them, and their maps are computed once.
"""

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

from training.backbone import CHANNELS, LAST_OF_STRIDE_8, Backbone, Span
from training.checkpoint import Checkpoint, Parts
from training.features import Pooled, sides_and_between
from training.linear import balanced
from training.progress import Progress
from training.schedule import follow, warm_cosine

MAP_SIDE = 28
"""Cells a side of the maps that are read: those of a picture of 224 px, for which the backbone was trained."""
WIDTH = CHANNELS["top"] + 6 * CHANNELS["stride32"]
STEPS_APART = 1_000_003
"""What is dropped at random depends on seed and step alone, so that a resumed run gives the same weights."""
SCORING_BATCH = 64


@dataclass(frozen=True)
class Plan:
    """What a training run is made of; the same plan and data give the same weights."""

    steps: int = 2000
    batch: int = 32
    rate: float = 3e-3
    """Of a tensor of weights, in units of its own root mean square."""
    bias_rate: float = 3e-4
    head_rate: float = 1e-3
    head_decay: float = 0.05
    warm_up: int = 80
    dropout: float = 0.3
    smoothing: float = 0.1
    mixing: float = 0.3
    ema: float = 0.995
    balance: float = 0.35
    seed: int = 7


@dataclass(frozen=True)
class Examples:
    """Maps float32 [N, 40, MAP_SIDE, MAP_SIDE], their classes int64 [N], and how often each is drawn [N]."""

    maps: np.ndarray
    classes: np.ndarray
    chances: np.ndarray

    @classmethod
    def of(cls, kinds: Sequence[tuple[float, np.ndarray, np.ndarray]], balance: float) -> "Examples":
        """`kinds`: the share of what is drawn, maps and classes of each kind of example."""
        kinds = [kind for kind in kinds if len(kind[2])]
        chances = [share * weights / weights.sum() for share, _, classes in kinds
                   for weights in (balanced(classes, balance).astype(np.float64),)]  # fmt: skip
        joined = np.concatenate(chances)
        maps, classes = (np.concatenate([kind[at] for kind in kinds]) for at in (1, 2))
        return cls(maps, classes, joined / joined.sum())


class Early(Pooled):
    """Pixels [B, side, side, 3] uint8 to the maps [B, 40, MAP_SIDE, MAP_SIDE] that `Later` reads."""

    def forward(self, pixels: Tensor) -> Tensor:
        return resized(self.backbone.blocks(self.backbone.stem(pixels), Span(0, LAST_OF_STRIDE_8)))


def resized(stride8: Tensor) -> Tensor:
    """The backbone's maps of stride 8 at the size that `Later` reads."""
    return functional.interpolate(stride8, (MAP_SIDE, MAP_SIDE), mode="bilinear", align_corners=False)


class Later(nn.Module):
    """Maps [B, 40, MAP_SIDE, MAP_SIDE] to logits [B, classes]; its batch norms are part of the weights."""

    def __init__(self, classes: int, dropout: float) -> None:
        super().__init__()
        network = Backbone().eval().network
        self.blocks = nn.ModuleList(_without_norms(block) for block in network._blocks[LAST_OF_STRIDE_8 + 1 :])
        self.top = fuse_conv_bn_eval(network._conv_head, network._bn1)
        self.activation = network._swish
        self.scaled = nn.BatchNorm1d(WIDTH)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(WIDTH, classes)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, maps: Tensor) -> Tensor:
        for block in self.blocks:
            maps = block(maps)
        cells = functional.avg_pool2d(maps, 3, 2)  # three by three of seven by seven, which overlap
        pooled = torch.cat((self.activation(self.top(maps)).mean((2, 3)), sides_and_between(cells)), 1)
        return self.head(self.dropout(self.scaled(pooled)))

    def logits(self, maps: np.ndarray) -> np.ndarray:
        """Unnormalised answers float32 [N, C] to maps [N, 40, MAP_SIDE, MAP_SIDE]."""
        self.eval()
        with torch.no_grad():
            parts = [self(torch.from_numpy(maps[at : at + SCORING_BATCH])) for at in range(0, len(maps), SCORING_BATCH)]
        return torch.cat(parts).numpy()


def _without_norms(block: nn.Module) -> nn.Module:
    for layer, norm in (("_expand_conv", "_bn0"), ("_depthwise_conv", "_bn1"), ("_project_conv", "_bn2")):
        setattr(block, layer, fuse_conv_bn_eval(getattr(block, layer), getattr(block, norm)))
        setattr(block, norm, nn.Identity())
    return block


def train(plan: Plan, examples: Examples, classes: int, checkpoint: Checkpoint) -> Later:
    """The averaged network (EMA) after `plan.steps` steps; goes on from the checkpoint where there is one."""
    later = Later(classes, plan.dropout)
    later.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    average = copy.deepcopy(later)
    optimiser = torch.optim.AdamW(_groups(later, plan), betas=(0.9, 0.99))
    rates = [group["lr"] for group in optimiser.param_groups]
    parts: Parts = {"later": later, "average": average, "optimiser": optimiser}
    progress = Progress("later blocks", plan.steps)
    for step in range(checkpoint.restore(parts), plan.steps):
        torch.manual_seed(plan.seed * STEPS_APART + step)
        maps, truth = batch_of(step, plan, examples, classes)
        for group, rate in zip(optimiser.param_groups, rates, strict=True):
            group["lr"] = rate * warm_cosine(step, plan.steps, plan.warm_up)
        later.train()
        loss = functional.cross_entropy(later(maps), truth)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        follow(average, later, min(plan.ema, (step + 1) / (step + 10)))
        progress.reached(step + 1, f"loss {loss.item():.3f}")
        checkpoint.save(step + 1, parts)
    return average.eval()


def _groups(later: Later, plan: Plan) -> list[dict[str, object]]:
    """Each tensor of weights learns at a rate of its own: fused norms leave them of very different sizes."""
    head = list(later.head.parameters())
    body = [value for name, value in later.named_parameters() if not name.startswith("head.")]
    weights = [
        {"params": [value], "lr": plan.rate * float(value.detach().square().mean().sqrt()), "weight_decay": 0.0}
        for value in body
        if value.dim() > 1
    ]
    biases = [value for value in body if value.dim() == 1]
    return [
        *weights,
        {"params": biases, "lr": plan.bias_rate, "weight_decay": 0.0},
        {"params": head, "lr": plan.head_rate, "weight_decay": plan.head_decay},
    ]


def batch_of(step: int, plan: Plan, examples: Examples, classes: int) -> tuple[Tensor, Tensor]:
    """Turned maps, each mixed with another's, and the chances [B, C] of their classes; by plan and step alone."""
    generator = np.random.default_rng([plan.seed, step])
    rows = generator.choice(len(examples.classes), plan.batch, p=examples.chances)
    maps = turned(torch.from_numpy(examples.maps[rows]), generator)
    known = functional.one_hot(torch.from_numpy(examples.classes[rows]), classes).float()
    truth = known * (1 - plan.smoothing) + plan.smoothing / classes
    share = float(generator.beta(plan.mixing, plan.mixing))
    other = torch.from_numpy(generator.permutation(plan.batch))
    mixed = share * maps + (1 - share) * maps[other]
    return mixed.contiguous(memory_format=torch.channels_last), share * truth + (1 - share) * truth[other]


def turned(maps: Tensor, generator: np.random.Generator) -> Tensor:
    """Maps [B, C, S, S] mirrored, turned by some ten degrees, zoomed and shifted at random; edges reach outwards."""
    count = len(maps)
    angle = generator.normal(0, math.radians(10), count)
    zoom = np.exp(generator.uniform(math.log(0.8), math.log(1.25), count))
    mirrored = np.where(generator.random(count) < 0.5, -1, 1)
    turn = np.zeros((count, 2, 3), np.float32)
    turn[:, 0, 0], turn[:, 0, 1] = np.cos(angle) / zoom * mirrored, -np.sin(angle) / zoom
    turn[:, 1, 0], turn[:, 1, 1] = np.sin(angle) / zoom * mirrored, np.cos(angle) / zoom
    turn[:, :, 2] = generator.uniform(-0.12, 0.12, (count, 2))
    grid = functional.affine_grid(torch.from_numpy(turn), list(maps.shape), align_corners=False)
    return functional.grid_sample(maps, grid, padding_mode="border", align_corners=False)


def weights_of(readings: Sequence[np.ndarray], classes: np.ndarray) -> list[float]:
    """What logits [N, C] of several readings are multiplied by so that their sum is likeliest to be right."""
    answers, truth = torch.from_numpy(np.stack(readings)), torch.from_numpy(classes)
    weights = torch.full((len(readings),), 1 / len(readings), requires_grad=True)
    optimiser = torch.optim.LBFGS([weights], max_iter=100, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimiser.zero_grad()
        loss = functional.cross_entropy(torch.tensordot(weights, answers, 1), truth)
        loss.backward()
        return loss

    optimiser.step(closure)
    return weights.tolist()
