"""What stands before the first offer: categories, currency, the shop's address, the feed's date."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from lxml import etree

from udfs.feeds.forms.dialect import Categories, Glossary, Sources
from udfs.feeds.forms.element_names import Names, of_tag
from udfs.feeds.markup import loose_tags
from udfs.feeds.markup.mend import mend
from udfs.feeds.markup.plan import Meanings
from udfs.feeds.markup.stream import parser
from udfs.feeds.markup.walk import Walk, part_of
from udfs.feeds.repairs import Repairs
from udfs.feeds.values.categories import CategoryTree
from udfs.feeds.values.html_text import plain_text

DATE = re.compile(r"(\d{4})[-./](\d{1,2})[-./](\d{1,2})(?:[T ]+(\d{1,2}):(\d{2})(?::(\d{2}))?)?")
DAY_FIRST = re.compile(r"(\d{1,2})[-./](\d{1,2})[-./](\d{4})(?:[T ]+(\d{1,2}):(\d{2})(?::(\d{2}))?)?")


class Head:
    """The parsed beginning of a feed; what is broken in it is left out."""

    def __init__(self, data: bytes, names: Names) -> None:
        """`data`: the feed (UTF-8) up to its first offer, its elements still open."""
        kept = [data[end:start] for end, start in _between_skipped(data)]
        whole = names.opening() + mend(b"".join(kept), Repairs())
        try:
            self._root: etree._Element | None = etree.fromstring(whole, parser(recover=True))
        except etree.XMLSyntaxError:
            self._root = None

    def text(self, sources: Sources) -> str | None:
        """The first of several places that says something; paths count from the root element on (`*`: any root)."""
        if self._root is None or not sources:
            return None
        walk = Walk()
        slots = walk.slots(sources)
        walk.read(self._root)
        return walk.first(slots)

    def categories(self, where: Categories | None, tree: CategoryTree) -> None:
        """Add the feed's categories to the tree."""
        if where is not None:
            for element in self._elements(where.element):
                add_category(element, where, tree)

    def meanings(self, where: Glossary) -> Meanings:
        """What ids of names and of values stand for."""
        names: dict[str, str] = {}
        values: dict[str, str] = {}
        for element in self._elements(where.element):
            _note(names, part_of(element, where.id), part_of(element, where.name))
            for child in element.iter():
                if of_tag(child.tag) in where.value.lower().split("|"):
                    _note(values, part_of(child, where.value_id), part_of(child, where.value_name))
        return Meanings(names, values)

    def _elements(self, path: str) -> Iterator[etree._Element]:
        """The elements at the end of a path, in order."""
        *around, name = path.lower().split("/")
        for element in self._root.iter() if self._root is not None else ():
            if of_tag(element.tag) in name.split("|") and _is_under(element, around):
                yield element


def _note(known: dict[str, str], identity: str | None, meaning: str | None) -> None:
    if identity and identity.strip() and meaning and meaning.strip():
        known.setdefault(identity.strip(), meaning.strip())


def add_category(element: etree._Element, where: Categories, tree: CategoryTree) -> None:
    """Add one element of the feed's list of categories to the tree."""
    identity, name = part_of(element, where.id), part_of(element, where.name)
    parent = part_of(element, where.parent) if where.parent else _parent_id(element, where)
    tree.add((identity or "").strip(), plain_text(name or ""), (parent or "").strip())


def parse_date(text: str | None) -> datetime | None:
    """The moment that a feed states as its own; without an offset it is taken as UTC. None where it is no date."""
    if not text:
        return None
    found: datetime | None
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        found = _loose_date(text)
    if found is None:
        return None
    try:
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except OverflowError:  # an offset that leads out of the years 1 to 9999
        return None


def _loose_date(text: str) -> datetime | None:
    try:
        if found := DATE.search(text):
            year, month, day, *clock = (int(part or 0) for part in found.groups())
        elif found := DAY_FIRST.search(text):
            day, month, year, *clock = (int(part or 0) for part in found.groups())
        else:
            return parsedate_to_datetime(text)
        hour, minute, second = (*clock, 0, 0, 0)[:3]
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except (ValueError, TypeError, OverflowError):
        return None


def _between_skipped(data: bytes) -> list[tuple[int, int]]:
    """Stretches of the data without declarations, comments and what stands before the first tag."""
    stretches, at, is_open = [], 0, False
    for token in loose_tags.tokens(data):
        if token.kind == loose_tags.START and not is_open:
            at, is_open = token.start, True
        elif token.kind in (loose_tags.DOCTYPE, loose_tags.OTHER, loose_tags.COMMENT):
            if is_open:
                stretches.append((at, token.start))
            at = token.end
    return [*stretches, (at, len(data))] if is_open else []


def _is_under(element: etree._Element, names: list[str]) -> bool:
    for name in reversed(names):
        parent = element.getparent()
        if parent is None or of_tag(parent.tag) != name:
            return False
        element = parent
    return True


def _parent_id(element: etree._Element, where: Categories) -> str | None:
    """The id of the nearest category around, for trees that nest."""
    for around in element.iterancestors():
        if of_tag(around.tag) == of_tag(element.tag):
            return part_of(around, where.id)
    return None
