"""Train the embedding: `python -m training.embed.train --data CATALOG --out models`.

The backbone is frozen. A projection of its features and one of the colour histogram learn that two views of one
product are nearer than any other product (InfoNCE); products with one view learn from a mirrored crop.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from schemas.tables import EMBEDDING_SIZE
from training.checkpoint import Checkpoint, Parts
from training.data.split import VALIDATION_SHARE, Part, part_of
from training.data.tables import read_picture
from training.data.views import View, read_views, recall
from training.embed.card import embed_card
from training.embed.network import SHAPE_SIZE, Colours, Embedder, Projection
from training.linear import Scaler
from training.networks.backbone import imagenet
from training.networks.features import Input, cached
from training.progress import Progress
from training.release.release import Release, promote, write_release
from udfs.pictures.crops import WHOLE, crop

SIDE = 224
"""Pixels that the network reads, each way."""

SALT = "embed363"
"""Among 400 salts the one whose validation part has most sources at about a quarter of the products with views."""


STEPS_APART = 1_000_003
"""What is dropped at random depends on seed and step alone, so that a resumed run gives the same weights."""


@dataclass(frozen=True)
class Plan:
    """What a training run is made of."""

    steps: int = 600
    batch: int = 192
    rate: float = 1e-3
    heat: float = 0.07
    decay: float = 0.1
    dropout: float = 0.2
    seed: int = 7


@dataclass(frozen=True)
class Features:
    """For N views: `deep` [N, D] and `colours` [N, K], of the crop and of the crop mirrored (`[2, N, ...]`)."""

    deep: np.ndarray
    colours: np.ndarray


def features_of(views: Sequence[View], boxes: Sequence[Sequence[float]], work: Path) -> Features:
    """Features of every view's crop, kept on disk."""
    colours = Colours(SIDE)
    found_deep, found_colours = [], []
    for mirrored in (False, True):
        inputs = [_input(view, box, mirrored) for view, box in zip(views, boxes, strict=True)]
        found_deep.append(cached(inputs, f"crop-{int(mirrored)}", SIDE, work))
    place = work / "features-colours.npy"
    key = np.array([list(box) for box in boxes], dtype=np.float32)
    kept = _kept(place, key)
    if kept is None:
        for start in range(0, len(views), 64):
            batch = np.stack([item.read() for item in inputs[start : start + 64]])
            with torch.no_grad():
                found_colours.append(colours(torch.from_numpy(batch)).numpy())
        kept = np.concatenate(found_colours)
        np.savez(place.with_suffix(".npz"), key=key, colours=kept)
    return Features(np.stack(found_deep), kept)


def _kept(place: Path, key: np.ndarray) -> np.ndarray | None:
    path = place.with_suffix(".npz")
    if not path.exists():
        return None
    with np.load(path, allow_pickle=False) as saved:
        return saved["colours"] if np.array_equal(saved["key"], key) else None


def _input(view: View, box: Sequence[float], mirrored: bool) -> Input:
    def read() -> np.ndarray:
        cut = crop(read_picture(view.path), box, SIDE)
        return np.ascontiguousarray(cut[:, ::-1]) if mirrored else cut

    place = ",".join(f"{value:.4f}" for value in box)
    return Input(f"{view.path}|{place}|{int(mirrored)}", read)


def start_projection(features: Features, rows: np.ndarray) -> Projection:
    """Principal directions of the training rows, whitened: what the projection is before it learns."""
    projection = Projection(features.colours.shape[1])
    scaler = Scaler.of(features.deep[0, rows])
    scaled = scaler.apply(features.deep[0, rows])
    _, size, directions = np.linalg.svd(scaled, full_matrices=False)
    weight = directions[:SHAPE_SIZE] / size[:SHAPE_SIZE, None] * np.sqrt(len(rows))
    projection.deep_mean.copy_(torch.from_numpy(scaler.mean))
    projection.deep_inverse.copy_(torch.from_numpy(scaler.inverse))
    projection.deep.weight.data.copy_(torch.from_numpy(weight))
    colours = features.colours[rows]
    projection.colour_mean.copy_(torch.from_numpy(colours.mean(0)))
    _, _, axes = np.linalg.svd(colours - colours.mean(0), full_matrices=False)
    projection.colour.weight.data.copy_(torch.from_numpy(axes[: projection.colour.out_features]))
    return projection


