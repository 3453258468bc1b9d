"""Train the garment detector: `python -m training.detect.train --data FOLDER... --out models`.

It goes on from a release (`--start`, the promoted one if none is named), learns at one rate for as long as asked
(`--steps`, with checkpoints), then cools down. A later run with more steps goes on from before the cooling.
"""

import argparse
import copy
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from schemas.errors import WrongInput
from training.checkpoint import Checkpoint, Parts
from training.data.split import VALIDATION_SHARE, Part, fold_of, part_of
from training.data.street import Photo, read_street
from training.data.trained import unseen
from training.detect.card import detect_card
from training.detect.score import found_in, scored
from training.detect.targets import Targets, loss
from training.detect.views import view
from training.networks.backbone import imagenet
from training.networks.depthwise import fix_depthwise
from training.networks.folded import fold, load_release
from training.networks.pyramid import Answer, Detector, Pyramid
from training.progress import Progress
from training.release.release import Release, promote, write_release
from udfs.pictures.detect import CLASSES
from udfs.runtime.models import load, promoted

SALT = "detect"
UNSEEN_SOURCES = frozenset({"musinsa"})
"""Sources of which no photo is learnt: what the detector does on other people's photos."""
CHOICE_FOLDS = 10
"""The first of so many folds of the rest is not learnt either: choices are made on it."""
KEPT_EVERY = 25
"""Steps between checkpoints: a step takes a second and more."""
RECOMMENDED_SCORE = 0.3
"""Where the first release found most garments at about two right boxes in three."""


@dataclass(frozen=True)
class Plan:
    """What a training run is made of; the same plan, release and photos give the same weights."""

    start: str
    """Digest of the release that it goes on from."""
    side: int = 320
    shape: tuple[int, int] = (320, 224)
    """Height and width of a canvas that it learns from, multiples of 32: most photos are upright, grey costs time."""
    width: int = 96
    first_block: int = 5
    """The blocks of the backbone from this one on are trained; those before it stay as ImageNet left them."""
    steps: int = 4000
    cooling: int = 400
    batch: int = 8
    rate: float = 4e-4
    backbone_rate: float = 2e-4
    warm_up: int = 50
    decay: float = 2e-2
    ema: float = 0.995
    seed: int = 7

    @property
    def steady(self) -> "Plan":
        """The same for any number of steps: what runs of other lengths share."""
        return replace(self, steps=0, cooling=0)


def share_of_rate(plan: Plan, step: int) -> float:
    """Share of the rate at a step: warm-up, all of it, then down to a twentieth while cooling."""
    if step < plan.steps:
        return min(1.0, (step + 1) / plan.warm_up)
    return 1.0 - 0.95 * (step - plan.steps) / max(plan.cooling, 1)


