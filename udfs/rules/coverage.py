"""Mapping coverage of live products: counts for the table, and the analyst's view."""

from collections import Counter
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.table import DONE
from schemas.tables import COVERAGE
from udfs.rules.mapping import IGNORED, MAPPED, UNMAPPED, Mapping
from udfs.rules.taxonomy import Taxonomy
from udfs.rules.wording import END

KINDS = (MAPPED, IGNORED, UNMAPPED)
SOURCES = ("mapping", "text", "image")
COUNTED = pa.schema([field for field in COVERAGE.schema if field.name != "function"])

ALIKE = ("retailer", "kind", "node", "rule", "category_source", "text_leaf", "image_class")
"""Products with the same of these count together."""

SAMPLES = 5
"""Titles beside an unmapped category: enough to see what it holds."""


def coverage(products: pa.Table) -> pa.Table:
    """`COUNTED`, one row a retailer and feed: of columns retailer, feed, kind and rule, one row a product."""
    products = products.select(["retailer", "feed", "kind", "rule"])
    keys = ["retailer", "feed"]
    kinds = _counts(products, [*keys, "kind"])
    rules = _counts(products.filter(pc.field("rule").is_valid()), [*keys, "rule"])
    rows: dict[tuple[str, bytes], dict[str, Any]] = {}
    for (retailer, feed, kind), count in sorted(kinds.items()):
        row = rows.setdefault((retailer, feed), _empty(retailer, feed))
        row[kind] += count
        row["products"] += count
    for (retailer, feed, rule), count in sorted(rules.items(), key=lambda item: (item[0][:2], -item[1], item[0])):
        rows[retailer, feed]["rules"].append({"name": rule, "count": count})
    return pa.Table.from_pylist(list(rows.values()), COUNTED)


def _empty(retailer: str, feed: bytes) -> dict[str, Any]:
    counts = dict.fromkeys(("products", *KINDS), 0)
    return {"retailer": retailer, "feed": feed, "status": DONE, "rules": [], **counts}


def _counts(table: pa.Table, keys: list[str]) -> dict[tuple[Any, ...], int]:
    counted = table.group_by(keys).aggregate([([], "count_all")])
    return dict(
        zip(
            zip(*(counted[key].to_pylist() for key in keys), strict=True), counted["count_all"].to_pylist(), strict=True
        )
    )


@dataclass
class RuleUse:
    """A rule, the number of its products, and for how many of them the text or the pictures disagree."""

    rule: str
    node: str | None
    products: int = 0
    text_differs: int = 0
    image_differs: int = 0


@dataclass
class UnmappedCategory:
    """A shop category that no rule matches."""

    path: tuple[str, ...]
    products: int = 0
    titles: list[str] = field(default_factory=list)  # of the products with the smallest ids


@dataclass
class RetailerCoverage:
    """The analyst's view of one retailer's live products."""

    retailer: str
    products: int = 0
    kinds: Counter[str] = field(default_factory=Counter)  # mapped, ignored, unmapped
    sources: Counter[str] = field(default_factory=Counter)  # mapping, text, image: which one decided
    rules: dict[str, RuleUse] = field(default_factory=dict)
    unmapped: dict[tuple[str, ...], UnmappedCategory] = field(default_factory=dict)

    def shares(self) -> dict[str, float]:
        """Mapped, ignored and unmapped shares, which add up to 1."""
        return {kind: self.kinds[kind] / self.products for kind in KINDS}

    def decided_share(self, source: str) -> float:
        """The share of products whose category came from a source."""
        return self.sources[source] / self.products

    def decided_by(self) -> dict[str, float]:
        """The shares of products whose category came from mapping, text and image; nobody decided the rest."""
        return {source: self.decided_share(source) for source in SOURCES}

    def all_rules(self, mapping: Mapping) -> list[RuleUse]:
        """Every rule of the file in its order, also those that decide nothing today."""
        names = {f"{mapping.path.name}:{rule.line}": rule.node for rule in mapping.rules}
        return [self.rules.get(name) or RuleUse(name, node) for name, node in names.items()]

    def largest_unmapped(self, count: int) -> list[UnmappedCategory]:
        """The unmapped categories with the most products."""
        return sorted(self.unmapped.values(), key=lambda category: (-category.products, category.path))[:count]


def view(products: pa.Table, taxonomy: Taxonomy) -> list[RetailerCoverage]:
    """One view a retailer, by name.

    products, one row each: product_id, retailer, title, category_path, kind, node, rule, category_source, text_leaf
    (null where the text is unsure), image_class (null where the pictures are).
    """
    products = products.sort_by("product_id")
    alike = products.group_by([*ALIKE]).aggregate([([], "count_all")]).to_pylist()
    found = {row["retailer"]: RetailerCoverage(row["retailer"]) for row in alike}
    for row in alike:
        seen, count = found[row["retailer"]], row["count_all"]
        seen.products += count
        seen.kinds[row["kind"]] += count
        if row["category_source"] is not None:
            seen.sources[row["category_source"]] += count
        if row["rule"] is not None:
            _count_rule(seen, row, taxonomy)
    _count_unmapped(found, products.filter(pc.equal(products["kind"], UNMAPPED)))
    return [found[name] for name in sorted(found)]


def _count_rule(seen: RetailerCoverage, alike: dict[str, Any], taxonomy: Taxonomy) -> None:
    node, shown, count = alike["node"], alike["image_class"], alike["count_all"]
    use = seen.rules.setdefault(alike["rule"], RuleUse(alike["rule"], node))
    use.products += count
    use.text_differs += count * differs(node, alike["text_leaf"], taxonomy)
    use.image_differs += count * (shown is not None and node in taxonomy and shown not in taxonomy.image_classes(node))


def _count_unmapped(found: dict[str, RetailerCoverage], products: pa.Table) -> None:
    """Products that no rule matches, sorted by id."""
    path = pc.fill_null(pc.binary_join(products["category_path"], END), "")
    numbered = pa.table({"retailer": products["retailer"], "path": path, "at": np.arange(products.num_rows)})
    groups = numbered.group_by(["retailer", "path"]).aggregate([("at", "min"), ("at", "count"), ("at", "list")])
    paths = products["category_path"].take(groups["at_min"]).to_pylist()
    for group, names in zip(groups.to_pylist(), paths, strict=True):
        unmapped = found[group["retailer"]].unmapped
        category = unmapped.setdefault(tuple(names or ()), UnmappedCategory(tuple(names or ())))
        category.products += group["at_count"]
        titles = (products["title"][at].as_py() for at in sorted(group["at_list"]))
        category.titles += islice(filter(None, titles), SAMPLES - len(category.titles))


def differs(node: str | None, other: str | None, taxonomy: Taxonomy) -> bool:
    """True where both name something and neither lies within the other. What the tree does not hold lies nowhere."""
    if node is None or other is None:
        return False
    if node not in taxonomy or other not in taxonomy:
        return node != other
    return not (taxonomy.is_within(node, other) or taxonomy.is_within(other, node))