def train(
    plan: Plan, features: Features, views: Sequence[View], rows: np.ndarray, checkpoint: Checkpoint
) -> Projection:
    """The projection after `plan.steps` steps on the views `rows`."""
    torch.manual_seed(plan.seed)
    projection = start_projection(features, rows)
    anchor = {name: value.detach().clone() for name, value in projection.named_parameters()}
    optimiser = torch.optim.AdamW(projection.parameters(), lr=plan.rate, weight_decay=0.0)
    parts: Parts = {"projection": projection, "optimiser": optimiser}
    by_product: dict[str, list[int]] = {}
    for row in rows.tolist():
        by_product.setdefault(views[row].product, []).append(row)
    products = sorted(by_product)
    progress = Progress("embed", plan.steps)
    for step in range(checkpoint.restore(parts), plan.steps):
        torch.manual_seed(plan.seed * STEPS_APART + step)
        left, right = pairs(plan, step, [by_product[name] for name in products])
        for group in optimiser.param_groups:
            group["lr"] = plan.rate * (1 - step / plan.steps)
        joined = [joined_vectors(projection, features, side, plan, step) for side in (left, right)]
        likeness = joined[0] @ joined[1].T / plan.heat
        truth = torch.arange(len(likeness))
        total = functional.cross_entropy(likeness, truth) + functional.cross_entropy(likeness.T, truth)
        away = sum(((value - anchor[name]) ** 2).sum() for name, value in projection.named_parameters())
        optimiser.zero_grad()
        (total + plan.decay * away / EMBEDDING_SIZE).backward()
        optimiser.step()
        progress.reached(step + 1, f"loss {total.item():.3f}")
        checkpoint.save(step + 1, parts)
    return projection.eval()


def pairs(plan: Plan, step: int, products: list[list[int]]) -> tuple[np.ndarray, np.ndarray]:
    """Rows and mirror flags [batch, 2] of two views each of `plan.batch` products."""
    generator = np.random.default_rng([plan.seed, step])
    chosen = generator.choice(len(products), size=min(plan.batch, len(products)), replace=False, p=_shares(products))
    left, right = [], []
    for product in chosen:
        views = generator.permutation(products[product])
        flip = int(generator.integers(2))
        left.append((views[0], flip))
        right.append((views[-1], int(generator.integers(2)) if len(views) > 1 else 1 - flip))
    return np.array(left), np.array(right)


def _shares(products: list[list[int]]) -> np.ndarray:
    """Products with several views are drawn four times as often as those with one."""
    weights = np.array([4.0 if len(rows) > 1 else 1.0 for rows in products])
    return weights / weights.sum()


def joined_vectors(projection: Projection, features: Features, side: np.ndarray, plan: Plan, step: int) -> Tensor:
    """Embeddings [B, 256] of one side of the pairs, features dropped at random."""
    deep = torch.from_numpy(features.deep[side[:, 1], side[:, 0]])
    centred = (deep - projection.deep_mean) * projection.deep_inverse
    shape = functional.normalize(projection.deep(functional.dropout(centred, plan.dropout)))
    colours = torch.from_numpy(features.colours[side[:, 0]]) - projection.colour_mean
    colour = functional.normalize(projection.colour(functional.dropout(colours, plan.dropout)))
    return projection.join(shape, colour)


def vectors_of(projection: Projection, features: Features) -> np.ndarray:
    """Embeddings [N, 256] of all views."""
    with torch.no_grad():
        deep, colours = torch.from_numpy(features.deep[0]), torch.from_numpy(features.colours)
        return projection.join(*projection(deep, colours)).numpy()


def main() -> None:
    """Train, score on the sources kept back, release and promote."""
    parser = argparse.ArgumentParser(prog="python -m training.embed.train", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with products.tsv and views.tsv")
    parser.add_argument("--out", type=Path, default=Path("models"), help="where releases lie")
    parser.add_argument("--work", type=Path, default=Path(".train"), help="cache and checkpoints")
    arguments = parser.parse_args()
    plan = Plan()
    views = read_views(arguments.data)
    features = features_of(views, [WHOLE] * len(views), arguments.work)
    held_back = np.array([part_of(view.source, SALT) is Part.VALIDATION for view in views])
    checkpoint = Checkpoint.of(arguments.work, "embed", plan)
    projection = train(plan, features, views, np.flatnonzero(~held_back), checkpoint)
    compared = {
        "this model": vectors_of(projection, features),
        "ImageNet features": features.deep[0, :, 472:1752],
        "colour histogram": features.colours,
    }
    results = {name: recall(vectors, views, held_back) for name, vectors in compared.items()}
    report = {name: {f"recall_at_{k}": found.at(k) for k in (1, 5, 10)} for name, found in results.items()}
    for name, figures in report.items():
        print(name, figures)
    release = Release(
        name="embed",
        task="embedding of a garment's crop",
        preprocessing={"function": "crop", "side": SIDE, "revision": 1},
        batch=8,
        classes={},
        outputs=["embedding", "shape_code", "colour_code"],
        card=embed_card(report, results, views),
        trained=[view.path for view, kept in zip(views, held_back, strict=True) if not kept],
        split={"salt": SALT, "validation_share": VALIDATION_SHARE},
        figures=report,
    )
    folder = write_release(release, Embedder(imagenet(), projection, SIDE), arguments.out)
    promote("embed", folder, arguments.out)
    print(folder)


if __name__ == "__main__":
    main()
