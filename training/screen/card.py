"""The card of the image filter."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from training.data.corrections import said_of
from training.data.labelled import Picture
from training.screen import outliner
from training.screen.report import FLOOR, TARGETS, table

CARD = """# screen: image filter and image class

One EfficientNet-Lite0 backbone (ImageNet weights, Apache-2.0, frozen), linear heads on the mean and deviation of
every channel at four depths, and on the means of six regions of the picture at two. {pictures} pictures of {groups}
groups; the folders' README says from where and under which licence (mostly none stated: the photos were used for
training and measuring only, none is in this repository).

Where the class is in doubt (`again_below` in `model.json`), what is cut out of the picture's background is looked at
once more by a head of its own, and the geometric mean of both answers counts. A small head on the same backbone says
where the subject is (`training/screen/outline.py`); it learnt from the small U2-Net (Apache-2.0) on {outlined}
pictures of the training part and agrees with it to an intersection over union of {likeness} on the validation part's
garments.

{drawn} drawn size charts in three scripts trained the filter too, and {named} catalogue photos whose title names a
dress, a skirt, shorts or a jacket (`training/data/named.py`) the class; none of the two is in any figure of its head.

Split by repository, sender, brand or block of one blogger's photos, never by picture (`training/data/split.py`:
sha256 of the salt and the group's name). Penalty, temperature and thresholds were chosen by folds of the training
part; the figures below are of the validation part, which no choice was made on.

## Corrections

Image filter: {screen_corrections}

Image class: {class_corrections}

## Image filter

At the recommended thresholds (P(wanted) below {reject_below:.3f}: rejected; below {sure_from:.3f}: kept, but unsure):

{screen}

At the threshold that keeps 99.5% of the wanted pictures of the validation split:

{at_995}

Targets: {targets}. Baseline (linear model on 1,280 features) on other samples: {floor}; on these, at 99.5% kept:

{floor_here}

## Class of a single garment

{depicts}

Baseline (linear model on 1,280 features) on these: accuracy {class_floor:.3f}. Target: 0.92.

## Known failures

Close-ups of half a garment lie near the border to wanted; a size chart beside a model on one picture is taken for
either; shop banners that show people in garments and little text pass as wanted. Few charts in Japanese or Korean.
Plain dresses that lie flat are taken for tops, worn skirts for shorts or dresses, thin jackets and shirts for each
other, clutch bags for wallets.
Goods that no training source shows (of the validation part: frames of spectacles, some bags) are rejected too often.
"""


@dataclass(frozen=True)
class OnlyTrained:
    """How many drawn charts and named catalogue photos trained a head without being in its figures."""

    drawn: int
    named: int


def screen_card(
    report: Mapping[str, Any], bounds: Mapping[str, float], pictures: Sequence[Picture], only: OnlyTrained
) -> str:
    """The text of `card.md`."""
    outline = outliner.said_of()
    depicts = {"accuracy": report["depicts"]["accuracy"], **report["depicts"]["by_class"]}
    return CARD.format(
        drawn=only.drawn,
        named=only.named,
        screen_corrections=said_of("screen"),
        class_corrections=said_of("classify"),
        pictures=len(pictures),
        groups=len(Counter(picture.group for picture in pictures)),
        screen=table(report["screen"]),
        at_995=table(report["screen_at_995"]),
        depicts=table(depicts),
        outlined=outline["pictures"],
        likeness=outline["likeness"],
        targets=", ".join(f"{name} {value:.2f}" for name, value in TARGETS.items()),
        floor_here=table(report["floor"]["screen_at_995"]),
        class_floor=report["floor"]["depicts"]["accuracy"]["value"],
        floor=", ".join(f"{name} {value:.2f}" for name, value in FLOOR.items()),
        **bounds,
    )
