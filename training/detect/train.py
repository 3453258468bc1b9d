"""Train the garment detector: `python -m training.detect.train --data FOLDER --out models`."""

import argparse
import copy
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from training.checkpoint import Checkpoint, Parts
from training.data.split import VALIDATION_SHARE, Part, part_of
from training.data.street import Photo, read_street
from training.data.tables import read_picture
from training.detect.average_precision import by_class, interval, mean_of
from training.detect.card import detect_card
from training.detect.targets import Targets, draw, loss
from training.networks.backbone import imagenet
from training.networks.maps import MapCache, cached
from training.networks.pyramid import Detector, Pyramid, peaks_and_boxes
from training.progress import Progress
from training.release.release import Release, promote, write_release
from training.schedule import rate_at
from udfs.pictures.detect import CLASSES, Detection, decode
from udfs.pictures.preprocess import Placement, letterbox

SALT = "detect"
RECOMMENDED_SCORE = 0.3
"""Where the trial detector found most garments at about two right boxes in three."""
ZOOM = (0.7, 1.4)
SMALLEST_VISIBLE = 0.4
"""A garment of which less is left on the canvas after a shift is not learnt."""
SCORING_BATCH = 16


@dataclass(frozen=True)
class Plan:
    """What a training run is made of; the same plan and data give the same weights."""

    side: int = 320
    width: int = 96
    steps: int = 2500
    batch: int = 16
    rate: float = 2e-3
    warm_up: int = 100
    decay: float = 1e-2
    ema: float = 0.998
    seed: int = 7


def mirror(boxes: np.ndarray, side: int) -> np.ndarray:
    """Boxes [N, 4] on the mirrored canvas."""
    return np.stack((side - boxes[:, 2], boxes[:, 1], side - boxes[:, 0], boxes[:, 3]), axis=1)


def move(boxes: np.ndarray, zoom: float, shift: np.ndarray, side: int) -> np.ndarray:
    """Boxes [N, 4] after the canvas is zoomed about its centre and shifted (share of the side)."""
    middle = side / 2
    return (boxes - middle) * zoom + middle + np.tile(shift * side, 2).astype(np.float32)


def move_maps(maps: Tensor, zoom: np.ndarray, shift: np.ndarray) -> Tensor:
    """The same on feature maps [B, C, H, W], bilinear; zero comes in from outside."""
    turn = np.zeros((len(zoom), 2, 3), np.float32)
    turn[:, 0, 0] = turn[:, 1, 1] = 1 / zoom
    turn[:, :, 2] = -2 * shift / zoom[:, None]
    grid = functional.affine_grid(torch.from_numpy(turn), list(maps.shape), align_corners=False)
    return functional.grid_sample(maps, grid, align_corners=False)


@dataclass
class Labelled:
    """One photo's labels on the canvas."""

    photo: Photo
    boxes: np.ndarray
    ignored: np.ndarray
    placement: Placement

    def targets(self, mirrored: bool, zoom: float, shift: np.ndarray, side: int) -> Targets:
        """What should be answered after the given augmentation."""
        boxes, ignored = self.boxes, self.ignored
        if mirrored:
            boxes, ignored = mirror(boxes, side), mirror(ignored, side)
        boxes, ignored = move(boxes, zoom, shift, side), move(ignored, zoom, shift, side)
        clipped = np.clip(boxes, 0, side)
        left = np.clip(clipped[:, 2:] - clipped[:, :2], 0, None).prod(1)
        share = left / np.maximum((boxes[:, 2:] - boxes[:, :2]).prod(1), 1e-6)
        seen = share > SMALLEST_VISIBLE
        hidden = clipped[~seen & (left > 0)]
        return draw(
            clipped[seen],
            self.photo.classes[seen],
            np.concatenate((ignored, hidden)),
            self.photo.labelled,
            side,
        )


