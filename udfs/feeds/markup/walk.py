"""One walk over an offer's elements that puts what they say into columns, a place an offer."""

from collections.abc import Mapping, Sequence
from itertools import count, pairwise
from typing import Any

from lxml import etree

from udfs.feeds.forms.dialect import Named, Numbered, Sources
from udfs.feeds.forms.element_names import of_tag
from udfs.feeds.forms.words import folded
from udfs.feeds.markup.plan import (
    ByAttribute,
    ByName,
    ByTag,
    Column,
    Columns,
    MarkupText,
    Meanings,
    NamedNode,
    NamedTexts,
    Node,
    Plan,
    Slot,
)

Slots = tuple[int, ...]
"""Numbers of columns, in order of preference; a negative one stands for a template, see `Walk.joined`."""


OWN_TEXT = "."
"""The source that stands for the offer's own text."""


class Walk:
    """Compile sources with `slots`; then `read` up to `rows` elements, each into a place of its own, and `clear`."""

    def __init__(
        self, named: Sequence[Named] = (), rows: int = 1, meanings: Mapping[str, Meanings] | None = None
    ) -> None:
        """`meanings`: what the ids in named values stand for, by the named values' `element`."""
        self.columns = Columns(rows)
        self.items: list[etree._Element] = []
        """Elements that the last `read` left for another walk."""
        self.root = Node()
        """What is wanted, as far as it is compiled."""
        self._named = named
        self._wanted_names: dict[str, int] = {}
        self._numbered: list[tuple[int, int]] = []
        self._meanings = meanings or {}
        self._rows = rows
        self._plan: Plan | None = None
        self._next_slot = count()
        self._own: set[Slot] = set()
        self._templates: list[tuple[Slots, str]] = [((), "")]

    # -- before reading ----------------------------------------------------------------------------------------------

    def part(self, named: Sequence[Named] = ()) -> "Walk":
        """A walk over other elements, which fills columns of its own beside these."""
        part = Walk(named, self._rows)
        part.columns, part._next_slot, part._templates = self.columns, self._next_slot, self._templates
        return part

    def slots(self, sources: Sources, keeps_markup: bool = False) -> Slots:
        """The slots of several sources, in order, see `udfs.feeds.forms.dialect.Sources`; equal sources share one."""
        return tuple(self._slot(source, keeps_markup) for source in sources)

    def collect(self, path: str) -> None:
        """Leave the elements of one path for another walk."""
        self._node(path.lower()).is_collected = True

    def numbered(self, pairs: Sequence[Numbered]) -> None:
        """Read pairs of places with a number in their names as named values, see `join_numbered`."""
        for pair in pairs:
            slots = self._slot(pair.name, False), self._slot(pair.value, False)
            for source in (pair.name, pair.value):
                path, _, attribute = source.lower().partition("@")
                if attribute:
                    self._node(path).numbered_attributes.add(attribute)
                else:
                    self._node(path).is_numbered = True
            self._numbered.append(slots)

    def _slot(self, source: str, keeps_markup: bool) -> int:
        if "{" in source:
            names, marks = zip(*(part.split("}", 1) for part in source.split("{")[1:]), strict=True)
            self._templates.append((tuple(self._slot(name, False) for name in names), marks[0] or " "))
            return 1 - len(self._templates)
        if source.startswith("param:"):
            return self._named_slot(source[5:])
        if source.startswith("param="):
            return self._named_slot("=" + folded(source[6:]))
        path, _, attribute = source.lower().partition("@")
        node = self._node(path if path != OWN_TEXT else "")
        if attribute:
            if attribute not in node.attributes:
                node.attributes[attribute] = self._new_slot()
            return node.attributes[attribute]
        if node.slot is None:
            node.slot = self._new_slot()
        if keeps_markup:
            node.keeps_markup = True
        return node.slot

    def _new_slot(self) -> int:
        slot = next(self._next_slot)
        self._own.add(slot)
        return slot

    def _node(self, path: str) -> Node:
        node = self.root
        for name in path.split("/") if path else ():
            node = node.children.setdefault(name, Node())
        return node

    def _named_slot(self, key: str) -> int:
        slot = self._wanted_names[key] if key in self._wanted_names else self._new_slot()
        self._wanted_names[key] = slot
        for named in self._named:
            node = self._node(named.element.lower())
            if node.named is None:
                meanings = self._meanings.get(named.element, Meanings())
                node.named = NamedNode(named.name.lower(), named.value.lower(), {}, meanings)
            slot = node.named.slots.setdefault(key, slot)
        return slot

    # -- reading -------------------------------------------------------------------------------------------------------

    def read(self, element: etree._Element, place: int = 0) -> None:
        """Put what the element says into the columns, at a place of its own."""
        self.items = []
        self.read_all([element], place)

    def read_all(self, elements: Sequence[etree._Element | None], place: int) -> None:
        """Put what the elements say into the columns, in turn from `place` on; None leaves a place empty."""
        plan = self._plan
        if plan is None:
            plan = self._plan = Plan(self.root, self.columns)
        attributes, children, own = plan.attributes, plan.children, plan.column
        for element in elements:
            if element is not None:
                if own is not None and element.text:
                    _put(own, place, element.text)
                if attributes is not None:
                    _read_attributes(element, attributes, place)
                if children is not None:
                    self._read_children(element, children, place)
            place += 1

    def join_numbered(self, size: int) -> None:
        """Put the values of numbered pairs of the first `size` places where named values of their names belong."""
        by_name = ByName(self._wanted_names, self.columns, {})
        for names, values in self._numbered:
            numbers = sorted(slot[1] for slot in self.columns if isinstance(slot, tuple) and slot[0] == names)
            for number in numbers:
                said, told = self.columns[names, number], self.columns[values, number]
                for place in range(size):
                    if said[place] is not None and told[place] is not None:
                        _put_pairs(by_name, place, said[place], told[place])

    def repeat(self, place: int) -> None:
        """Say at a place what the one before says, but for what other parts have there."""
        for slot, column in self.columns.items():
            if (slot[0] if isinstance(slot, tuple) else slot) in self._own:
                before = column[place - 1]
                column[place] = [*before] if before.__class__ is list else before

    def clear(self) -> None:
        """Empty the columns for the next elements."""
        self.columns.clear_to(self._rows)

    def first(self, slots: Slots, place: int = 0) -> str | None:
        """The first text at a place."""
        for slot in slots:
            value: str | list[str] | None = self.columns[slot][place] if slot >= 0 else self.joined(slot, place)
            if value:
                return value[0] if isinstance(value, list) else value
        return None

    def joined(self, template: int, place: int) -> str | None:
        """A template's texts, joined by what stands between the first two.

        Of texts joined by a space, one that the next begins with is left out.
        """
        slots, mark = self._templates[-template]
        parts = [part for slot in slots if (part := self.first((slot,), place))]
        if mark == " ":
            parts = [part for part, after in pairwise([*parts, ""]) if not after.startswith(part)]
        return mark.join(parts) or None

    def _read_children(self, parent: etree._Element, by_tag: ByTag, place: int) -> None:
        """The innermost loop of a reading, unrolled: calls and tests cost more here than what they save in lines."""
        for child in parent:
            todo: Any = by_tag[child.tag]  # told apart by class, for which `isinstance` is too slow
            if todo is None:
                continue
            kind = todo.__class__
            column: Column | None
            if kind is list:
                column, text = todo, child.text
            elif kind is MarkupText:
                column, text = todo.column, child.text if not len(child) else _inner_markup(child)
            elif kind is NamedTexts and (name := child.get(todo.attribute)):
                column, text = todo.by_name[name], child.text
            else:
                self._read_more(child, todo, place)
                continue
            if text and column is not None:
                _put(column, place, text)

    def _read_more(self, element: etree._Element, todo: Plan | NamedTexts, place: int) -> None:
        plan = todo.plan if isinstance(todo, NamedTexts) else todo
        if plan.names is not None:
            name = part_of(element, plan.name)
            column = plan.names[name] if name else None
            if column is not None:
                for value in values_of(element, plan.value):
                    _put(column, place, plan.meaning_of.get(value.strip(), value))
        if plan.column is not None:
            text = _inner_markup(element) if plan.keeps_markup and len(element) else element.text
            if text:
                _put(plan.column, place, text)
        if plan.attributes is not None:
            _read_attributes(element, plan.attributes, place)
        if plan.is_collected:
            self.items.append(element)
        elif plan.children is not None:
            self._read_children(element, plan.children, place)


