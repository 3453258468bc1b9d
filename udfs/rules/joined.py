"""Which category a product has where its text alone is not sure: text, class of picture and boxes as one probability.

A softmax over the categories that anything speaks for. Of each it reads how likely the text finds its class and it
within its class, how likely the pictures are of that class, and the surest boxes that show it and that do not. The
coefficients are data (`joined.json`), fitted by `training.joined`. Goods that are no garment are not among them:
pictures know garments alone.
"""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from udfs.rules.taxonomy import Taxonomy

FEATURES = ("class_by_text", "leaf_by_text", "picture", "box", "other_box", "is_rest")

FILE = Path(__file__).with_suffix(".json")

RIVALS = 5
"""Other classes among which what a picture's score leaves is shared."""

REST = 15
"""Classes of picture among which the text's remaining probability is shared: all that it does not give to a category,
for a text that suggests goods out of scope knows no word of it."""

LEAST = 2e-4
"""Of what a text gives to a category that is not among its best."""

NAMES = 0.2
"""Least score of a box from which its class is among the categories."""

SURE = (0.02, 0.995)
"""Between these a picture's score counts: no picture rules all else out."""

ROOTS = frozenset({"clothing", "underclothes"})
"""Nodes above the classes of picture; they say too little to be a category."""


@cache
def content() -> bytes:
    """The released coefficients as they were when this process first asked."""
    return FILE.read_bytes()


@dataclass(frozen=True)
class _Candidate:
    node: str
    around: str  # the node of a class of picture that it lies in
    is_rest: bool = False  # stands for every other category of its class


@dataclass(frozen=True)
class Weights:
    """The fitted function."""

    coefficients: Mapping[str, float]

    @classmethod
    @cache
    def released(cls) -> "Weights":
        said = json.loads(content())
        return cls({name: float(said["coefficients"][name]) for name in FEATURES})


@dataclass(frozen=True)
class Case:
    """What is known of a product: its text's best leaves with their probability, and its pictures.

    pictures: `depicts`, `depicts_score` and `boxes` of those that are kept.
    """

    leaves: Sequence[tuple[str, float]]
    pictures: Sequence[Mapping[str, Any]]
    taxonomy: Taxonomy

    @cached_property
    def candidates(self) -> list[_Candidate]:
        """The text's leaves, and the other categories of each class that a picture or a box shows."""
        leaves = dict.fromkeys(leaf for leaf, _ in self.leaves if leaf in self.taxonomy)
        nodes = dict.fromkeys(filter(None, map(self.taxonomy.from_image_class, self._classes())))
        named = [_Candidate(leaf, around(leaf, self.taxonomy)) for leaf in leaves]
        return named + [_Candidate(node, node, is_rest=True) for node in nodes]

    @cached_property
    def _boxes(self) -> list[dict[str, float]]:
        return [best_boxes(picture) for picture in self.pictures]

    @cached_property
    def _said(self) -> dict[str, float]:
        return dict(self.leaves)

    @cached_property
    def _left(self) -> float:
        """What the text gives to each class of picture besides its best leaves."""
        known = sum(chance for leaf, chance in self.leaves if leaf in self.taxonomy)
        return max(1 - known, 0.0) / REST

    def _classes(self) -> Iterable[str]:
        for picture, boxes in zip(self.pictures, self._boxes, strict=True):
            if picture["depicts"]:
                yield picture["depicts"]
            yield from sorted(name for name, score in boxes.items() if score >= NAMES)

    def features(self) -> list[list[float]]:
        """The numbers of each candidate that the fitted function reads, in the order of `FEATURES`."""
        said = [self._by_text(candidate) for candidate in self.candidates]
        whole = sum(said)
        classes: dict[str, float] = {}
        for candidate, chance in zip(self.candidates, said, strict=True):
            classes[candidate.around] = classes.get(candidate.around, 0.0) + chance
        return [
            [
                math.log(classes[candidate.around] / whole),
                math.log(chance / classes[candidate.around]),
                *self._by_pictures(candidate),
                float(candidate.is_rest),
            ]
            for candidate, chance in zip(self.candidates, said, strict=True)
        ]

    def _by_text(self, candidate: _Candidate) -> float:
        if not self.leaves:
            return 1.0
        return max(self._left if candidate.is_rest else self._said[candidate.node], LEAST)

    def _by_pictures(self, candidate: _Candidate) -> tuple[float, float, float]:
        """Of several pictures of a product the mean: they are no evidence apart."""
        allowed = self.taxonomy.node(candidate.node).image_classes
        shown, mine, others = 0.0, 0.0, 0.0
        for picture, boxes in zip(self.pictures, self._boxes, strict=True):
            if picture["depicts"]:
                score = min(max(picture["depicts_score"] or 0.0, SURE[0]), SURE[1])
                shown += math.log(score if picture["depicts"] in allowed else (1 - score) / RIVALS)
            mine += max((score for name, score in boxes.items() if name in allowed), default=0.0)
            others += max((score for name, score in boxes.items() if name not in allowed), default=0.0)
        count = max(len(self.pictures), 1)
        return shown / count, mine / count, others / count

    def chances(self, weights: Weights) -> list[float]:
        """The probability of each candidate."""
        scores = [sum(weights.coefficients[name] * value for name, value in zip(FEATURES, row, strict=True))
                  for row in self.features()]  # fmt: skip
        highest = max(scores, default=0.0)
        raised = [math.exp(score - highest) for score in scores]
        whole = sum(raised)
        return [value / whole for value in raised]

    def likeliest(self, least: float, weights: Weights | None = None) -> str:
        """The likeliest category of the likeliest class where it reaches `least`, else the class.

        ValueError where nothing speaks for any.
        """
        chances = list(zip(self.chances(weights or Weights.released()), self.candidates, strict=True))
        classes: dict[str, float] = {}
        for chance, candidate in chances:
            classes[candidate.around] = classes.get(candidate.around, 0.0) + chance
        best = min(classes, key=lambda node: (-classes[node], node))
        inside = [(-chance, one.node) for chance, one in chances if one.around == best and not one.is_rest]
        return min(inside)[1] if inside and -min(inside)[0] >= least else best


def around(code: str, taxonomy: Taxonomy) -> str:
    """The nearest node at or above a category that a class of picture leads to; where there is none, its root."""
    path = (code, *taxonomy.ancestors(code))
    shown = (node for node in path if taxonomy.node(node).depicts)
    return next(shown, [node for node in path if node not in ROOTS][-1])


def best_boxes(picture: Mapping[str, Any]) -> dict[str, float]:
    """The highest score of each class of box."""
    found: dict[str, float] = {}
    for box in picture["boxes"] or ():
        score = box["score"]
        if score is not None and math.isfinite(score):
            found[box["class"]] = max(found.get(box["class"], 0.0), score)
    return found
