"""Groups of variants: as feeds state them; where none does, proposed if they are plain, taken if the spec says so.

A group follows from its own offer alone, so that it is the same every night whatever else the feed holds.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import NamedTuple

from udfs.feeds.forms.words import folded, is_nothing
from udfs.feeds.summary import ProposedGroups
from udfs.feeds.values.sizes import is_size

NO_GROUP = "0"
"""What exports of shop systems give as the parent of a product that has none."""
NAMED_ID = re.compile(r"^id:(?=\d+$)")
PARTS = re.compile(r"([-_/.:])")
WORDS = re.compile(r"[^\W_]+(?:[.,/-][^\W_]+)*|[^\w\s]")
SIGNS = re.compile(r"^[\W_]+|[\W_]+$")
MAX_PARTS = 2
"""Parts at the end of an id that are a size and a colour."""
MAX_CHARS = 200
MOST = 10_000
"""Offers that are looked at for a proposal."""
LEAST_COMMON = 0.5
"""Of the shorter id or link: what the variants of one product have in common at its beginning."""
LEAST_CONSISTENT = 0.98
SAMPLES = 3


class Variant(NamedTuple):
    """What of an offer tells its group."""

    identity: str
    url: str | None
    title: str
    sizes: Sequence[str]
    colour: str | None


def stated_group(text: str) -> str | None:
    """A group's id as given, but for WooCommerce's `id:7`; None for what only fills a place, which would make one
    product of all that have it."""
    text = NAMED_ID.sub("", text)
    return None if text == NO_GROUP or (not text[-1].isdigit() and is_nothing(text)) else text


def by_id(one: Variant) -> str | None:
    """The id without the size and the colour, or their beginnings, that it ends with."""
    parts = PARTS.split(one.identity)
    for _ in range(MAX_PARTS):
        if len(parts) < 3 or not _is_of_variant(parts[-1], one):
            break
        parts = parts[:-2]
    text = "".join(parts)
    return text if text != one.identity else None


def by_link(one: Variant) -> str | None:
    """The page without what follows it: `/coat?variant=2`."""
    page = re.split(r"[?#]", one.url or "", maxsplit=1)[0]
    return page[:MAX_CHARS] if page != one.url and page.rpartition("/")[2] else None


def by_title(one: Variant) -> str | None:
    """The title without size and colour; None where it has neither."""
    rest = rest_of_title(one)
    return rest[:MAX_CHARS] if rest and rest != " ".join(WORDS.findall(one.title)).casefold() else None


RULES: dict[str, Callable[[Variant], str | None]] = {"id": by_id, "link": by_link, "title": by_title}


def rest_of_title(one: Variant) -> str:
    """A title's words, in lower case, but for those of the offer's own size and colour."""
    own = {folded(word) for text in (*one.sizes, one.colour or "") for word in [text, *WORDS.findall(text)]}
    words = [word for word in WORDS.findall(one.title) if folded(word) and folded(word) not in own]
    return " ".join(SIGNS.sub("", word) for word in words).casefold()


class Proposals:
    """Looks at offers without a group, and proposes the rule that groups most of them without a doubt."""

    def __init__(self) -> None:
        self._seen: list[Variant] = []

    def note(self, one: Variant) -> None:
        """An offer without a group."""
        if len(self._seen) < MOST:
            self._seen.append(one)

    def best(self) -> ProposedGroups | None:
        """None where no rule groups anything, or none does so without a doubt."""
        found = [proposed for name in RULES if (proposed := self._by(name))]
        return max(found, key=lambda one: one.offers, default=None)

    def _by(self, name: str) -> ProposedGroups | None:
        groups: dict[str, list[Variant]] = defaultdict(list)
        for one in self._seen:
            if group := RULES[name](one):
                groups[group].append(one)
        several = {group: ones for group, ones in groups.items() if len({_told_apart(one) for one in ones}) > 1}
        plain = {group: ones for group, ones in several.items() if _are_one(ones)}
        offers = sum(map(len, plain.values()))
        if offers < LEAST_CONSISTENT * sum(map(len, several.values())) or not offers:
            return None
        samples = [f"{group}: {', '.join(one.identity for one in ones[:SAMPLES])}" for group, ones in plain.items()]
        return ProposedGroups(name, len(plain), offers, round(offers / len(self._seen), 4), samples[:SAMPLES])


def _are_one(ones: list[Variant]) -> bool:
    """Whether offers differ in size and colour alone: one title but for these, and ids or links that begin alike."""
    if len({rest_of_title(one) for one in ones}) > 1:
        return False
    return _begin_alike([one.identity for one in ones]) or _begin_alike([one.url or "" for one in ones])


def _begin_alike(texts: list[str]) -> bool:
    bare = [text.rpartition("://")[2].partition("/")[2] if "://" in text else text for text in texts]
    shortest = min(map(len, bare))
    common = next((at for at in range(shortest) if len({text[at] for text in bare}) > 1), shortest)
    return shortest > 0 and common >= LEAST_COMMON * shortest


def _told_apart(one: Variant) -> tuple[object, ...]:
    return tuple(one.sizes), one.colour


def _is_of_variant(part: str, one: Variant) -> bool:
    word = folded(part)
    sizes, colour = {folded(size) for size in one.sizes}, folded(one.colour or "")
    return bool(word) and (word in sizes or (colour.startswith(word) and not is_size(part)))
