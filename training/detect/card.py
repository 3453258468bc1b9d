"""The card of the detector."""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from training.data.street import Photo
from training.detect.average_precision import mean_of
from udfs.pictures.detect import CLASSES

CARD = """# detect: boxes around garments

EfficientNet-Lite0 at 320 x 320 (ImageNet weights, Apache-2.0, frozen), a feature pyramid of {width} channels joined at
stride 8, a peak map and a box map for each of ten classes. Trained for {steps} steps of 16 photos (AdamW, focal and
GIoU loss, average of weights; maps mirrored, zoomed and shifted) on {train} photos of {sources}. The folder's README
says from where and under which licence (mostly none stated: for training and measuring only, none is in this
repository).

Split by blocks of one blogger's photos (neighbouring numbers) or by photo where a source shows single products
(`training/data/split.py`); {validation} photos are held out, and nothing was chosen on them.

mAP@50 {map50:.3f} ({low:.3f} to {high:.3f}, 95%, by drawing photos again), mAP@75 {map75:.3f}.

| class | AP@50 | AP@75 | held-out boxes |
| --- | --- | --- | --- |
{rows}

Classes that a source does not label are neither learnt nor counted on its photos.

## Known failures

Boxes are loose (see AP@75). Eyewear is a few pixels wide at this size and is often missed; coats are taken for
dresses; bags are found twice; bystanders are found though nobody labelled them.
"""


def detect_card(
    report: Mapping[str, dict[str, float]],
    photos: Sequence[Photo],
    kept: Sequence[Photo],
    interval: tuple[float, float],
    steps: int,
    width: int,
) -> str:
    """The text of `card.md`."""
    counts = np.bincount(np.concatenate([photo.classes for photo in kept]), minlength=len(CLASSES))
    rows = [
        f"| {name} | {report['map50'][name]:.3f} | {report['map75'][name]:.3f} | {count} |"
        for name, count in zip(CLASSES, counts, strict=True)
    ]
    sources = Counter(photo.source for photo in photos)
    return CARD.format(
        steps=steps,
        width=width,
        train=len(photos) - len(kept),
        validation=len(kept),
        sources=", ".join(f"{name} ({count})" for name, count in sorted(sources.items())),
        map50=mean_of(report["map50"]),
        map75=mean_of(report["map75"]),
        low=interval[0],
        high=interval[1],
        rows="\n".join(rows),
    )