def batch_of(step: int, plan: Plan, photos: Sequence[Photo]) -> tuple[Tensor, list[Targets]]:
    """The canvases [B, height, width, 3] and targets of one step."""
    per_pass = len(photos) // plan.batch
    order = np.random.default_rng([plan.seed, step // per_pass, 1]).permutation(len(photos))
    chosen = order[(step % per_pass) * plan.batch :][: plan.batch]
    views = [
        view(photos, photos[row], plan.shape, np.random.default_rng([plan.seed, step, slot]))
        for slot, row in enumerate(chosen)
    ]
    return torch.from_numpy(np.stack([one.pixels for one in views])), [one.targets() for one in views]


class Learner(torch.nn.Module):
    """The part of a detector that is trained, on the maps of the part that is not."""

    def __init__(self, detector: Detector, first_block: int) -> None:
        super().__init__()
        self.detector, self.first_block = detector, first_block
        fix_depthwise(detector.backbone)
        for name, parameter in detector.named_parameters():
            block = name.partition("_blocks.")[2].partition(".")[0]
            parameter.requires_grad_(name.startswith("head.") or (block != "" and int(block) >= first_block))

    def forward(self, pixels: Tensor) -> Answer:
        with torch.autocast("cpu", torch.bfloat16):
            with torch.no_grad():
                stride8 = self.detector.backbone.first(pixels)
            answer = self.detector.head(stride8, *self.detector.backbone.rest(stride8))
        return Answer(answer.logits.float(), answer.reach.float())

    def groups(self, plan: Plan) -> list[dict[str, object]]:
        """The parameters with their highest rate."""
        learnt = [(name, one) for name, one in self.detector.named_parameters() if one.requires_grad]
        rates = {True: plan.rate, False: plan.backbone_rate}
        return [
            {"params": [one for name, one in learnt if name.startswith("head.") is head], "highest": rate}
            for head, rate in rates.items()
        ]


def detector_of(start: Path, plan: Plan) -> Detector:
    """The detector with the weights of a release."""
    detector = Detector(imagenet(), Pyramid(plan.width)).eval()
    fold(detector)
    load_release(detector, start, torch.zeros(1, plan.side, plan.side, 3, dtype=torch.uint8))
    return detector.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def train(plan: Plan, detector: Detector, photos: Sequence[Photo], work: Path) -> Detector:
    """The averaged detector (EMA) after all steps; goes on from the checkpoints in `work` where there are some."""
    torch.manual_seed(plan.seed)
    learner = Learner(detector, plan.first_block)
    average = copy.deepcopy(detector)
    optimiser = torch.optim.AdamW(learner.groups(plan), lr=plan.rate, weight_decay=plan.decay)
    parts: Parts = {"detector": detector, "average": average, "optimiser": optimiser}
    steady, cooling = (Checkpoint.of(work, "detect", one) for one in (plan.steady, plan))
    start = cooling.restore(parts) or steady.restore(parts)
    if not cooling.path.exists() and start > plan.steps:
        raise WrongInput(steady.path, None, f"has learnt {start} steps already; to act: whoever trains (ask for more)")
    total = plan.steps + plan.cooling
    if start == total:
        return average
    progress = Progress("detect", total)
    with ThreadPoolExecutor(1) as ahead:
        coming = ahead.submit(batch_of, start, plan, photos)
        for step in range(start, total):
            pixels, targets = coming.result()
            coming = ahead.submit(batch_of, step + 1, plan, photos)
            for group in optimiser.param_groups:
                group["lr"] = group["highest"] * share_of_rate(plan, step)
            focal, box = loss(learner(pixels), targets)
            optimiser.zero_grad(set_to_none=True)
            (focal + box).backward()
            torch.nn.utils.clip_grad_norm_(learner.parameters(), 10.0)
            optimiser.step()
            follow(average, detector, min(plan.ema, (step + 1) / (step + 10)))
            progress.reached(step + 1, f"peaks {focal.item():.3f} boxes {box.item():.3f}")
            surely = step + 1 == plan.steps or (step + 1) % KEPT_EVERY == 0
            (steady if step < plan.steps else cooling).save(step + 1, parts, surely)
    return average


def follow(average: Detector, detector: Detector, weight: float) -> None:
    """Move the average a step towards the detector."""
    with torch.no_grad():
        for kept, new in zip(average.parameters(), detector.parameters(), strict=True):
            kept.lerp_(new, 1 - weight)


@dataclass(frozen=True)
class Split:
    """Photos to learn from, to choose by, and of bloggers and sources that are held out."""

    learnt: list[Photo]
    choice: list[Photo]
    held_out: list[Photo]


def split(photos: Sequence[Photo]) -> Split:
    """Each photo by its group."""
    parts = Split([], [], [])
    for photo in photos:
        if photo.source in UNSEEN_SOURCES or part_of(photo.group, SALT) is Part.VALIDATION:
            parts.held_out.append(photo)
        elif fold_of(photo.group, SALT, CHOICE_FOLDS) == 0:
            parts.choice.append(photo)
        else:
            parts.learnt.append(photo)
    return parts


def main() -> None:
    """Train, score on the held-out part, release."""
    parser = argparse.ArgumentParser(prog="python -m training.detect.train", description=__doc__)
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="folders with boxes.tsv and images/")
    parser.add_argument("--out", type=Path, default=Path("models"), help="where releases lie")
    parser.add_argument("--work", type=Path, default=Path(".train"), help="checkpoints")
    parser.add_argument("--start", type=Path, help="folder of the release to go on from; default: the promoted one")
    parser.add_argument("--steps", type=int, default=Plan.steps, help="steps before cooling")
    parser.add_argument("--cooling", type=int, default=Plan.cooling)
    parser.add_argument("--seed", type=int, default=Plan.seed)
    arguments = parser.parse_args()
    start = arguments.start or promoted("detect", arguments.out)
    plan = Plan(start=start.name, steps=arguments.steps, cooling=arguments.cooling, seed=arguments.seed)
    parts = split([photo for folder in arguments.data for photo in read_street(folder)])
    detector = train(plan, detector_of(start, plan), parts.learnt, arguments.work)
    print(release_of(plan, detector, parts, start, arguments.out))


def release_of(plan: Plan, detector: Detector, parts: Split, start: Path, out: Path) -> Path:
    """Write the release with its card, and promote it where it is no worse."""
    release = Release(
        name="detect",
        task="boxes around garments",
        preprocessing={"function": "letterbox", "side": plan.side, "revision": 1},
        batch=8,
        classes={"boxes": list(CLASSES)},
        outputs=["scores", "boxes"],
        card="",
        trained=[photo.path for photo in parts.learnt] if plan.steps else [],
        start=start,
        thresholds={"score": RECOMMENDED_SCORE},
        split={"salt": SALT, "validation_share": VALIDATION_SHARE, "unseen_sources": sorted(UNSEEN_SOURCES)},
    )
    folder = write_release(release, detector, out)
    print(compared(unseen(start, parts.choice), folder, start))
    now, before = (scored(parts.held_out, found_in(parts.held_out, load(one))) for one in (folder, start))
    card = detect_card(asdict(plan), parts.learnt, parts.held_out, now, before)
    figures = {bound: now.mean(bound) for bound in now.by_class}
    folder = write_release(replace(release, figures=figures, card=card), detector, out)
    promote("detect", folder, out)
    return folder


def compared(photos: Sequence[Photo], folder: Path, start: Path) -> str:
    """Both releases' figures on the photos of the choice part that neither learnt: of these two, choose by them."""
    now, before = (scored(photos, found_in(photos, load(one))) for one in (folder, start))
    figures = ", ".join(f"{bound} {now.mean(bound):.3f} ({before.mean(bound):.3f})" for bound in now.by_class)
    return f"{folder.name} on {len(photos)} photos to choose by ({start.name} in brackets): {figures}"


if __name__ == "__main__":
    main()
