"""The tree of categories: codes, names, and which boxes and pictures can show a category."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

from lxml import etree

from schemas.languages import LANGUAGES
from schemas.xml_files import ERROR, Problem, line_of, raise_errors, read_xml


@dataclass(frozen=True)
class Node:
    """A category. What the file leaves out at a node is filled in from the node around it."""

    code: str
    parent: str | None
    names: dict[str, str]  # by language: en, ja, ru
    pieces: tuple[tuple[str, ...], ...]  # detector classes of each piece on sale (a set has two), likeliest first
    image_classes: tuple[str, ...]
    depicts: str | None  # the class of picture that alone leads here
    genders: tuple[str, ...]
    colour_weight: int
    shape_weight: int
    line: int


@dataclass(frozen=True)
class Taxonomy:
    """The nodes by code, a node after the one around it."""

    path: Path
    version: int
    nodes: dict[str, Node]

    @classmethod
    def read(cls, path: Path) -> "Taxonomy":
        """Reads the file. Raises WrongInput with file and line if it breaks the XSD or a rule of the tree."""
        root, problems = _checked(path)
        raise_errors(path, problems)
        return cls(path, int(root.get("version", "")), {node.code: node for node in _nodes(root, None)})

    def __contains__(self, code: str) -> bool:
        return code in self.nodes

    def node(self, code: str) -> Node:
        """The node of a code. Raises KeyError for an unknown code."""
        return self.nodes[code]

    def ancestors(self, code: str) -> tuple[str, ...]:
        """Codes of the nodes around a node, the nearest first."""
        found = []
        parent = self.nodes[code].parent
        while parent is not None:
            found.append(parent)
            parent = self.nodes[parent].parent
        return tuple(found)

    def is_within(self, code: str, ancestor: str) -> bool:
        """True where `code` is `ancestor` or lies beneath it."""
        return code == ancestor or ancestor in self.ancestors(code)

    def image_classes(self, code: str) -> tuple[str, ...]:
        """Classes that a picture of the category, or of one beneath it, may be called."""
        return self._image_classes[code]

    def from_image_class(self, name: str) -> str | None:
        """The node that a class of picture leads to; None where the class is not sold (jewellery)."""
        return self._by_image_class.get(name)

    @cached_property
    def digest(self) -> bytes:
        """sha256 of the content: order, white space and comments of the file do not change it."""
        content = {code: {**asdict(node), "line": None} for code, node in self.nodes.items()}
        return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).digest()

    @cached_property
    def _image_classes(self) -> dict[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        for node in reversed(self.nodes.values()):  # beneath before around
            found[node.code] = tuple(dict.fromkeys((*node.image_classes, *found.get(node.code, ()))))
            if node.parent is not None:
                found[node.parent] = (*found.get(node.parent, ()), *found[node.code])
        return found

    @cached_property
    def _by_image_class(self) -> dict[str, str]:
        return {node.depicts: node.code for node in self.nodes.values() if node.depicts}


def check(path: Path) -> list[Problem]:
    """All problems of the file, by line. Raises WrongInput if it is not XML at all."""
    return sorted(_checked(path)[1])


def _checked(path: Path) -> tuple[etree._Element, list[Problem]]:
    root, problems = read_xml(path, "taxonomy.xsd")
    if not problems:
        listed = list(_nodes(root, None))
        problems = [*_repeats(listed), *_broken_rules(listed)]
    return root, problems


def _nodes(element: etree._Element, around: Node | None) -> Iterator[Node]:
    for child in element.iterchildren("node"):
        node = _node(child, around)
        yield node
        yield from _nodes(child, node)


def _node(element: etree._Element, around: Node | None) -> Node:
    def words(name: str, inherited: tuple[str, ...]) -> tuple[str, ...]:
        value = element.get(name)
        return inherited if value is None else tuple(value.split())

    detector = element.get("detector")
    pieces = tuple(tuple(piece.split()) for piece in detector.split("|") if piece.strip()) if detector else ()
    return Node(
        code=element.get("code", ""),
        parent=around.code if around else None,
        names={language: element.get(language, "") for language in LANGUAGES},
        pieces=around.pieces if detector is None and around else pieces,
        image_classes=words("image", around.image_classes if around else ()),
        depicts=element.get("depicts"),
        genders=words("genders", around.genders if around else ()),
        colour_weight=int(element.get("colour", around.colour_weight if around else 0)),
        shape_weight=int(element.get("shape", around.shape_weight if around else 0)),
        line=line_of(element),
    )


def _repeats(nodes: list[Node]) -> Iterator[Problem]:
    """Codes, names and classes of picture have one node each."""
    seen: dict[tuple[str, str | None], Node] = {}
    for node in nodes:
        for kind, value in (("code", node.code), *node.names.items(), ("depicts", node.depicts)):
            other = seen.setdefault((kind, value), node)
            if other is not node and value is not None:
                yield Problem(node.line, ERROR, f"{kind} {value} is already used in line {other.line}")


def _broken_rules(nodes: list[Node]) -> Iterator[Problem]:
    for node in nodes:
        if node.depicts and node.depicts not in node.image_classes:
            yield Problem(
                node.line, ERROR, f"{node.code} depicts {node.depicts}, which is not one of its image classes"
            )
        if not node.genders:
            yield Problem(node.line, ERROR, f"{node.code} has no genders, and neither has any node above it")
        if node.colour_weight + node.shape_weight == 0:
            yield Problem(
                node.line, ERROR, f"{node.code} has no weight of colour or shape, and neither has any node above it"
            )
        if len({word for piece in node.pieces for word in piece}) < sum(map(len, node.pieces)):
            yield Problem(node.line, ERROR, f"{node.code} names a detector class twice")
