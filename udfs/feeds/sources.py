"""A dialect's paths, compiled to one walk over an offer's elements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from lxml import etree

from udfs.feeds.dialect import Named, Sources
from udfs.feeds.names import of_tag
from udfs.feeds.words import by_word, folded

Value = str | list[str] | None
Slots = tuple[int, ...]
"""Places in a row, in order of preference; a negative one stands for a template, see `Walk.joined`."""
Row = list[Value]
"""One value a slot: what an offer says in one place; several where the place comes more than once."""
MAX_KNOWN_TAGS = 10_000
"""Tags whose meaning is kept; a hostile feed may invent more, which are looked up anew each time."""


@dataclass
class _Node:
    """What is wanted of the elements of one path."""

    slot: int | None = None
    keeps_markup: bool = False
    attributes: dict[str, int] = field(default_factory=dict)
    children: dict[str, _Node] = field(default_factory=dict)
    named: _NamedNode | None = None
    is_collected: bool = False

    @property
    def is_plain(self) -> bool:
        """Whether nothing but the text is wanted."""
        return not (self.attributes or self.children or self.named or self.keeps_markup or self.is_collected)


@dataclass
class _NamedNode:
    """An element with a name and a value: where the two stand, and the slots of the names that are wanted."""

    name: str
    value: str
    slots: dict[str, int]


class _ByTag(dict[str, "int | _Plan | None"]):
    """lxml's tag -> what to do: a slot for plain text, a plan for more, None for nothing."""

    def __init__(self, nodes: dict[str, _Node]) -> None:
        super().__init__()
        self._nodes = nodes

    def __missing__(self, tag: str) -> int | _Plan | None:
        name = of_tag(tag)
        node = self._nodes.get(name) or self._nodes.get(_without_number(name)) or self._nodes.get("*")
        found = None if node is None else node.slot if node.is_plain else _Plan(node)
        if len(self) < MAX_KNOWN_TAGS:
            self[tag] = found
        return found


class _ByAttribute(dict[str, "int | None"]):
    """lxml's attribute name -> slot."""

    def __init__(self, wanted: dict[str, int]) -> None:
        super().__init__()
        self._wanted = wanted

    def __missing__(self, name: str) -> int | None:
        found = self._wanted.get(name.rpartition("}")[2].lower())
        if len(self) < MAX_KNOWN_TAGS:
            self[name] = found
        return found


class _ByName(dict[str, "int | None"]):
    """The name of a named value as written -> slot."""

    def __init__(self, wanted: dict[str, int]) -> None:
        super().__init__()
        self._wanted = wanted
        self._meanings = by_word("named")

    def __missing__(self, name: str) -> int | None:
        word = folded(name.partition(";")[0].partition("(")[0])  # "Склад;UA", "Size (EU)"
        found = self._wanted.get("=" + word)
        if found is None:
            found = self._wanted.get(":" + self._meanings.get(word, ""))
        if len(self) < MAX_KNOWN_TAGS:
            self[name] = found
        return found


class _Plan:
    """A node in the form that the walk uses."""

    __slots__ = ("attributes", "children", "is_collected", "keeps_markup", "name", "names", "slot", "value")

    def __init__(self, node: _Node) -> None:
        self.slot = node.slot
        self.keeps_markup = node.keeps_markup
        self.attributes = _ByAttribute(node.attributes) if node.attributes else None
        self.children = _ByTag(node.children) if node.children else None
        self.is_collected = node.is_collected
        self.names = _ByName(node.named.slots) if node.named else None
        self.name = node.named.name if node.named else ""
        self.value = node.named.value if node.named else ""


