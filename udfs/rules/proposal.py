"""Which of our categories a shop's category is, from all that speaks for one, and how sure that is.

A logistic function of a few numbers; its coefficients are data (`proposal.json`), fitted by
`training.text.propose`.
"""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from udfs.rules.like_names import LikeNames
from udfs.rules.mapping import Mapping as MappingFile
from udfs.rules.taxonomy import Taxonomy
from udfs.rules.wording import is_literal, joined_literals, normalise

OUT_OF_SCOPE = "out_of_scope"
"""The text's answer for goods that are no garment: proposed as a category to ignore."""

CANDIDATES = 5
LEAST = 0.9
"""A rule that is less sure is written without a person's look only where even less is asked."""

LIKE = 0.86
"""How like two names must be to count as one misspelt: of eight letters, one may differ."""

SHOWN = {"agrees": 1.0, "differs": -2.0}
"""Log-odds that pictures add where all of them agree with a category, or all differ. Set by hand: the labelled titles
have no pictures, and a class of picture is right for 0.92 of them."""

FEATURES = (
    "text", "text_is_best", "text_margin", "name", "name_is_best", "name_in_taxonomy", "another_name_in_taxonomy",
    "rules_agree", "rules_differ", "products", "is_out_of_scope", "text_and_name", "text_and_taxonomy",
    "text_and_rules",
)  # fmt: skip
_LIMIT = 6.0


@dataclass(frozen=True)
class Evidence:
    """What is known of a category: shares and probabilities from 0 to 1, by taxonomy code (or `OUT_OF_SCOPE`)."""

    products: int
    text: Mapping[str, float] = field(default_factory=dict)  # mean probability over the products' texts
    best: Mapping[str, float] = field(default_factory=dict)  # share of the products whose text names it first
    name: Mapping[str, float] = field(default_factory=dict)  # what the classifier makes of the category's name alone
    named: frozenset[str] = frozenset()  # nodes whose name in the taxonomy is the category's
    rules: Mapping[str, int] = field(default_factory=dict)  # rules for categories of a like name, by what they say
    shown: Mapping[str, float] = field(default_factory=dict)  # class of picture -> share of the products that show one


@dataclass(frozen=True)
class Proposal:
    """A category and how likely it is right for a product that its rule takes."""

    leaf: str
    probability: float


@dataclass(frozen=True)
class Weights:
    """The fitted function."""

    coefficients: Mapping[str, float]
    intercept: float

    @classmethod
    @lru_cache(maxsize=1)
    def released(cls) -> "Weights":
        said = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))
        return cls({name: float(said["coefficients"][name]) for name in FEATURES}, float(said["intercept"]))


def propose(evidence: Evidence, taxonomy: Taxonomy, weights: Weights | None = None) -> list[Proposal]:
    """Up to `CANDIDATES` proposals, the surest first."""
    fitted = weights or Weights.released()
    scored = []
    for leaf in candidates(evidence):
        if leaf != OUT_OF_SCOPE and leaf not in taxonomy:
            continue
        numbers = features(evidence, leaf)
        score = fitted.intercept + sum(fitted.coefficients[name] * value for name, value in numbers.items())
        scored.append(Proposal(leaf, _chance(score + _pictures(evidence, leaf, taxonomy))))
    return sorted(scored, key=lambda proposal: (-proposal.probability, proposal.leaf))[:CANDIDATES]


def surest(rules: Sequence[tuple[float, int]], at: float) -> set[int]:
    """Places of the surest rules (probability, products) that are together right for a share `at` of their products."""
    order = sorted(range(len(rules)), key=lambda place: -rules[place][0])
    right = products = most = 0.0
    for count, place in enumerate(order, 1):
        right += rules[place][0] * rules[place][1]
        products += rules[place][1]
        if right >= at * products:
            most = count
    return set(order[: int(most)])


def candidates(evidence: Evidence) -> list[str]:
    """Categories that anything speaks for."""
    likeliest = [*_top(evidence.text), *_top(evidence.name), *evidence.named, *evidence.rules]
    return sorted(dict.fromkeys(likeliest))


