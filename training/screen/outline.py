"""Train what finds a picture's subject: `python -m training.screen.outline --data FOLDER... --teacher u2netp.onnx`.

A large network (`training/screen/teacher.py`) outlines pictures of the training part; a small head on the backbone
that the night runs anyway learns to say the same. `training.screen.train` reads its weights from
`training/screen/outliner.safetensors`.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from training.checkpoint import Checkpoint, Parts
from training.data.corrections import garment_pictures
from training.data.labelled import LATER, Kind, Picture, read_folders
from training.data.named import named_pictures
from training.data.split import Part, part_of
from training.data.tables import read_picture
from training.networks.features import Input, in_chunks
from training.networks.maps import MapCache, cached
from training.networks.pyramid import STRIDE
from training.progress import Progress
from training.schedule import rate_at
from training.screen import outliner
from training.screen.outliner import Outliner
from training.screen.teacher import Teacher
from training.screen.train import SALT, SIDE
from udfs.pictures.preprocess import Placement, resize

OTHERS, OTHERS_SEED = 700, 5
"""Photos of the street and of catalogues, each, and how they are drawn: the night shows them beside single garments."""


@dataclass(frozen=True)
class Plan:
    """What a training run is made of; the same plan and data give the same weights."""

    steps: int = 1600
    batch: int = 32
    rate: float = 4e-3
    warm_up: int = 160
    decay: float = 1e-4
    seed: int = 7


def chosen(folders: Sequence[Path]) -> list[Picture]:
    """Every single garment; of the training part also named catalogue photos, some of the street and of catalogues."""
    found = read_folders(folders)
    named = [picture for picture in named_pictures(folders) if part_of(picture.group, SALT) is Part.TRAIN]
    pictures = [*garment_pictures(found[Kind.GARMENTS]), *named]
    draw = np.random.default_rng(OTHERS_SEED)
    for kind in (Kind.STREET, Kind.CATALOG):
        first = [picture for picture in found[kind] if picture.label != LATER]
        trained = [picture for picture in first if part_of(picture.group, SALT) is Part.TRAIN]
        pictures += [trained[at] for at in draw.permutation(len(trained))[:OTHERS]]
    return list({picture.path: picture for picture in pictures}.values())


def outlines_of(pictures: Sequence[Picture], teacher: Path, work: Path) -> np.ndarray:
    """The teacher's outlines [N, 80, 80] of the squeezed pictures, 0 to 255; a killed call goes on where it was."""
    place = work / "outlines"
    place.mkdir(parents=True, exist_ok=True)
    inputs = [Input(str(picture.path), partial(read_picture, picture.path)) for picture in pictures]
    return in_chunks(inputs, place, "outlines", Teacher(teacher).run)


def on_canvas(outline: np.ndarray, picture: Path, side: int) -> np.ndarray:
    """A squeezed picture's outline as a map [side / 8, side / 8] of the letterboxed one, 0 to 1."""
    height, width = read_picture(picture).shape[:2]
    place = Placement.of(width, height, side)
    canvas = np.zeros((side, side), np.float32)
    canvas[place.rows, place.columns] = resize(outline.astype(np.float32), place.width, place.height) / 255
    return cv2.resize(canvas, (side // STRIDE, side // STRIDE), interpolation=cv2.INTER_AREA)


def train(plan: Plan, rows: np.ndarray, truth: Tensor, cache: MapCache, checkpoint: Checkpoint) -> Outliner:
    """The head after `plan.steps` steps over the pictures `rows`; goes on from the checkpoint where there is one."""
    torch.manual_seed(plan.seed)
    head = Outliner()
    optimiser = torch.optim.AdamW(head.parameters(), lr=plan.rate, weight_decay=plan.decay)
    parts: Parts = {"head": head, "optimiser": optimiser}
    progress = Progress("outline", plan.steps)
    for step in range(checkpoint.restore(parts), plan.steps):
        draw = np.random.default_rng([plan.seed, step])
        picked, mirrored = draw.choice(rows, plan.batch, replace=False), draw.random(plan.batch) < 0.5
        wanted = torch.where(torch.from_numpy(mirrored)[:, None, None], truth[picked].flip(2), truth[picked])
        for group in optimiser.param_groups:
            group["lr"] = rate_at(step, plan.steps, plan.rate, plan.warm_up)
        loss = functional.binary_cross_entropy_with_logits(head(*cache.read(picked, mirrored)), wanted)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        progress.reached(step + 1, f"loss {loss.item():.4f}")
        checkpoint.save(step + 1, parts)
    return head.eval()


def likeness(head: Outliner, rows: np.ndarray, truth: Tensor, cache: MapCache) -> float:
    """Mean intersection over union of the head's outlines and the teacher's."""
    parts = [rows[first : first + Plan.batch] for first in range(0, len(rows), Plan.batch)]
    with torch.no_grad():
        said = torch.cat([head(*cache.read(part, np.zeros(len(part), int))) for part in parts]) > 0
    wanted = truth[rows] > 0.5
    return float(((said & wanted).sum((1, 2)) / (said | wanted).sum((1, 2)).clamp(min=1)).mean())


def main() -> None:
    """Train on the training part, compare with the teacher on the validation part, and write the weights."""
    parser = argparse.ArgumentParser(prog="python -m training.screen.outline", description=__doc__)
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="labelled folders of pictures")
    parser.add_argument("--teacher", type=Path, required=True, help="weights of U2-Net, see training/screen/teacher.py")
    parser.add_argument("--out", type=Path, default=outliner.WEIGHTS, help="the file to write")
    parser.add_argument("--work", type=Path, default=Path(".train"), help="cache and checkpoints")
    parser.add_argument("--steps", type=int, default=Plan.steps, help="steps of the schedule")
    arguments = parser.parse_args()
    plan = Plan(steps=arguments.steps)
    pictures = chosen(arguments.data)
    outlines = outlines_of(pictures, arguments.teacher, arguments.work)
    truth = torch.from_numpy(
        np.stack([on_canvas(line, shown.path, SIDE) for line, shown in zip(outlines, pictures, strict=True)])
    )
    cache = cached([picture.path for picture in pictures], SIDE, arguments.work)
    held_back = np.array([part_of(picture.group, SALT) is Part.VALIDATION for picture in pictures])
    rows, validation = np.flatnonzero(~held_back), np.flatnonzero(held_back)
    head = train(plan, rows, truth, cache, Checkpoint.of(arguments.work, "outline", plan))
    alike = f"{likeness(head, validation, truth, cache):.3f}"
    outliner.save(head, {"likeness": alike, "pictures": str(len(rows)), "steps": str(plan.steps)}, arguments.out)
    print(f"{arguments.out}: intersection over union with the teacher {alike} on {len(validation)} pictures")


if __name__ == "__main__":
    main()
