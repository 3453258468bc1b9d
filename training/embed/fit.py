"""Fits the three heads on features that are kept: class with labels, cut and colour with views of products."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from training.checkpoint import Checkpoint, Parts
from training.embed.network import CLASS_SIZE, COLOUR_SIZE, CUT_SIZE, Projection, parts
from training.embed.rows import CLASSES, Row
from training.linear import Scaler
from training.progress import Progress

STEPS_APART = 1_000_003
"""What is drawn depends on seed and step alone, so that a resumed run gives the same weights."""


@dataclass(frozen=True)
class Plan:
    """What a training run is made of. Every number was chosen on the sources `training.embed.rows.CHOICE`."""

    steps: int = 700
    batch: int = 192
    rate: float = 1e-3
    kind_rate: float = 3e-3
    heat: float = 0.06
    pull: float = 2e-4
    """Back to the principal components that cut and colour start from."""
    drop: float = 0.2
    """Share of the components that a step leaves out."""
    placed: int = 768
    painted: int = 256
    placed_power: float = -0.7
    painted_power: float = -0.35
    """Each component is multiplied by its deviation to this power: -1 whitens, 0 leaves it."""
    alone: float = 0.5
    """Cut and colour each also learn alone, by this share of the whole vector's loss."""
    labels: float = 1.0
    smoothing: float = 0.0
    same_source: float = 0.6
    """Share of the steps whose products come from a few sources only: a shop's ground must not tell them apart."""
    kind_heat: float = 2.0
    """The logits of the classes are divided by it in the vector: an unsure class must not part two views."""
    shares: tuple[float, float, float] = (0.5, 0.3, 0.2)
    """What class, cut and colour count for in the whole vector."""
    seed: int = 7


@dataclass(frozen=True)
class Basis:
    """Principal components of features [N, D]: `features @ matrix.T + offset` has mean 0, about 1 in the middle."""

    matrix: np.ndarray
    offset: np.ndarray

    @classmethod
    def of(cls, features: np.ndarray, count: int, power: float, scaler: Scaler | None) -> "Basis":
        """The `count` strongest components, each multiplied by its deviation to the `power`."""
        scaler = scaler or Scaler(features.mean(0), np.ones(features.shape[1], np.float32))
        torch.manual_seed(0)
        _, size, directions = torch.svd_lowrank(torch.from_numpy(scaler.apply(features)), q=count + 24, niter=2)
        deviation = size[:count].numpy() / np.sqrt(len(features))
        weight = deviation ** (power + 1)
        scale = deviation**power / np.sqrt((weight**2).mean())
        matrix = (directions[:, :count].numpy() * scale).T * scaler.inverse
        return cls(matrix.astype(np.float32), -(matrix @ scaler.mean).astype(np.float32))

    def apply(self, features: np.ndarray) -> np.ndarray:
        """Components float32 [N, count]."""
        return features @ self.matrix.T + self.offset

    def folded(self, head: nn.Linear) -> nn.Linear:
        """The head of components as one layer over the features themselves."""
        layer = nn.Linear(self.matrix.shape[1], head.out_features)
        weight = head.weight.detach().numpy()
        bias = 0 if head.bias is None else head.bias.detach().numpy()
        layer.weight.data.copy_(torch.from_numpy(weight @ self.matrix))
        layer.bias.data.copy_(torch.from_numpy(weight @ self.offset + bias))
        return layer


@dataclass(frozen=True)
class Learnt:
    """What is learnt from: components of N rows; `products`: rows and source of those with two rows or more."""

    placed: Tensor
    painted: Tensor
    products: list[tuple[str, np.ndarray]]
    labelled: np.ndarray
    labels: np.ndarray
    weights: np.ndarray

    @classmethod
    def of(cls, placed: np.ndarray, painted: np.ndarray, rows: Sequence[Row]) -> "Learnt":
        """Components of the rows, and what the rows say."""
        names = list(CLASSES)
        found: dict[str, list[int]] = {}
        for place, row in enumerate(rows):
            if row.product is not None:
                found.setdefault(row.product, []).append(place)
        products = [(rows[kept[0]].source, np.array(kept)) for _, kept in sorted(found.items()) if len(kept) > 1]
        labelled = np.array([place for place, row in enumerate(rows) if row.label in CLASSES])
        labels = np.array([names.index(str(rows[place].label)) for place in labelled])
        weights = np.array([rows[place].weight for place in labelled])
        rarity = (1 / np.maximum(np.bincount(labels, weights, len(names)), 1e-9)) ** 0.6
        shares = weights * rarity[labels]
        return cls(
            torch.from_numpy(placed), torch.from_numpy(painted), products, labelled, labels, shares / shares.sum()
        )


