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
from training.data.split import VALIDATION_SHARE
from training.data.street import Photo, read_street
from training.data.trained import unseen
from training.detect.card import detect_card
from training.detect.products import read_products
from training.detect.score import found_in, scored
from training.detect.split import SALT, UNSEEN_SOURCES, Split, split
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

KEPT_EVERY = 25
"""Steps between checkpoints: a step takes a second and more."""
RECOMMENDED_SCORE = 0.3
"""Where the first release found most garments at about two right boxes in three."""
START_SHARE = 0.5
"""Of the released weights: what was learnt before and what is learnt now err on different photos."""


@dataclass(frozen=True)
class Plan:
    """What a training run is made of; the same plan, release and photos give the same weights."""

    start: str
    """Digest of the release that it goes on from."""
    side: int = 288
    """Of the square canvas that the released network reads: the filter's, whose first layers it shares."""
    shape: tuple[int, int] = (320, 224)
    """Height and width of a canvas that it learns from, multiples of 32: most photos are upright, grey costs time."""
    width: int = 96
    first_block: int = 5
    """The blocks of the backbone from this one on are trained; those before it stay as ImageNet left them."""
    steps: int = 4000
    cooling: int = 400
    batch: int = 8
    products: int = 2
    """Of the canvases of a step."""
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


def batch_of(step: int, plan: Plan, parts: Split) -> tuple[Tensor, list[Targets]]:
    """The canvases [B, height, width, 3] and targets of one step."""
    kinds = ((parts.learnt, plan.batch - plan.products), (parts.products, plan.products))
    chosen = [(photos, photo) for photos, count in kinds for photo in drawn(photos, step, count, plan.seed)]
    views = [
        view(photos, photo, plan.shape, np.random.default_rng([plan.seed, step, slot]))
        for slot, (photos, photo) in enumerate(chosen)
    ]
    return torch.from_numpy(np.stack([one.pixels for one in views])), [one.targets() for one in views]


def drawn(photos: Sequence[Photo], step: int, count: int, seed: int) -> list[Photo]:
    """The photos of one step: all are seen in each pass, in another order."""
    per_pass = len(photos) // count
    order = np.random.default_rng([seed, step // per_pass, 1]).permutation(len(photos))
    return [photos[row] for row in order[(step % per_pass) * count :][:count]]


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
        return Answer(answer.logits.float(), answer.reach.float(), answer.fit.float())

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


def train(plan: Plan, detector: Detector, photos: Split, work: Path) -> Detector:
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
            focal, box, fit = loss(learner(pixels), targets)
            optimiser.zero_grad(set_to_none=True)
            (focal + box + fit).backward()
            torch.nn.utils.clip_grad_norm_(learner.parameters(), 10.0)
            optimiser.step()
            follow(average, detector, min(plan.ema, (step + 1) / (step + 10)))
            progress.reached(step + 1, f"peaks {focal.item():.3f} boxes {box.item():.3f} fit {fit.item():.3f}")
            surely = step + 1 == plan.steps or (step + 1) % KEPT_EVERY == 0
            (steady if step < plan.steps else cooling).save(step + 1, parts, surely)
    return average


def follow(average: Detector, detector: Detector, weight: float) -> None:
    """Move the average a step towards the detector."""
    with torch.no_grad():
        for kept, new in zip(average.parameters(), detector.parameters(), strict=True):
            kept.lerp_(new, 1 - weight)


def mixed(start: Detector, trained: Detector) -> Detector:
    """The mean of the weights of both (Wortsman et al. 2022), in the place of `trained`; a start may lack the fit."""
    earlier = start.state_dict()
    with torch.no_grad():
        for name, weights in trained.state_dict().items():
            if not name.startswith("head.fit."):
                weights.lerp_(earlier[name], START_SHARE)
    return trained


def main() -> None:
    """Train, score on the held-out part, release."""
    parser = argparse.ArgumentParser(prog="python -m training.detect.train", description=__doc__)
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="folders with boxes.tsv and images/")
    parser.add_argument("--products", type=Path, nargs="+", required=True, help="folders of single garments")
    parser.add_argument("--out", type=Path, default=Path("models"), help="where releases lie")
    parser.add_argument("--work", type=Path, default=Path(".train"), help="checkpoints")
    parser.add_argument("--start", type=Path, help="folder of the release to go on from; default: the promoted one")
    parser.add_argument("--steps", type=int, default=Plan.steps, help="steps before cooling")
    parser.add_argument("--cooling", type=int, default=Plan.cooling)
    parser.add_argument("--seed", type=int, default=Plan.seed)
    arguments = parser.parse_args()
    before = promoted("detect", arguments.out)
    start = arguments.start or before
    plan = Plan(start=start.name, steps=arguments.steps, cooling=arguments.cooling, seed=arguments.seed)
    screen = load(promoted("screen", arguments.out))
    parts = replace(
        split([photo for folder in arguments.data for photo in read_street(folder)]),
        products=read_products(arguments.products, screen, load(before)),
    )
    trained = train(plan, detector_of(start, plan), parts, arguments.work)
    detector = mixed(detector_of(start, plan), trained)
    print(release_of(plan, detector, parts, start, arguments.out))


def release_of(plan: Plan, detector: Detector, parts: Split, start: Path, out: Path) -> Path:
    """Write the release with its card, and promote it where it is no worse than the promoted one."""
    before = promoted("detect", out)
    release = Release(
        name="detect",
        task="boxes around garments",
        preprocessing={"function": "letterbox", "side": plan.side, "revision": 1},
        batch=8,
        classes={"boxes": list(CLASSES)},
        outputs=["scores", "boxes"],
        card="",
        trained=[photo.path for photo in (*parts.learnt, *parts.products)] if plan.steps else [],
        start=start,
        thresholds={"score": RECOMMENDED_SCORE},
        split={"salt": SALT, "validation_share": VALIDATION_SHARE, "unseen_sources": sorted(UNSEEN_SOURCES)},
    )
    folder = write_release(release, detector, out)
    print(compared(unseen(before, unseen(start, parts.choice)), folder, before))
    now, earlier = (scored(parts.held_out, found_in(parts.held_out, load(one))) for one in (folder, before))
    card = detect_card({**asdict(plan), "before": before.name}, parts, now, earlier)
    figures = {bound: now.mean(bound) for bound in now.by_class}
    folder = write_release(replace(release, figures=figures, card=card), detector, out)
    promote("detect", folder, out)
    return folder


def compared(photos: Sequence[Photo], folder: Path, before: Path) -> str:
    """Both releases' figures on the photos of the choice part that neither learnt: of these two, choose by them."""
    now, earlier = (scored(photos, found_in(photos, load(one))) for one in (folder, before))
    figures = ", ".join(f"{bound} {now.mean(bound):.3f} ({earlier.mean(bound):.3f})" for bound in now.by_class)
    return f"{folder.name} on {len(photos)} photos to choose by ({before.name} in brackets): {figures}"


if __name__ == "__main__":
    main()
