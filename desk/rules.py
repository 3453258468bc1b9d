"""What each rule of a shop decides, what doubts it, and which category a dead rule may have meant."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches
from typing import Any

from desk.difference import Change, Difference, difference
from desk.shop import Category
from desk.work import Work
from schemas.errors import WrongInput
from udfs.rules import mapping
from udfs.rules.mapping import MAPPED, UNMAPPED
from udfs.rules.rule import Rule
from udfs.rules.wording import is_literal, joined_literals, normalise

SHOWN = 12
"""Products shown of a rule."""

LIKE = 0.6
"""How like a category's name must be to a dead rule's to be proposed as what it was renamed to."""


@dataclass
class Use:
    """One rule of the file."""

    rule: Rule
    name: str  # file and line, as products record it
    products: int = 0
    text_differs: int = 0
    image_differs: int = 0
    warnings: list[str] = field(default_factory=list)
    successor: Category | None = None

    @property
    def doubted(self) -> bool:
        """Text and pictures both contradict it for a third of its products."""
        return self.products > 0 and 3 * min(self.text_differs, self.image_differs) >= self.products


def rule_uses(work: Work) -> dict[str, Any]:
    """The rules in the order of the file, and the file's warnings that belong to no rule."""
    if work.mapping is None:
        return {"uses": [], "notes": []}
    uses = {f"{work.mapping.path.name}:{rule.line}": rule for rule in work.mapping.rules}
    found = {name: Use(rule, name) for name, rule in uses.items()}
    for product, decided in zip(work.shop.products, work.decided, strict=True):
        use = found.get(decided.rule or "")
        if use is None:
            continue
        use.products += 1
        text, pictures = work.doubts(product, decided.node)
        use.text_differs, use.image_differs = use.text_differs + text, use.image_differs + pictures
    notes = _warnings(work, found)
    waiting = [work.shop.categories[key] for key in work.left()]
    by_name = {normalise(category.last): category for category in reversed(waiting)}
    for use in found.values():
        if not use.products:
            use.successor = _successor(use.rule, waiting, by_name)
    return {"uses": list(found.values()), "notes": notes}


def rule_page(work: Work, asked: Mapping[str, str], by: str, on: date) -> dict[str, Any]:
    """One rule, what may be done with it, and what that would change. `asked`: line, and `leaf` or `do=delete`."""
    line, leaf = asked.get("line", ""), asked.get("leaf") or None
    rules = work.mapping.rules if work.mapping else ()
    rule = next((rule for rule in rules if str(rule.line) == line), None)
    if rule is None:
        raise WrongInput("mapping desk", None, f"no rule stands in line {line[:20]}; load the view of rules again")
    if leaf is not None and leaf not in work.taxonomy:
        raise WrongInput("mapping desk", None, "the taxonomy has no such category")
    found = None
    if leaf is not None or asked.get("do") == "delete":
        found = file_difference(work, work.changed(rule.line, leaf, by or "AB", on))
    places = [at for at, one in enumerate(work.decided) if one.rule == f"{work.text.path.name}:{rule.line}"]
    return {"rule": rule, "leaf": leaf, "found": found, "digest": work.text.digest, "by": by,
            "products": work.shop.of(places[:SHOWN]), "count": len(places)}  # fmt: skip


def file_difference(work: Work, body: bytes) -> Difference:
    """What another file would change in the index; where it decides nothing, the sure text does."""
    changes = []
    for product, old, new in zip(work.shop.products, work.decided, work.would_decide(body), strict=True):
        if (old.kind, old.node) != (new.kind, new.node):
            text = work.shop.sure_text(product) if new.kind == UNMAPPED else None
            after = new.node if new.kind == MAPPED else text if text in work.taxonomy.nodes else None
            changes.append(Change(product, product.category, after))
    return difference(changes)


def _warnings(work: Work, found: dict[str, Use]) -> list[str]:
    by_line = {use.rule.line: use for use in found.values()}
    notes = []
    for problem in mapping.check(work.text.path, work.taxonomy):
        if problem.line in by_line:
            by_line[problem.line].warnings.append(problem.text)
        else:
            notes.append(f"line {problem.line}: {problem.text}")
    return notes


def _successor(rule: Rule, waiting: list[Category], by_name: dict[str, Category]) -> Category | None:
    """The undecided category that a rule for a vanished one may mean: the same id, else a like name."""
    for category in waiting:
        if rule.id is not None and category.ids and normalise(category.ids[-1]) == rule.id:
            return category
    if not rule.path or not is_literal(rule.path[-1]):
        return None
    close = get_close_matches(joined_literals(rule.path[-1:])[:-1], by_name, n=1, cutoff=LIKE)
    return by_name[close[0]] if close else None
