"""The card of the detector."""

import textwrap
from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

from training.detect.score import Scored
from training.detect.split import Split
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
joined at stride 8, a peak map, a box map and a map of the boxes' fit for each of ten classes. A box is the mean of
those of the nine cells about a peak, weighted by the squares of their peaks, and so is its fit, which moves the peak's
odds to the score. {learning} The folders' READMEs say from where and under which licence
(mostly none stated: for training and measuring only, none is in this repository)."""

LEARNING = """It goes on from the release {start} for {steps} steps of {batch} canvases and {cooling} more while the
rate falls (AdamW, focal and GIoU loss, cross-entropy of the fit, average of weights; blocks {first_block} to 15,
without the filters of their depthwise layers, and the head are trained; a tenth of the blocks of photos is left out to
choose by; photos mirrored, zoomed, shifted, turned, in other light, blurred, partly covered, a quarter of the canvases
with four photos), on {train} photos of {sources}. {products} of the {batch} canvases of a step show single garments:
{garments} photos with the class a person said and the box of the outline that the image filter gives. Released is the
mean of the weights before and after, but for the fit's."""

UNCHANGED = """Its weights are those of the release {start}, whose card says what they learnt; only the canvas is
another."""

PARTS = """Split by blocks of one blogger's photos (neighbouring numbers) or by photo where a source shows single
products (`training/data/split.py`); {validation} photos are held out ({held_out}), no photo of {unseen} is learnt, and
{chosen} on them. *Before* is the release {before} on the same photos."""

WIDTH = 120


def detect_card(plan: Mapping[str, Any], parts: Split, now: Scored, before: Scored) -> str:
    """The text of `card.md`."""
    held_out = parts.held_out
    counts = np.bincount(np.concatenate([photo.classes for photo in held_out]), minlength=len(CLASSES))
    photos = Counter(photo.source for photo in held_out)
    sources = _counted(Counter(photo.source for photo in parts.learnt))
    learning = LEARNING if plan["steps"] else UNCHANGED
    said = dict(
        plan,
        train=len(parts.learnt),
        garments=len(parts.products),
        sources=sources,
        validation=len(held_out),
        held_out=_counted(photos),
        unseen=", ".join(sorted(photos.keys() - {photo.source for photo in parts.learnt})) or "no source",
    )
    said["chosen"] = "nothing was chosen" if plan["steps"] else "only the canvas was chosen, with a look at the figures"
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