class Walk:
    """Compile sources with `slot`, then `read` elements to rows of one value a slot."""

    def __init__(self, named: Sequence[Named] = ()) -> None:
        self._root = _Node()
        self._count = 0
        self._named = named
        self._plan: _Plan | None = None
        self._templates: list[Slots] = [()]
        self.items: list[etree._Element] = []

    def slots(self, sources: Sources, keeps_markup: bool = False) -> Slots:
        """The slots of several sources, in order, see `udfs.feeds.dialect.Sources`; equal sources share one."""
        return tuple(self._slot(source, keeps_markup) for source in sources)

    def first(self, row: Row, slots: Slots) -> str | None:
        """The first text that is not blank, stripped."""
        for slot in slots:
            value = row[slot] if slot >= 0 else self.joined(row, slot)
            if value is None:
                continue
            if isinstance(value, list):
                value = next((text for text in value if not text.isspace()), "")
            value = value.strip()
            if value:
                return value
        return None

    def joined(self, row: Row, template: int) -> str | None:
        """A template's texts joined by a space; a text that the next one begins with is left out."""
        parts = [
            value[0] if isinstance(value, list) else value
            for slot in self._templates[-template]
            if (value := row[slot])
        ]
        kept = [part for part, after in zip(parts, [*parts[1:], ""], strict=True) if not after.startswith(part.strip())]
        return " ".join(kept) or None

    def _slot(self, source: str, keeps_markup: bool) -> int:
        if "{" in source:
            names = [part.partition("}")[0] for part in source.split("{")[1:]]
            self._templates.append(tuple(self._slot(name, False) for name in names))
            return 1 - len(self._templates)
        if source.startswith(("param:", "param=")):
            return self._named_slot(source[5] + (folded(source[6:]) if source[5] == "=" else source[6:]))
        path, _, attribute = source.lower().partition("@")
        node = self._node(path)
        if attribute:
            if attribute not in node.attributes:
                node.attributes[attribute] = self._new()
            return node.attributes[attribute]
        node.keeps_markup = node.keeps_markup or keeps_markup
        if node.slot is None:
            node.slot = self._new()
        return node.slot

    def collect(self, path: str) -> None:
        """Leave the elements of one path for another walk: they are in `items` after each `read`."""
        self._node(path.lower()).is_collected = True

    def read(self, element: etree._Element) -> Row:
        """What the element says, slot by slot."""
        if self._plan is None:
            self._plan = _Plan(self._root)
        row: Row = [None] * self._count
        self.items = []
        plan = self._plan
        if plan.attributes is not None:
            _read_attributes(element, plan.attributes, row)
        if plan.children is not None:
            self._read(element, plan.children, row)
        return row

    def _read(self, parent: etree._Element, by_tag: _ByTag, row: Row) -> None:
        for child in parent:
            todo = by_tag[child.tag]
            if todo is None:
                continue
            if type(todo) is int:
                if text := child.text:
                    _put(row, todo, text)
            else:
                self._read_more(child, todo, row)  # type: ignore[arg-type]

    def _read_more(self, element: etree._Element, plan: _Plan, row: Row) -> None:
        if plan.slot is not None:
            text = _inner_markup(element) if plan.keeps_markup and len(element) else element.text
            if text:
                _put(row, plan.slot, text)
        if plan.attributes is not None:
            _read_attributes(element, plan.attributes, row)
        if plan.names is not None:
            name, value = part_of(element, plan.name), part_of(element, plan.value)
            slot = plan.names[name] if name and value else None
            if slot is not None and value:
                _put(row, slot, value)
        if plan.is_collected:
            self.items.append(element)
        elif plan.children is not None:
            self._read(element, plan.children, row)

    def _new(self) -> int:
        self._count += 1
        return self._count - 1

    def _node(self, path: str) -> _Node:
        node = self._root
        for name in path.split("/") if path else ():
            node = node.children.setdefault(name, _Node())
        return node

    def _named_slot(self, key: str) -> int:
        slot = None
        for named in self._named:
            node = self._node(named.element.lower())
            if node.named is None:
                node.named = _NamedNode(named.name.lower(), named.value.lower(), {})
            slot = node.named.slots.get(key, slot)
        if slot is None:
            slot = self._new()
        for named in self._named:
            node = self._node(named.element.lower())
            if node.named is not None:
                node.named.slots[key] = slot
        return slot


def _read_attributes(element: etree._Element, by_name: _ByAttribute, row: Row) -> None:
    for name, value in element.items():
        slot = by_name[name]
        if slot is not None and value:
            _put(row, slot, value)


def _put(row: Row, slot: int, text: str) -> None:
    held = row[slot]
    if held is None:
        row[slot] = text
    elif type(held) is list:
        held.append(text)
    else:
        row[slot] = [held, text]  # type: ignore[list-item]


def part_of(element: etree._Element, where: str) -> str | None:
    """A named value's name or value: `@name`, a child's name, or `.` for the text."""
    if where == ".":
        return element.text
    if where.startswith("@"):
        wanted = where[1:]
        return next((value for name, value in element.items() if name.lower() == wanted), None)
    return next((child.text for child in element if of_tag(child.tag) == where), None)


def _inner_markup(element: etree._Element) -> str:
    return (element.text or "") + "".join(etree.tostring(child, encoding="unicode") for child in element)


def _without_number(name: str) -> str:
    """`image2`, `image_2`, `image-2` -> `image#`."""
    stem = name.rstrip("0123456789")
    return stem.rstrip("_-") + "#" if stem != name else name
