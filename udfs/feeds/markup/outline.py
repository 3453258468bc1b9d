"""The skeleton of a feed's beginning: which elements stand where, how often, with which attributes."""

import re
from collections import Counter
from dataclasses import dataclass, field
from html.entities import html5

from schemas.rejects import Code
from udfs.feeds.forms.element_names import Names
from udfs.feeds.markup import loose_tags
from udfs.feeds.options import FeedOptions
from udfs.feeds.refusal import FeedRefused
from udfs.feeds.repairs import Repair, Repairs

MAX_PATHS = 5_000
"""Distinct paths that are told apart; a feed has some hundred."""
ENTITY = re.compile(rb"<!ENTITY\s+(?:([A-Za-z0-9]+)\s+[\"'])?", re.IGNORECASE)


@dataclass
class Place:
    """All elements of one path: how many, where the first one starts, and its attributes' names."""

    start: int
    written: bytes
    count: int = 0
    breaks_lines: bool = False
    """A start tag stands over several lines."""
    attributes: Counter[str] = field(default_factory=Counter)
    holds_itself: bool = False
    """One of them was seen to end behind an element of its own name inside it."""


@dataclass
class Outline:
    """Canonical paths (`yml_catalog/shop/offers/offer`) of a sample; `root` is None where no tag was found."""

    names: Names = field(default_factory=Names)
    places: dict[str, Place] = field(default_factory=dict)
    root: str | None = None
    repairs: Repairs = field(default_factory=Repairs)
    declarations: list[bytes] = field(default_factory=list)

    def children(self, path: str) -> set[str]:
        """Names of the elements right under `path`, and of its attributes with an @ before them."""
        below = {other[len(path) + 1 :] for other in self.places if other.startswith(path + "/")}
        place = self.places.get(path)
        return {name for name in below if "/" not in name} | {
            f"@{name}" for name in (place.attributes if place else ())
        }

    def within(self, path: str) -> list[str]:
        """Every place within the elements of `path`, from there: `name`, `@id`, `images/image@src`."""
        found = []
        for other, place in self.places.items():
            if other == path or is_within(other, path):
                own = relative(other, path)
                found += [own] if own else []
                found += [f"{own}@{name}" for name in place.attributes]
        return found


def is_within(place: str, element: str) -> bool:
    """Whether a place is within an element: `a/b` and `a@b` in `a`."""
    return place.startswith((element + "/", element + "@"))


def relative(place: str, element: str) -> str:
    """A place within an element, or the element itself, as seen from there: `a/b@c` in `a` is `b@c`."""
    return place[len(element) :].lstrip("/")


def read_outline(sample: bytes, options: FeedOptions) -> Outline:
    """The outline of a feed's first bytes (UTF-8); raises `FeedRefused` where they are hostile or no XML at all."""
    outline = Outline()
    stack: list[_Open] = []
    for token in loose_tags.tokens(sample):
        if token.kind == loose_tags.DOCTYPE:
            refuse_entities(sample, token)
        elif (
            token.kind == loose_tags.OTHER
            and token.inside.startswith(b"<?xml ")
            and sample[: token.start].strip(b"\xef\xbb\xbf \t\r\n")
        ):
            outline.repairs[Repair.LATE_DECLARATION] = 1
        elif token.kind == loose_tags.START:
            _open(outline, stack, token, options)
        elif token.kind == loose_tags.END:
            _close(outline, stack, token)
    first = min((place.start for place in outline.places.values()), default=len(sample))
    if _text_before(sample[:first]):
        outline.repairs[Repair.TEXT_BEFORE_XML] = 1
    return outline


def refuse_entities(data: bytes, token: loose_tags.Token) -> None:
    """Raise `FeedRefused` where a DOCTYPE declares entities, those of HTML aside, whose meaning is known without it.

    A DOCTYPE is never read, so that no entity has the meaning that it gives.
    """
    declared = ENTITY.finditer(token.inside)
    if found := next((one for one in declared if f"{(one[1] or b'').decode()};" not in html5), None):
        line = data.count(b"\n", 0, token.start + found.start()) + 1
        raise FeedRefused(
            Code.FEED_HOSTILE,
            f"line {line} declares an entity, which no feed needs; the data engineer has to ask the shop why",
        )


@dataclass
class _Open:
    """An element that has not ended yet."""

    path: str
    name: str
    holds_itself: bool = False


def _open(outline: Outline, stack: list[_Open], token: loose_tags.Token, options: FeedOptions) -> None:
    given = loose_tags.attributes(token.inside)
    if len(given) > options.max_attributes:
        raise FeedRefused(
            Code.FEED_HOSTILE,
            f"an element has {len(given):,} attributes (limit {options.max_attributes}); "
            "the data engineer has to check the feed",
        )
    if len(stack) >= options.max_depth:
        raise FeedRefused(
            Code.FEED_HOSTILE,
            f"elements are nested deeper than {options.max_depth} levels; the data engineer has to check the feed",
        )
    for name, value in given:
        if name == "xmlns" or name.startswith("xmlns:"):
            outline.names.declare(name[6:], value)
    name = outline.names.of(token.name.decode("utf-8", "replace"))
    path = f"{stack[-1].path}/{name}" if stack else name
    for around in stack:
        if around.name == name:
            around.holds_itself = True
    if not outline.places:
        outline.root = name
    place = outline.places.get(path)
    if place is None:
        if len(outline.places) >= MAX_PATHS:
            raise FeedRefused(
                Code.FEED_HOSTILE,
                f"the feed has more than {MAX_PATHS:,} kinds of element; the data engineer has to check it",
            )
        place = outline.places[path] = Place(token.start, token.name)
    place.count += 1
    place.breaks_lines = place.breaks_lines or b"\n" in token.inside
    for attribute in {loose_tags.local(attribute) for attribute, _ in given}:
        place.attributes[attribute] += 1
    if not token.closed:
        stack.append(_Open(path, name))


def _close(outline: Outline, stack: list[_Open], token: loose_tags.Token) -> None:
    name = outline.names.of(token.name.decode("utf-8", "replace"))
    for depth in range(len(stack) - 1, -1, -1):
        if stack[depth].name == name:
            outline.places[stack[depth].path].holds_itself |= stack[depth].holds_itself
            del stack[depth:]
            return


def _text_before(head: bytes) -> bool:
    """Whether words stand before the first tag, comments and instructions aside."""
    at = 0
    for token in loose_tags.tokens(head):
        if head[at : token.start].strip(b"\xef\xbb\xbf \t\r\n"):
            return True
        at = token.end
    return bool(head[at:].strip(b"\xef\xbb\xbf \t\r\n")) and b"<" not in head[at:]
