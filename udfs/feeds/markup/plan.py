"""What is wanted of an offer's elements: a tree of names, turned into dictionaries that a walk asks element by element.

A dictionary's answer is the column that the text belongs in, a `Plan` where more is wanted, or None.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from udfs.feeds.forms.element_names import of_tag
from udfs.feeds.forms.words import by_word, folded

MAX_KNOWN_NAMES = 10_000
"""Names whose meaning is kept; a hostile feed may invent more, which are looked up anew each time."""
NUMBERED = re.compile(r"\d{1,9}")
"""The number in the name of a numbered place: `attribute_1_name`."""
MAX_NUMBER = 99
"""Of the pairs of one offer: each number takes a column."""


@dataclass
class Node:
    """What is wanted of the elements of one path; a slot is the number of a column."""

    slot: int | None = None
    keeps_markup: bool = False
    attributes: dict[str, int] = field(default_factory=dict)
    children: dict[str, Node] = field(default_factory=dict)
    named: NamedNode | None = None
    is_collected: bool = False
    is_numbered: bool = False
    """Each number in the name has a column of its own, whose key is the slot and the number."""
    numbered_attributes: set[str] = field(default_factory=set)


@dataclass
class NamedNode:
    """An element with a name and a value: where the two stand, and the slots of the names that are wanted.

    A name is wanted by its meaning (`:colour`) or as it is (`=weight`). `name` and `value` may be several, `a|b`.
    """

    name: str
    value: str
    slots: dict[str, int]
    meanings: Meanings


class Meanings(NamedTuple):
    """What ids that stand for names and for values mean."""

    names: Mapping[str, str] = {}
    values: Mapping[str, str] = {}


Column = list[Any]
"""What one place of the offers says: None, a text, or a list of texts where the place comes more than once."""


class MarkupText:
    """A text that may be HTML which is not escaped, so that it stands as elements."""

    __slots__ = ("column",)

    def __init__(self, column: Column) -> None:
        self.column = column


class NamedTexts:
    """The commonest named value, `<param name="Colour">red</param>`: the name's attribute, and the columns by name."""

    __slots__ = ("attribute", "by_name", "plan")

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.attribute = plan.name[1:]
        assert plan.names is not None
        self.by_name = plan.names


class Plan:
    """A node in the form that the walk uses."""

    __slots__ = (
        "attributes", "children", "column", "is_collected", "keeps_markup", "meaning_of", "name", "names", "value",
    )  # fmt: skip

    def __init__(self, node: Node, columns: Columns) -> None:
        self.column = None if node.slot is None else columns[node.slot]
        self.keeps_markup = node.keeps_markup
        self.is_collected = node.is_collected
        self.attributes = ByAttribute(node, columns) if node.attributes else None
        self.children = ByTag(node.children, columns) if node.children else None
        self.names = ByName(node.named.slots, columns, node.named.meanings.names) if node.named else None
        self.meaning_of = node.named.meanings.values if node.named else {}
        self.name = node.named.name if node.named else ""
        self.value = node.named.value if node.named else ""


Slot = int | tuple[int, int]
"""The number of a column; of a numbered place, the place's and the number in its name."""


class Columns(dict[Slot, Column]):
    """Slot -> column of `rows` places, made when something is first seen there."""

    def __init__(self, rows: int) -> None:
        super().__init__()
        self._rows = rows

    def clear_to(self, rows: int) -> None:
        """Empty the columns, `rows` places each from now on."""
        self._rows = rows
        for column in self.values():
            column[:] = [None] * rows

    def __missing__(self, slot: Slot) -> Column:
        return self.setdefault(slot, [None] * self._rows)


Todo = Column | MarkupText | NamedTexts | Plan | None


class ByTag(dict[Any, "Todo"]):
    """A tag, as lxml has it -> what to do."""

    def __init__(self, nodes: dict[str, Node], columns: Columns) -> None:
        super().__init__()
        self._nodes, self._columns = nodes, columns

    def __missing__(self, tag: Any) -> Todo:
        name = of_tag(tag)
        key = key_of(self._nodes, name)
        node = self._nodes[key] if key else None
        found: Todo = None
        if node is not None and node.is_numbered:
            found = _numbered_column(node.slot, name, self._columns)
        elif node is not None:
            found = _todo(node, self._columns)
        if len(self) < MAX_KNOWN_NAMES:
            self[tag] = found
        return found


class ByAttribute(dict[Any, "Column | None"]):
    """An attribute's name, as lxml has it -> column."""

    def __init__(self, node: Node, columns: Columns) -> None:
        super().__init__()
        self._node, self._columns = node, columns

    def __missing__(self, name: Any) -> Column | None:
        own, wanted = of_tag(name), self._node.attributes
        key = key_of(wanted, own)
        found: Column | None = None
        if key in self._node.numbered_attributes:
            found = _numbered_column(wanted[key], own, self._columns)
        elif key:
            found = self._columns[wanted[key]]
        if len(self) < MAX_KNOWN_NAMES:
            self[name] = found
        return found


class ByName(dict[str, "Column | None"]):
    """The name of a named value as it is written -> column."""

    def __init__(self, wanted: dict[str, int], columns: Columns, meanings: Mapping[str, str]) -> None:
        super().__init__()
        self._wanted, self._columns, self._meanings = wanted, columns, meanings

    def __missing__(self, name: str) -> Column | None:
        slot = self._slot(name)
        if slot is None and (meaning := self._meanings.get(name.strip())):
            slot = self._slot(meaning)
        found = None if slot is None else self._columns[slot]
        if len(self) < MAX_KNOWN_NAMES:
            self[name] = found
        return found

    def _slot(self, name: str) -> int | None:
        word = folded(name.partition(";")[0].partition("(")[0])  # "Склад;UA", "Size (EU)"
        exact = self._wanted.get("=" + word)
        return self._wanted.get(":" + by_word("named").get(word, "")) if exact is None else exact


def _todo(node: Node, columns: Columns) -> Todo:
    """The quickest form of what is wanted of a node."""
    if node.slot is not None and not (node.attributes or node.children or node.named or node.is_collected):
        column = columns[node.slot]
        return MarkupText(column) if node.keeps_markup else column
    plan = Plan(node, columns)
    named = node.named
    is_text = named and named.name[0] == "@" and named.value == "." and not named.meanings.values
    return NamedTexts(plan) if is_text and not (node.attributes or node.children) and node.slot is None else plan


def key_of(wanted: Mapping[str, object], name: str) -> str:
    """What stands for a name among those that are wanted: itself, with a sign for its number, or any; else nothing."""
    return next((key for key in (name, _without_number(name), _with_sign(name), "*") if key in wanted), "")


def child_of(node: Node, name: str) -> Node | None:
    """What is wanted of a child."""
    key = key_of(node.children, name)
    return node.children[key] if key else None


def _without_number(name: str) -> str:
    """`image2`, `image_2`, `image-2` -> `image#`."""
    stem = name.rstrip("0123456789")
    return stem.rstrip("_-") + "#" if stem != name else name


def _with_sign(name: str) -> str:
    """`attribute_2_name` -> `attribute_#_name`."""
    return NUMBERED.sub("#", name, count=1)


def _numbered_column(slot: int | None, name: str, columns: Columns) -> Column | None:
    """The column of one number; None for numbers that no shop counts its pairs with."""
    found = NUMBERED.search(name)
    number = int(found[0]) if found else 0
    return None if slot is None or number > MAX_NUMBER else columns[slot, number]