class Heads(nn.Module):
    """Linear heads on components."""

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self.kind_heat = plan.kind_heat
        self.kind = nn.Linear(plan.placed, CLASS_SIZE)
        self.cut = nn.Linear(plan.placed, CUT_SIZE, bias=False)
        self.colour = nn.Linear(plan.painted, COLOUR_SIZE, bias=False)
        nn.init.normal_(self.kind.weight, std=0.02)
        for head in (self.cut, self.colour):
            nn.init.eye_(head.weight)

    def forward(self, placed: Tensor, painted: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        return parts(self.kind(placed) / self.kind_heat, self.cut(placed), self.colour(painted))


def projection_of(heads: Heads, plan: Plan, placed: Basis, painted: Basis) -> Projection:
    """The heads as layers over the features."""
    found = Projection(placed.matrix.shape[1], painted.matrix.shape[1])
    found.kind, found.cut, found.colour = (
        placed.folded(heads.kind),
        placed.folded(heads.cut),
        painted.folded(heads.colour),
    )
    for values in (found.kind.weight, found.kind.bias):
        values.data.div_(plan.kind_heat)
    found.balance.data.copy_(torch.tensor(plan.shares).log())
    return found


def joined(parts: Sequence[Tensor], shares: Sequence[float]) -> Tensor:
    """One unit vector of the parts, as `Projection.join`."""
    return torch.cat([share**0.5 * part for share, part in zip(shares, parts, strict=True)], 1)


def fit(plan: Plan, learnt: Learnt, checkpoint: Checkpoint) -> Heads:
    """The heads after `plan.steps` steps."""
    torch.manual_seed(plan.seed)
    heads = Heads(plan)
    start = {name: value.detach().clone() for name, value in heads.named_parameters() if not name.startswith("kind")}
    rates = {plan.kind_rate: [*heads.kind.parameters()], plan.rate: [heads.cut.weight, heads.colour.weight]}
    optimiser = torch.optim.AdamW(
        [{"params": found, "lr": rate, "highest": rate} for rate, found in rates.items()], weight_decay=0.0
    )
    state: Parts = {"heads": heads, "optimiser": optimiser}
    draw = Draw.of(plan, learnt)
    progress = Progress("embed", plan.steps)
    for step in range(checkpoint.restore(state), plan.steps):
        torch.manual_seed(plan.seed * STEPS_APART + step)
        for group in optimiser.param_groups:
            group["lr"] = group["highest"] * min(1.0, (step + 1) / 50) * (1 - step / plan.steps)
        loss = views_loss(plan, heads, learnt, draw.pairs(step)) + plan.labels * class_loss(
            plan, heads, learnt, draw.labelled(step)
        )
        away = sum(((value - start[name]) ** 2).sum() for name, value in heads.named_parameters() if name in start)
        optimiser.zero_grad()
        (loss + plan.pull * away).backward()
        optimiser.step()
        progress.reached(step + 1, f"loss {loss.item():.3f}")
        checkpoint.save(step + 1, state)
    return heads.eval()


@dataclass(frozen=True)
class Draw:
    """Which rows a step sees."""

    plan: Plan
    learnt: Learnt
    sources: list[np.ndarray]
    """The products of each source that has at least eight."""
    shares: np.ndarray
    """How often each product is drawn: those of a large source less."""

    @classmethod
    def of(cls, plan: Plan, learnt: Learnt) -> "Draw":
        """Sources of `learnt`, with the square root of their sizes as their share."""
        names = np.array([source for source, _ in learnt.products])
        every = [np.flatnonzero(names == name) for name in sorted(set(names.tolist()))]
        shares = np.zeros(len(names))
        for places in every:
            shares[places] = len(places) ** -0.5
        return cls(plan, learnt, [places for places in every if len(places) >= 8], shares / shares.sum())

    def pairs(self, step: int) -> np.ndarray:
        """Two rows [2, P] each of up to `plan.batch` products."""
        generator = np.random.default_rng([self.plan.seed, step])
        if generator.random() < self.plan.same_source:
            sizes = np.sqrt([len(places) for places in self.sources])
            chosen: list[int] = []
            for source in generator.choice(len(self.sources), 3, False, sizes / sizes.sum()).tolist():
                chosen.extend(generator.permutation(self.sources[source])[: self.plan.batch // 3].tolist())
        else:
            count = min(self.plan.batch, len(self.shares))
            chosen = generator.choice(len(self.shares), count, False, self.shares).tolist()
        found = [generator.choice(self.learnt.products[place][1], 2, False) for place in chosen]
        return np.stack(found, axis=1)

    def labelled(self, step: int) -> np.ndarray:
        """Places in `learnt.labelled`."""
        generator = np.random.default_rng([self.plan.seed, step, 1])
        return generator.choice(len(self.learnt.labelled), 2 * self.plan.batch, True, self.learnt.weights)


def views_loss(plan: Plan, heads: Heads, learnt: Learnt, pairs: np.ndarray) -> Tensor:
    """InfoNCE of the whole vector, and of cut and colour alone; the class learns from labels only."""
    placed, painted = kept_part(plan, learnt.placed.shape[1]), kept_part(plan, learnt.painted.shape[1])
    left, right = (heads(learnt.placed[rows] * placed, learnt.painted[rows] * painted) for rows in pairs)
    whole = [joined((kind.detach(), cut, colour), plan.shares) for kind, cut, colour in (left, right)]
    total = told_apart(whole[0], whole[1], plan.heat)
    for part in (1, 2):
        total = total + plan.alone * told_apart(left[part], right[part], 0.1)
    return total


def told_apart(left: Tensor, right: Tensor, heat: float) -> Tensor:
    """Each of `left` is nearest to its own of `right`, and the other way round."""
    likeness, truth = left @ right.T / heat, torch.arange(len(left))
    return functional.cross_entropy(likeness, truth) + functional.cross_entropy(likeness.T, truth)


def class_loss(plan: Plan, heads: Heads, learnt: Learnt, places: np.ndarray) -> Tensor:
    """Cross-entropy of the classes."""
    rows, labels = learnt.labelled[places], torch.from_numpy(learnt.labels[places])
    logits = heads.kind(learnt.placed[rows] * kept_part(plan, learnt.placed.shape[1]))
    return functional.cross_entropy(logits, labels, label_smoothing=plan.smoothing)


def kept_part(plan: Plan, size: int) -> Tensor:
    """Which components [size] a step sees, scaled so that their sum stays."""
    return (torch.rand(size) >= plan.drop).to(torch.float32) / (1 - plan.drop)