def features(evidence: Evidence, leaf: str) -> dict[str, float]:
    """The numbers that the fitted function reads, by `FEATURES`."""
    text, name = evidence.text.get(leaf, 0.0), evidence.name.get(leaf, 0.0)
    rivals = [chance for other, chance in evidence.text.items() if other != leaf]
    like = sum(evidence.rules.values())
    best, agrees = evidence.best.get(leaf, 0.0), evidence.rules.get(leaf, 0) / like if like else 0.0
    by_name, by_taxonomy = float(name > 0 and name == max(evidence.name.values())), float(leaf in evidence.named)
    values = (
        _odds(text), best, text - max(rivals, default=0.0), _odds(name), by_name, by_taxonomy,
        float(bool(evidence.named) and not by_taxonomy), agrees, 1 - agrees if like else 0.0,
        math.log1p(min(evidence.products, 100)), float(leaf == OUT_OF_SCOPE),
        best * by_name, best * by_taxonomy, best * agrees,
    )  # fmt: skip
    return dict(zip(FEATURES, values, strict=True))


def text_evidence(texts: Iterable[Sequence[tuple[str, float]]]) -> tuple[dict[str, float], dict[str, float]]:
    """`Evidence.text` and `Evidence.best` of the leaves that each product's text may name, likeliest first."""
    total: dict[str, float] = {}
    first: dict[str, float] = {}
    count = 0
    for leaves in texts:
        count += 1
        for leaf, chance in leaves:
            total[leaf] = total.get(leaf, 0.0) + chance
        if leaves:
            first[leaves[0][0]] = first.get(leaves[0][0], 0.0) + 1
    share = 1 / max(count, 1)
    return {k: v * share for k, v in total.items()}, {k: v * share for k, v in first.items()}


class Names:
    """Names of our categories, in every language, by how a shop would write them."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        self._nodes: dict[str, set[str]] = {}
        for code, node in taxonomy.nodes.items():
            for name in node.names.values():
                for part in (name, *name.split("・")):
                    if len(part) > 1:
                        self._nodes.setdefault(normalise(part), set()).add(code)

    def named(self, name: str) -> frozenset[str]:
        """Nodes whose name, or its plural in English and Russian, this is."""
        asked = normalise(name)
        found = self._nodes.get(asked) or self._nodes.get(asked.removesuffix("s"))
        return frozenset(found or ())


class Rules:
    """What rules say of categories, by the last name of their path."""

    def __init__(self, files: Iterable[MappingFile]) -> None:
        self._said: dict[str, dict[str, int]] = {}
        self._alike: LikeNames | None = None  # made of all names when one is first asked for
        for file in files:
            for rule in file.rules:
                if rule.path and not rule.is_conditional and is_literal(rule.path[-1]):
                    self.add(joined_literals(rule.path[-1:])[:-1], rule.node or OUT_OF_SCOPE)

    def add(self, name: str, leaf: str) -> None:
        said = self._said.setdefault(normalise(name), {})
        said[leaf] = said.get(leaf, 0) + 1
        self._alike = None

    def like(self, name: str) -> Mapping[str, int]:
        """Rules for categories of this name, or of one that differs by a letter or two."""
        asked = normalise(name)
        if asked in self._said or len(asked) < 5 or not self._said:
            return self._said.get(asked, {})
        if self._alike is None:
            self._alike = LikeNames(self._said)
        close = self._alike.closest(asked, LIKE)
        return self._said[close] if close else {}


def _top(chances: Mapping[str, float]) -> list[str]:
    return sorted(chances, key=lambda leaf: (-chances[leaf], leaf))[:CANDIDATES]


def _pictures(evidence: Evidence, leaf: str, taxonomy: Taxonomy) -> float:
    if leaf == OUT_OF_SCOPE:
        return 0.0
    allowed = taxonomy.image_classes(leaf)
    agrees = sum(share for name, share in evidence.shown.items() if name in allowed)
    differs = sum(evidence.shown.values()) - agrees
    return SHOWN["agrees"] * agrees + SHOWN["differs"] * differs


def _odds(chance: float) -> float:
    kept = min(max(chance, 1e-9), 1 - 1e-9)
    return min(max(math.log(kept / (1 - kept)), -_LIMIT), _LIMIT)


def _chance(score: float) -> float:
    return 1 / (1 + math.exp(-min(max(score, -30.0), 30.0)))
