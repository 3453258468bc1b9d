"""What each rule of a shop decides, what doubts it, and which category a dead rule may have meant."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from desk.difference import Change, Difference, difference
from desk.shop import Category
from desk.work import Work
from schemas.errors import WrongInput
from udfs.rules import mapping
from udfs.rules.like_names import LikeNames
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
    by_id = {normalise(category.ids[-1]): category for category in reversed(waiting) if category.ids}
    alike = LikeNames(by_name)
    for use in found.values():
        if not use.products:
            use.successor = by_id.get(use.rule.id or "") or by_name.get(_successor(use.rule, alike) or "")
    return {"uses": list(found.values()), "notes": notes}


def rule_page(work: Work, asked: Mapping[str, str], by: str, on: date) -> dict[str, Any]:
    """One rule, what may be done with it, and what that would change.

    `asked`: `line`, and `leaf` (another category), `because` (another reason to ignore it) or `do=delete`.
    """
    line = asked.get("line", "")
    rules = work.mapping.rules if work.mapping else ()
    rule = next((rule for rule in rules if str(rule.line) == line), None)
    if rule is None:
        raise WrongInput("mapping desk", None, f"no rule stands in line {line[:20]}; load the view of rules again")
    said = {name: asked[field].strip() for field, name in (("leaf", "to"), ("because", "because")) if asked.get(field)}
    if not all(said.values()):
        raise WrongInput("mapping desk", None, "say why the category is ignored")
    if "to" in said and said["to"] not in work.taxonomy:
        raise WrongInput("mapping desk", None, "the taxonomy has no such category")
    found = body = None
    if said or asked.get("do") == "delete":
        body = work.changed(rule.line, said or None, by or "AB", on)
        found = file_difference(work, body)
    places = [at for at, one in enumerate(work.decided) if one.rule == f"{work.text.path.name}:{rule.line}"]
    return {"rule": rule, "said": said, "found": found, "body": body, "digest": work.text.digest, "by": by,
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


def _successor(rule: Rule, names: LikeNames) -> str | None:
    """The name of the undecided category that a rule for a vanished one may mean."""
    if not rule.path or not is_literal(rule.path[-1]):
        return None
    return names.closest(joined_literals(rule.path[-1:])[:-1], LIKE)