def _read_attributes(element: etree._Element, by_name: ByAttribute, place: int) -> None:
    given: list[tuple[str, str]] = element.items()  # type: ignore[assignment]  # bytes are of Python 2
    for name, value in given:
        column = by_name[name]
        if column is not None and value:
            _put(column, place, value)


def _put(column: Column, place: int, text: str) -> None:
    """Add a text without the white space around it; one that is nothing else is nothing."""
    text = text.strip()
    if not text:
        return
    held = column[place]
    if held is None:
        column[place] = text
    elif held.__class__ is list:
        held.append(text)
    else:
        column[place] = [held, text]


def _put_pairs(by_name: ByName, place: int, names: Any, values: Any) -> None:
    """Values beside their names; as many as there are of the fewer, where a place comes more than once."""
    values = [values] if values.__class__ is str else values
    names = [names] * len(values) if names.__class__ is str else names
    for name, value in zip(names, values, strict=False):
        column = by_name[name]
        if column is not None:
            _put(column, place, value)


def part_of(element: etree._Element, where: str) -> str | None:
    """A named value's name or value: `@name`, a child's name, or `.` for the text; letters' case does not count.

    `@a|@b` is the first that is there.
    """
    if "|" in where:
        return next((value for one in where.split("|") if (value := part_of(element, one)) is not None), None)
    if where == ".":
        return element.text
    if where[0] == "@":
        value = element.get(where[1:])
        if value is None:
            value = next((str(value) for name, value in element.items() if of_tag(str(name)) == where[1:]), None)
        return value
    texts = ((child.text or "").strip() for child in element if of_tag(child.tag) == where)
    return next(filter(None, texts), None)


def values_of(element: etree._Element, where: str) -> list[str]:
    """A named value's values: those of all children of one name, else the one that `part_of` finds.

    `a|b` is the first that says anything, `a/b` are those within the children.
    """
    if "|" in where:
        either = (values_of(element, one) for one in where.split("|"))
        return next((values for values in either if any(map(str.strip, values))), [])
    if where[0] in ".@":
        value = part_of(element, where)
        return [value] if value else []
    if "/" in where:
        tag, _, rest = where.partition("/")
        return [value for child in element if of_tag(child.tag) == tag for value in values_of(child, rest)]
    tag, _, attribute = where.partition("@")
    own = "@" + attribute if attribute else "."
    every = (part_of(child, own) or "" for child in element if of_tag(child.tag) == tag)
    return [value for value in every if value.strip()]


def _inner_markup(element: etree._Element) -> str:
    return (element.text or "") + "".join(etree.tostring(child, encoding="unicode") for child in element)
