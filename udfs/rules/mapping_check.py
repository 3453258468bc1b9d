"""Checks of a mapping file that the XSD cannot do: unknown targets, catch-alls, contradicting and hidden rules."""

from collections.abc import Iterator, Sequence, Set
from difflib import get_close_matches
from functools import lru_cache

from lxml import etree

from schemas.xml_files import ERROR, WARNING, Problem, line_of
from udfs.rules.rule import Rule
from udfs.rules.taxonomy import Taxonomy
from udfs.rules.wording import ANY_LEVELS, is_literal, is_wildcard, joined_literals, segment_pattern, tokens

SLASH = " / "
"""What many programs part names with; in a name that holds it, a backslash before it keeps the check silent."""

MAX_WILDCARDS = 8
"""A path with more says too little to be reviewed."""


def problems_of(
    root: etree._Element, rules: Sequence[Rule], folder: str, taxonomy: Taxonomy, broken: Set[int]
) -> Iterator[Problem]:
    """Problems of a file in `folder`, except those that the XSD found in the lines `broken`; in no order."""
    line = line_of(root)
    if root.get("retailer", folder) != folder:
        yield Problem(line, ERROR, f"retailer is {root.get('retailer')}, but the folder is {folder}")
    pinned = root.get("taxonomy", "")
    if pinned.isdecimal() and int(pinned) != taxonomy.version:
        yield Problem(
            line, WARNING, f"written for taxonomy version {pinned}; the taxonomy is now version {taxonomy.version}"
        )
    for rule in rules:
        yield from (Problem(rule.line, ERROR, text) for text in _errors_of(rule, taxonomy))
        if rule.path and len(rule.path) == 1 and SLASH in rule.path[0]:
            yield Problem(rule.line, WARNING, "the path is one name that contains a slash; separate names with >")
    yield from _hidden([rule for rule in rules if rule.line not in broken])


def _errors_of(rule: Rule, taxonomy: Taxonomy) -> Iterator[str]:
    if rule.node is not None and rule.node not in taxonomy:
        alike = get_close_matches(rule.node, taxonomy.nodes, n=1)
        yield f"the taxonomy has no node {rule.node}" + (f"; did you mean {alike[0]}?" if alike else "")
    if rule.path is None and rule.id is None and rule.within is None:
        yield "a rule needs a path, an id or within"
    if rule.path is not None and "" in rule.path and rule.path != ("",):
        yield "the path has an empty name between two >"
    if sum(is_wildcard(token) for token in _tokens(rule)) > MAX_WILDCARDS:
        yield f"the path has more than {MAX_WILDCARDS} wildcards"
    if _is_catch_all(rule):
        yield "a rule that matches every category is not allowed: categories without a rule stay unmapped"
    if rule.title_word is not None and not rule.title_word.strip("* "):
        yield "the title word has no letters"


def _is_catch_all(rule: Rule) -> bool:
    """True where nothing but a gender, or nothing at all, narrows the rule."""
    if rule.path is None or rule.id is not None or rule.within is not None or rule.title_word is not None:
        return False
    said = _tokens(rule)
    return bool(said) and all(map(is_wildcard, said))


def _tokens(rule: Rule) -> list[str]:
    return [token for part in rule.path or () for token in tokens(part)]


def _hidden(rules: Sequence[Rule]) -> Iterator[Problem]:
    """Rules that never apply because an earlier rule always matches first; an error if both match exactly the same."""
    plain: dict[object, list[Rule]] = {}  # rules without wildcards, by path: they cover no other one
    wide: dict[str | None, list[Rule]] = {}  # the others, by last name: a rule covers none with another one
    for rule in rules:
        names = tuple(map(_literal, rule.path or ()))
        last = names[-1] if names else None
        mine = wide.setdefault(last, []) if rule.path is None or None in names else plain.setdefault(names, [])
        alike = (plain.get(names, []), wide.get(last, []), wide.get(None, []))
        covering = [next((other for other in others if _covers(other, rule)), None) for others in alike]
        earlier = min((other for other in covering if other is not None), key=lambda other: other.line, default=None)
        mine.append(rule)
        if earlier is None:
            continue
        if _where(earlier) != _where(rule):
            yield Problem(rule.line, WARNING, f"never applies: the rule in line {earlier.line} matches first")
        elif earlier.outcome == rule.outcome:
            yield Problem(rule.line, WARNING, f"repeats the rule in line {earlier.line}")
        else:
            yield Problem(rule.line, ERROR, f"contradicts the rule in line {earlier.line} on the same category")


def _where(rule: Rule) -> tuple[object, ...]:
    return rule.path, rule.id, rule.within, rule.title_word, rule.gender


def _covers(earlier: Rule, later: Rule) -> bool:
    """Whether `earlier` matches all that `later` matches. Never wrongly true; may miss a pair of complex globs."""
    return (
        earlier.id in (None, later.id)
        and earlier.within in (None, later.within, later.id)
        and earlier.title_word in (None, later.title_word)
        and earlier.gender in (None, later.gender)
        and (earlier.path is None or (later.path is not None and _covers_path(earlier.path, later.path)))
    )


def _covers_path(earlier: Sequence[str], later: Sequence[str]) -> bool:
    if not earlier or not later:
        return all(part == ANY_LEVELS for part in earlier) and not later
    if earlier[0] == ANY_LEVELS:
        return _covers_path(earlier[1:], later) or _covers_path(earlier, later[1:])
    return later[0] != ANY_LEVELS and _covers_name(earlier[0], later[0]) and _covers_path(earlier[1:], later[1:])


def _covers_name(earlier: str, later: str) -> bool:
    if earlier in ("*", later):
        return True
    text = _literal(later)
    return text is not None and segment_pattern(earlier).match(text) is not None


@lru_cache(maxsize=4096)
def _literal(segment: str) -> str | None:
    """The joined name that a segment stands for; None if it has a wildcard."""
    return joined_literals([segment]) if is_literal(segment) else None
