"""A retailer's mapping file: rules from the shop's categories to ours. The first matching rule wins."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from heapq import merge
from operator import itemgetter
from pathlib import Path

from schemas.xml_files import Problem, raise_errors, read_xml
from udfs.rules.mapping_check import problems_of
from udfs.rules.rule import Rule
from udfs.rules.taxonomy import Taxonomy
from udfs.rules.wording import is_literal, joined, joined_literals, normalise, title_pattern

MAPPED, IGNORED, UNMAPPED = "mapped", "ignored", "unmapped"


@dataclass(frozen=True)
class Verdict:
    """A rule that can apply in a category, as a row of `schemas.tables.VERDICTS`."""

    rule: str  # file name and line
    node: str | None
    ignored_because: str | None
    title_word: str | None
    gender: str | None


@dataclass(frozen=True)
class Decision:
    """The result of the mapping for a product: mapped to a node, ignored with a reason, or unmapped."""

    kind: str
    node: str | None = None
    rule: str | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Mapping:
    """A checked mapping file: its rules in the order in which they are tried."""

    path: Path
    retailer: str
    rules: tuple[Rule, ...]

    @classmethod
    def read(cls, path: Path, taxonomy: Taxonomy) -> "Mapping":
        """Raises WrongInput with file and line for the first error that `check` finds."""
        mapping, problems = _read(path, taxonomy)
        raise_errors(path, problems)
        return mapping

    @cached_property
    def digest(self) -> bytes:
        """sha256 of what `verdicts` can answer, the lines of the rules included."""
        content = [(*_answer(rule), rule.path, rule.id, rule.within) for rule in self.rules]
        return hashlib.sha256(json.dumps([self.path.name, content], ensure_ascii=False).encode()).digest()

    @cached_property
    def _by_last_name(self) -> dict[str | None, list[tuple[int, Rule]]]:
        """Rules with their place, by the joined last name of their path; None: any name may be the last one."""
        found: dict[str | None, list[tuple[int, Rule]]] = {}
        for place, rule in enumerate(self.rules):
            last = rule.path[-1:] if rule.path else ()
            name = joined_literals(last) if last and is_literal(last[0]) else None
            found.setdefault(name, []).append((place, rule))
        return found

    def verdicts(self, category_path: Sequence[str], category_ids: Sequence[str]) -> list[Verdict]:
        """Rules that can apply in a category, in order, up to the first that needs no product to be sure."""
        path, ids = joined(category_path), [normalise(identifier or "") for identifier in category_ids]
        named = self._by_last_name.get(joined(category_path[-1:]), [])
        found = []
        for _, rule in merge(named, self._by_last_name.get(None, []), key=itemgetter(0)):
            if rule.fits_category(path, ids):
                line, *answer = _answer(rule)
                found.append(Verdict(f"{self.path.name}:{line}", *answer))
                if not rule.is_conditional:
                    break
        return found


def decide(verdicts: Sequence[Verdict], title: str | None, gender: str | None) -> Decision:
    """The first verdict whose title word and gender fit the product."""
    words = normalise(title or "") if any(verdict.title_word is not None for verdict in verdicts) else ""
    for verdict in verdicts:
        if verdict.gender is not None and verdict.gender != gender:
            continue
        if verdict.title_word is not None and not _title_pattern(verdict.title_word).search(words):
            continue
        if verdict.node is None:
            return Decision(IGNORED, None, verdict.rule, verdict.ignored_because)
        return Decision(MAPPED, verdict.node, verdict.rule)
    return Decision(UNMAPPED)


def check(path: Path, taxonomy: Taxonomy) -> list[Problem]:
    """All problems of a mapping file, by line. Raises WrongInput if it is not XML at all."""
    return sorted(_read(path, taxonomy)[1])


_title_pattern = lru_cache(maxsize=4096)(title_pattern)


def _answer(rule: Rule) -> tuple[int, str | None, str | None, str | None, str | None]:
    return rule.line, rule.node, rule.ignored_because, rule.title_word, rule.gender


def _read(path: Path, taxonomy: Taxonomy) -> tuple[Mapping, list[Problem]]:
    root, problems = read_xml(path, "mapping.xsd")
    mapping = Mapping(path, root.get("retailer", ""), tuple(map(Rule.of, root.iterchildren("rule", "ignore"))))
    broken = {problem.line for problem in problems}
    return mapping, problems + list(problems_of(root, mapping.rules, path.parent.name, taxonomy, broken))
