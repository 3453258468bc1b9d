"""Gathers what speaks for a category: its products' texts and pictures, its name, and rules of other shops."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import pyarrow as pa

from desk.shop import Category, Shop
from udfs.rules.mapping import Mapping as MappingFile
from udfs.rules.proposal import Evidence, Names, Proposal, Rules, propose, text_evidence
from udfs.rules.taxonomy import Taxonomy
from udfs.text.classify import NEEDED, classify
from udfs.text.model import TextModel

READ = 400
"""Products of a category whose texts and pictures are counted: more move no share by a twentieth."""

_NAMES = pa.schema([(name, pa.list_(pa.string()) if name == "category_path" else pa.string()) for name in NEEDED])


@dataclass(frozen=True)
class Considered:
    """What speaks for a category, and what follows."""

    evidence: Evidence
    proposals: list[Proposal]


@dataclass
class Proposer:
    """Proposals for the categories of shops. `model` is asked for when a name is first classified."""

    taxonomy: Taxonomy
    mappings: Mapping[str, MappingFile]  # by retailer
    model: Callable[[], TextModel]
    _considered: dict[tuple[str, str], Considered] = field(default_factory=dict)

    def of(self, shop: Shop, category: Category, places: Sequence[int]) -> Considered:
        """What is proposed for the products of a category that are open; made once."""
        self.prepare(shop, [category], {category.key: places})
        return self._considered[shop.retailer, category.key]

    def prepare(self, shop: Shop, categories: Sequence[Category], places: Mapping[str, Sequence[int]]) -> None:
        """Considers many categories with one call of the classifier."""
        wanted = [category for category in categories if (shop.retailer, category.key) not in self._considered]
        for category, name in zip(wanted, self._classified(wanted), strict=True):
            evidence = self._gathered(shop, category, places.get(category.key, ()), name)
            self._considered[shop.retailer, category.key] = Considered(evidence, propose(evidence, self.taxonomy))

    def _gathered(self, shop: Shop, category: Category, places: Sequence[int], name: Mapping[str, float]) -> Evidence:
        read = places[:READ]
        products = [shop.products[place] for place in read]
        text, first = text_evidence(product.leaves for product in products)
        shown = Counter(product.shown for product in products if product.shown is not None)
        return Evidence(
            products=len(places),
            text=text,
            best=first,
            name=name,
            named=self._names.named(category.last),
            rules=self._like_rules.like(category.last) if category.last else {},
            shown={kind: count / len(products) for kind, count in shown.items()},
        )

    @cached_property
    def _names(self) -> Names:
        return Names(self.taxonomy)

    @cached_property
    def _like_rules(self) -> Rules:
        """Rules of all shops: also of the shop itself, for a category that it renamed is still called alike."""
        return Rules(self.mappings.values())

    def _classified(self, categories: Sequence[Category]) -> list[dict[str, float]]:
        if not categories:
            return []
        rows = [{"title": category.last, "category_path": list(category.path)} for category in categories]
        answers = classify(pa.RecordBatch.from_pylist(rows, schema=_NAMES), self.model())
        return [{leaf["leaf"]: leaf["probability"] for leaf in found} for found in answers["leaves"].to_pylist()]