def batch_of(
    step: int, plan: Plan, rows: np.ndarray, labels: list[Labelled], cache: MapCache
) -> tuple[list[Tensor], list[Targets]]:
    """The augmented maps and targets of one step; they depend on the plan and the step alone."""
    draw_from = np.random.default_rng([plan.seed, step])
    per_pass = len(rows) // plan.batch
    order = np.random.default_rng([plan.seed, step // per_pass, 1]).permutation(rows)
    chosen = order[(step % per_pass) * plan.batch :][: plan.batch]
    mirrored = draw_from.random(plan.batch) < 0.5
    zoom = np.exp(draw_from.uniform(np.log(ZOOM[0]), np.log(ZOOM[1]), plan.batch)).astype(np.float32)
    shift = draw_from.uniform(-0.15, 0.15, (plan.batch, 2)).astype(np.float32)
    maps = [move_maps(kept, zoom, shift) for kept in cache.read(chosen, mirrored)]
    targets = [
        labels[row].targets(bool(mirrored[slot]), float(zoom[slot]), shift[slot], plan.side)
        for slot, row in enumerate(chosen)
    ]
    return maps, targets


def train(plan: Plan, rows: np.ndarray, labels: list[Labelled], cache: MapCache, checkpoint: Checkpoint) -> Pyramid:
    """The averaged head (EMA) after `plan.steps` steps; goes on from the checkpoint where there is one."""
    torch.manual_seed(plan.seed)
    head = Pyramid(plan.width)
    head.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    average = copy.deepcopy(head).eval()
    optimiser = torch.optim.AdamW(head.parameters(), lr=plan.rate, weight_decay=plan.decay)
    parts: Parts = {"head": head, "average": average, "optimiser": optimiser}
    start = checkpoint.restore(parts)
    progress = Progress("detect", plan.steps)
    for step in range(start, plan.steps):
        maps, targets = batch_of(step, plan, rows, labels, cache)
        for group in optimiser.param_groups:
            group["lr"] = rate_at(step, plan.steps, plan.rate, plan.warm_up)
        head.train()
        focal, box = loss(head(*maps), targets)
        optimiser.zero_grad(set_to_none=True)
        (focal + box).backward()
        torch.nn.utils.clip_grad_norm_(head.parameters(), 10.0)
        optimiser.step()
        follow(average, head, min(plan.ema, (step + 1) / (step + 10)))
        progress.reached(step + 1, f"peaks {focal.item():.3f} boxes {box.item():.3f}")
        checkpoint.save(step + 1, parts)
    return average


def follow(average: Pyramid, head: Pyramid, weight: float) -> None:
    """Move the average a step towards the head; counters are copied."""
    with torch.no_grad():
        for kept, new in zip(average.state_dict().values(), head.state_dict().values(), strict=True):
            if kept.dtype.is_floating_point:
                kept.lerp_(new, 1 - weight)
            else:
                kept.copy_(new)


def detect_cached(head: Pyramid, rows: np.ndarray, labels: list[Labelled], cache: MapCache) -> list[list[Detection]]:
    """Detections from cached maps, through the same decoding as the night's."""
    found: list[list[Detection]] = []
    for first in range(0, len(rows), SCORING_BATCH):
        chosen = rows[first : first + SCORING_BATCH]
        with torch.no_grad():
            scores, boxes = peaks_and_boxes(head(*cache.read(chosen, np.zeros(len(chosen), int))))
        for row, peak, corners in zip(chosen, scores.numpy(), boxes.numpy(), strict=True):
            found.append(decode(peak, corners, labels[row].placement))
    return found


def label(photo: Photo, side: int) -> Labelled:
    """The photo's labels on the canvas."""
    placement = letterbox(read_picture(photo.path), side)[1]
    size = np.array([placement.width, placement.height] * 2, np.float32)
    origin = np.array([placement.left, placement.top] * 2, np.float32)
    return Labelled(photo, photo.boxes * size + origin, photo.ignored * size + origin, placement)


def main() -> None:
    """Train, score on the validation part, release."""
    parser = argparse.ArgumentParser(prog="python -m training.detect.train", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with boxes.tsv and images/")
    parser.add_argument("--out", type=Path, default=Path("models"), help="where releases lie")
    parser.add_argument("--work", type=Path, default=Path(".train"), help="cache and checkpoints")
    parser.add_argument("--steps", type=int, default=Plan.steps, help="steps of the schedule")
    parser.add_argument("--seed", type=int, default=Plan.seed)
    arguments = parser.parse_args()
    plan = Plan(steps=arguments.steps, seed=arguments.seed)
    photos = read_street(arguments.data)
    cache = cached([photo.path for photo in photos], plan.side, arguments.work)
    labels = [label(photo, plan.side) for photo in photos]
    held_back = np.array([part_of(photo.group, SALT) is Part.VALIDATION for photo in photos])
    rows, validation = np.flatnonzero(~held_back), np.flatnonzero(held_back)
    head = train(plan, rows, labels, cache, Checkpoint.of(arguments.work, "detect", plan))
    found = detect_cached(head, validation, labels, cache)
    kept = [photos[row] for row in validation]
    report = {f"map{round(100 * bound)}": by_class(kept, found, bound) for bound in (0.5, 0.75)}
    release = Release(
        name="detect",
        task="boxes around garments",
        preprocessing={"function": "letterbox", "side": plan.side, "revision": 1},
        batch=8,
        classes={"boxes": list(CLASSES)},
        outputs=["scores", "boxes"],
        card=detect_card(report, photos, kept, interval(kept, found, 0.5), plan.steps, plan.width),
        trained=[photos[row].path for row in rows],
        thresholds={"score": RECOMMENDED_SCORE},
        split={"salt": SALT, "validation_share": VALIDATION_SHARE},
        figures={name: mean_of(classes) for name, classes in report.items()},
    )
    folder = write_release(release, Detector(imagenet(), head), arguments.out)
    promote("detect", folder, arguments.out)
    print(folder)


if __name__ == "__main__":
    main()
