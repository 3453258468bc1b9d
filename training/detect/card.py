"""The card of the detector."""

import textwrap
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from training.data.street import Photo
from training.detect.score import Scored
from udfs.pictures.detect import CLASSES

CARD = """# detect: boxes around garments

{network}

{parts}

| all held-out photos | now | before |
| --- | --- | --- |
{totals}

| class | AP@50 | before | AP@75 | before | held-out boxes |
| --- | --- | --- | --- | --- | --- |
{rows}

| source | mAP@50 | before | mAP@75 | before | held-out photos |
| --- | --- | --- | --- | --- | --- |
{by_source}

Intervals: 95%, by drawing photos again. Classes that a source does not label are neither learnt nor counted on its
photos.

## Known failures

Boxes are loose (see AP@75). Eyewear is a few pixels wide at this size and is often missed; coats are taken for
dresses; bags are found twice; bystanders are found though nobody labelled them.
"""

NETWORK = """EfficientNet-Lite0 at {side} x {side} (ImageNet weights, Apache-2.0), a feature pyramid of {width} channels
joined at stride 8, a peak map and a box map for each of ten classes. A box is the mean of those of the nine cells about
a peak, weighted by the squares of their scores. {learning} The folders' READMEs say from where and under which licence
(mostly none stated: for training and measuring only, none is in this repository)."""

LEARNING = """It goes on from the release {start} for {steps} steps of {batch} canvases and {cooling} more while the
rate falls (AdamW, focal and GIoU loss, average of weights; blocks {first_block} to 15, without the filters of
their depthwise layers, and the head are trained; a tenth of the blocks of photos is left out to choose by; photos
mirrored, zoomed, shifted, turned, in other light, a fifth of the canvases with four photos), on {train} photos of
{sources}."""

UNCHANGED = """Its weights are those of the release {start}, which took the box of the peak alone; that release's card
says what they learnt."""

PARTS = """Split by blocks of one blogger's photos (neighbouring numbers) or by photo where a source shows single
products (`training/data/split.py`); {validation} photos are held out ({held_out}), no photo of {unseen} is learnt, and
nothing was chosen on them. *Before* is the release {start} on the same photos."""

WIDTH = 120


def detect_card(
    plan: Mapping[str, Any], learnt: Sequence[Photo], held_out: Sequence[Photo], now: Scored, before: Scored
) -> str:
    """The text of `card.md`."""
    counts = np.bincount(np.concatenate([photo.classes for photo in held_out]), minlength=len(CLASSES))
    photos = Counter(photo.source for photo in held_out)
    sources = _counted(Counter(photo.source for photo in learnt))
    learning = LEARNING if plan["steps"] else UNCHANGED
    said = dict(
        plan,
        train=len(learnt),
        sources=sources,
        validation=len(held_out),
        held_out=_counted(photos),
        unseen=", ".join(sorted(photos.keys() - {photo.source for photo in learnt})) or "no source",
    )
    said["learning"] = learning.format(**said)
    return CARD.format(
        network=_wrapped(NETWORK.format(**said)),
        parts=_wrapped(PARTS.format(**said)),
        totals="\n".join(
            f"| {_ap(bound)} | {_total(now, bound)} | {_total(before, bound)} |" for bound in now.by_class
        ),
        rows="\n".join(
            f"| {name} | {_pairs(now.by_class, before.by_class, name)} | {count} |"
            for name, count in zip(CLASSES, counts, strict=True)
        ),
        by_source="\n".join(
            f"| {name} | {_pairs(now.by_source, before.by_source, name)} | {photos[name]} |" for name in sorted(photos)
        ),
    )


def _wrapped(text: str) -> str:
    return textwrap.fill(" ".join(text.split()), WIDTH)


def _counted(sources: Counter[str]) -> str:
    return ", ".join(f"{name} ({count})" for name, count in sorted(sources.items()))


def _ap(bound: str) -> str:
    return f"mAP@{bound[-2:]}"


def _total(scored: Scored, bound: str) -> str:
    low, high = scored.intervals[bound]
    return f"{scored.mean(bound):.3f} ({low:.3f} to {high:.3f})"


def _pairs(now: Mapping[str, Mapping[str, float]], before: Mapping[str, Mapping[str, float]], name: str) -> str:
    return " | ".join(f"{now[bound][name]:.3f} | {before[bound][name]:.3f}" for bound in now)
