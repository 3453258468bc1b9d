"""Writes the surest rules, as many as are together as sure as is asked, marked as suggested, with their evidence."""

from dataclasses import dataclass
from datetime import date

from desk.edits import Decision
from desk.mapping_file import rule_of
from desk.work import Work, said_of
from schemas.errors import WrongInput
from udfs.rules.proposal import LEAST, Evidence, surest

SURE = 0.98
BY = "desk"
"""In place of initials: no person has looked at the rule yet."""


@dataclass(frozen=True)
class Suggestion:
    """A rule that is sure enough."""

    name: str
    products: int
    probability: float
    decision: Decision


def suggestions(work: Work, at: float = SURE) -> list[Suggestion]:
    """The surest first proposals for categories without a rule, the largest first: as many as are expected to be right
    for a share `at` of the products that they take together."""
    categories = [work.shop.categories[key] for key in work.left()]
    work.proposer.prepare(work.shop, categories, work.open)
    found = []
    for category in categories:
        considered = work.considered(category.key)
        first = next(iter(considered.proposals), None)
        if first is None or first.probability < min(at, LEAST):
            continue
        note = f"suggested {first.probability:.3f}: {in_words(considered.evidence)}"
        decision = Decision(category.path, category.ids, note=note, **said_of(first))
        try:
            rule_of(decision, BY, date(2000, 1, 1))
        except WrongInput:
            continue  # no rule can name the category; the desk shows it
        found.append(Suggestion(category.name, len(work.rest(category.key)), first.probability, decision))
    taken = surest([(one.probability, one.products) for one in found], at)
    return [one for place, one in enumerate(found) if place in taken]


def in_words(evidence: Evidence) -> str:
    """What speaks for a proposal, in one short line."""

    def first(shares: dict[str, float]) -> str:
        leaf, share = max(shares.items(), key=lambda item: (item[1], item[0]))
        return f"{leaf} {100 * share:.0f}%"

    parts = [
        f"{name} {first(dict(shares))}"
        for name, shares in (("texts", evidence.best), ("pictures", evidence.shown), ("name", evidence.name))
        if shares
    ]
    parts += [f"taxonomy {', '.join(sorted(evidence.named))}"] if evidence.named else []
    parts += [f"rules {', '.join(sorted(evidence.rules))}"] if evidence.rules else []
    return f"{evidence.products} products; " + "; ".join(parts)
