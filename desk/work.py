"""One analyst at one shop: what the mapping file decides, what is pending, and what is left to decide."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path

from desk.edits import Decision, Pending
from desk.evidence import Considered, Proposer
from desk.mapping_file import MappingText, read_in, rule_of, save
from desk.shop import Category, Product, Shop, key_of, pictures_differ
from schemas.errors import WrongInput
from udfs.rules import mapping as mapping_file
from udfs.rules.coverage import differs
from udfs.rules.mapping import IGNORED, MAPPED, UNMAPPED, Mapping
from udfs.rules.mapping import Decision as Decided
from udfs.rules.proposal import OUT_OF_SCOPE, Proposal
from udfs.rules.taxonomy import Taxonomy
from udfs.rules.wording import normalise, title_pattern

NO_GARMENT = "no garment"


@dataclass
class Work:
    """The state behind the page of one shop. A key changes one category, so that it costs what that category holds."""

    shop: Shop
    folder: Path
    taxonomy: Taxonomy
    proposer: Proposer
    pending: Pending
    text: MappingText = field(init=False)
    mapping: Mapping | None = field(init=False)
    decided: list[Decided] = field(init=False)  # by the file, for each product of the shop

    def __post_init__(self) -> None:
        self.load()

    def load(self) -> None:
        """Reads the mapping file as it is now. Raises WrongInput with its line if it is broken."""
        self.text = MappingText.read(self.folder)
        self.mapping = None if self.text.body is None else Mapping.read(self.text.path, self.taxonomy)
        self.decided = list(decided_by(self.shop, self.mapping))
        for name in ("open", "order", "places", "_kinds"):
            self.__dict__.pop(name, None)
        self._parts: dict[str, list[Decision]] = {}
        for decision in self.pending.decisions:
            self._parts.setdefault(key_of(decision.path), []).append(decision)
        self._extra: Counter[str] = Counter()
        for key in self._parts:
            self._count(key, 1)

    @cached_property
    def open(self) -> dict[str, list[int]]:
        """The products of each category that no rule of the file decides."""
        found = {}
        for key, category in self.shop.categories.items():
            places = [place for place in category.products if self.decided[place].kind == UNMAPPED]
            if places:
                found[key] = places
        return found

    @cached_property
    def order(self) -> list[str]:
        """Categories with undecided products, the largest first."""
        return sorted(self.open, key=lambda key: (-len(self.open[key]), self.shop.categories[key].path))

    @cached_property
    def _kinds(self) -> Counter[str]:
        return Counter(decided.kind for decided in self.decided)

    @property
    def counts(self) -> dict[str, int]:
        """Products mapped, ignored and unmapped, pending decisions included."""
        extra = self._extra
        added = extra[MAPPED] + extra[IGNORED]
        return {
            MAPPED: self._kinds[MAPPED] + extra[MAPPED],
            IGNORED: self._kinds[IGNORED] + extra[IGNORED],
            UNMAPPED: self._kinds[UNMAPPED] - added,
        }

    @property
    def covered(self) -> float:
        total = len(self.shop.products)
        return 1 - self.counts[UNMAPPED] / total if total else 1.0

    def doubts(self, product: Product, node: str | None) -> tuple[bool, bool]:
        """Whether the sure text, and whether the pictures, say something else of a product than a node."""
        text = differs(node, self.shop.sure_text(product), self.taxonomy)
        return text, pictures_differ(product, node, self.taxonomy)

    def rest(self, key: str) -> list[int]:
        """The products of a category that neither the file nor a pending decision decides."""
        if not self._made(key):
            return self.open.get(key, [])
        return [place for place, decision in self.outcome(key) if decision is None]

    def outcome(self, key: str) -> Iterator[tuple[int, Decision | None]]:
        """Each product that the file leaves open, with the pending decision that takes it."""
        made = self._made(key)
        for place in self.open.get(key, ()):
            product = self.shop.products[place]
            yield place, next((decision for decision in made if fits(decision, product)), None)

    def _made(self, key: str) -> list[Decision]:
        """The pending rules of a category, those for a part first."""
        made = [decision for decision in self._parts.get(key, ()) if not decision.is_skip]
        return sorted(made, key=lambda decision: not decision.is_partial)

    def _count(self, key: str, sign: int) -> None:
        made = self._made(key)
        if not made:
            return
        if not made[0].is_partial:  # it takes the whole category
            self._extra[MAPPED if made[0].to is not None else IGNORED] += sign * len(self.open.get(key, ()))
            return
        for _, decision in self.outcome(key):
            if decision is not None:
                self._extra[MAPPED if decision.to is not None else IGNORED] += sign

    def is_left(self, key: str) -> bool:
        """Whether a category waits for a decision: it was not skipped, and some of its products are open."""
        if key not in self.open:
            return False
        made = self._parts.get(key, [])
        if any(decision.is_skip or not decision.is_partial for decision in made):
            return False
        return not made or bool(self.rest(key))

    def left(self, start: str | None = None, most: int | None = None) -> list[str]:
        """Categories that wait, from one on, around the end to the beginning."""
        at = self.places.get(start or "", 0)
        found = []
        for key in (*self.order[at:], *self.order[:at]):
            if self.is_left(key):
                found.append(key)
                if len(found) == most:
                    break
        return found

    @cached_property
    def places(self) -> dict[str, int]:
        """Where each category stands in `order`."""
        return {key: place for place, key in enumerate(self.order)}

    def category(self, key: str) -> Category:
        """Raises WrongInput for a key that is no category of the shop."""
        found = self.shop.categories.get(key)
        if found is None:
            raise WrongInput("mapping desk", None, "the shop has no such category any more; load the page again")
        return found

    def considered(self, key: str) -> Considered:
        """What is proposed for a category, and why."""
        return self.proposer.of(self.shop, self.category(key), self.open.get(key, []))

    def decide(self, key: str, **said: str | None) -> Decision | None:
        """Adds a decision for a category; None if it needs none any more (a key that was pressed twice)."""
        category = self.category(key)
        if not self.is_left(key):
            return None
        decision = Decision(category.path, category.ids, **said)
        if not decision.is_skip:
            rule_of(decision, "AA", date(2000, 1, 1))  # refuses a category that no rule can name
        if decision.title is not None and not normalise(decision.title).strip("* "):
            raise WrongInput("title", None, "the word has no letters")
        self._count(key, -1)
        try:
            self.pending.add(decision)
            self._parts.setdefault(key, []).append(decision)
        finally:
            self._count(key, 1)
        return decision

    def undo(self) -> Decision | None:
        if not self.pending.decisions:
            return None
        last = self.pending.decisions[-1]
        key = key_of(last.path)
        self._count(key, -1)
        self.pending.undo()
        self._parts[key].pop()
        self._count(key, 1)
        return last

    def save(self, by: str, on: date) -> int:
        """Writes the pending rules to the file and reads it again; returns how many. Raises what `save` raises.

        A decision for a category that the file decides by now is left out: a colleague was faster.
        """
        rules = [decision for decision in self.pending.rules if self.open.get(key_of(decision.path))]
        self.add_rules(rules, by, on)
        self.pending.clear()
        self.load()
        return len(rules)

    def changed(self, line: int, said: dict[str, str] | None, by: str, on: date) -> bytes:
        """The file with another `to` or `because` in the rule of a line, or without it (None). Raises WrongInput."""
        rules = self.mapping.rules if self.mapping else ()
        number = next((at for at, rule in enumerate(rules) if rule.line == line), len(rules))
        return self.text.without(number) if said is None else self.text.with_new(number, said, by, on)

    def would_decide(self, body: bytes) -> list[Decided]:
        """What a file with these bytes would decide of each product. Raises WrongInput with the line of a mistake."""
        return list(decided_by(self.shop, read_in(self.text.path, self.shop.retailer, body, self.taxonomy)))

    def replace_file(self, body: bytes) -> None:
        """Saves the file as a whole and reads it again. Raises what `save` raises."""
        save(self.text, body, self.taxonomy)
        self.load()

    def add_rules(self, decisions: Sequence[Decision], by: str, on: date) -> None:
        """Adds decisions to the file and reads it again. Raises what `save` raises."""
        if decisions:
            lines = [rule_of(decision, by, on) for decision in decisions]
            save(self.text, self.text.with_rules(lines, self.taxonomy), self.taxonomy)
            self.load()


def fits(decision: Decision, product: Product) -> bool:
    """Whether a pending decision takes a product of its category."""
    if decision.gender is not None and decision.gender != product.gender:
        return False
    return decision.title is None or bool(title_pattern(decision.title).search(normalise(product.title)))


def decided_by(shop: Shop, mapping: Mapping | None) -> Iterator[Decided]:
    """What the file decides of each product. Only where a rule asks for a word or a gender is a product looked at."""
    known: dict[tuple[tuple[str, ...], tuple[str, ...]], list[mapping_file.Verdict]] = {}
    nothing = Decided(UNMAPPED)
    for product in shop.products:
        if mapping is None:
            yield nothing
            continue
        place = product.path, product.ids
        if place not in known:
            known[place] = mapping.verdicts(product.path, product.ids)
        verdicts = known[place]
        yield mapping_file.decide(verdicts, product.title, product.gender) if verdicts else nothing


def said_of(proposal: Proposal) -> dict[str, str]:
    """The decision that accepts a proposal."""
    return {"because": NO_GARMENT} if proposal.leaf == OUT_OF_SCOPE else {"to": proposal.leaf}
