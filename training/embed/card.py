"""The card of the embedding."""

from collections.abc import Mapping, Sequence
from typing import Any

from training.embed.fit import Plan
from training.embed.rows import CHOICE, TEST

CARD = """# embed: a garment's crop as {size} numbers of unit length

Three parts, joined by fixed shares. Class ({kind} numbers, share {shares[0]:.2f}): square roots of the probabilities of
{kind} classes. Cut ({cut}, {shares[1]:.2f}) and class are linear in mean, deviation and six regions of the maps of an
EfficientNet-Lite0 (ImageNet weights, Apache-2.0, frozen). Colour ({colour}, {shares[2]:.2f}) is linear in two sharp
Lab histograms: of what lies before a bright ground, and of the whole crop. Weights are stored in 16 bits (backbone)
and 8 bits (heads), arithmetic is fp32. Codes: signs of 128 fixed directions of class with cut, and of colour.
Learnt from {rows} photos and cuts: views of one product are near, other products far; classes from labels of single
garments, words of titles and boxes. Licence of the photos: mostly none stated; used for training and measuring only,
none is in this repository.

## Figures

Whole sources, senders and brands were kept out, and no choice was made on them: {test}; of single garments what the
image filter's split holds back. Choices (shares, rates, sizes) were made on {choice} and a quarter of the other single
garments, which the release then learnt from too. A further view is looked for among the first views of all products.
95% intervals by resampling products, of single garments senders and brands. Seeds: three runs, the released one first.

| figure | this release | 95% interval | other seeds | before | rows |
| --- | --- | --- | --- | --- | --- |
{figures}

| source kept out | recall@1 | 95% interval | recall@5 | before, @1 / @5 | queries |
| --- | --- | --- | --- | --- | --- |
{sources}

| class | share of the five nearest of the class | before | garments |
| --- | --- | --- | --- |
{classes}

## Known failures

Two views whose class is taken for another are far from each other. Close-ups, backs and soles are far from the whole
front; frames of spectacles look alike. Worn pairs are mostly of one source that the release learnt from; few are kept
out, so that their figures are uncertain. A coloured or cluttered ground counts as part of what is shown.
"""


def embed_card(plan: Plan, sizes: tuple[int, int, int], rows: int, runs: Sequence[Mapping[str, Any]]) -> str:
    """The text of `card.md`; `runs`: figures of the release, of the release before, then of other seeds."""
    now, before, others = runs[0], runs[1], runs[2:]
    figures = [
        f"| {name} | {_value(found)} | {_interval(found)} | {', '.join(_value(run[name]) for run in others) or '-'} "
        f"| {_value(before[name])} | {found['count']} |"
        for name, found in now.items()
        if "value" in found
    ]
    earlier = before["recall_at_by_source"]
    sources = [
        f"| {name} | {_value(at[0])} | {_interval(at[0])} | {_value(at[1])} | {' / '.join(map(_value, was))} "
        f"| {at[0]['count']} |"
        for name, found in now["recall_at_by_source"].items()
        for at, was in [[_first_and_fifth(found), _first_and_fifth(earlier[name])]]
    ]
    classes = [
        f"| {name} | {_value(found)} | {_value(before['class_precision_by_class'][name])} | {found['count']} |"
        for name, found in now["class_precision_by_class"].items()
    ]
    return CARD.format(
        size=sum(sizes),
        kind=sizes[0],
        cut=sizes[1],
        colour=sizes[2],
        shares=plan.shares,
        rows=rows,
        test=", ".join(sorted(TEST)),
        choice=", ".join(sorted(CHOICE)),
        figures="\n".join(figures),
        sources="\n".join(sources),
        classes="\n".join(classes),
    )


def _value(found: Mapping[str, Any]) -> str:
    return "-" if found["value"] is None else f"{found['value']:.3f}"


def _interval(found: Mapping[str, Any]) -> str:
    return f"{found['low']:.3f} to {found['high']:.3f}"


def _first_and_fifth(found: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [found["recall_at_1"], found["recall_at_5"]]
