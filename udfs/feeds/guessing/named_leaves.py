"""Names and values of named values as places of their own: `param=Pattern`; in some forms an offer is nothing else."""

import re
from collections.abc import Iterator, Sequence

from lxml import etree

from udfs.feeds.forms.dialect import Named
from udfs.feeds.guessing.guess_fields import fields_of
from udfs.feeds.guessing.leaves import Leaf
from udfs.feeds.guessing.pairs import AT_END
from udfs.feeds.markup.walk import Walk, part_of, values_of

NAME_CHARS = 100
PARAM = "param="
PLACE = re.compile(r"[/@{}|]")
"""Signs that mean something in a source."""


def named_leaves(offers: Sequence[etree._Element], named: Sequence[Named]) -> list[Leaf]:
    """A place for each name, in the order in which they come."""
    found: dict[str, Leaf] = {}
    for offer in offers:
        seen: set[str] = set()
        for name, value in _pairs(offer, named):
            leaf = found.setdefault(name, Leaf(PARAM + name))
            leaf.values.append(value)
            leaf.elements += name not in seen
            seen.add(name)
    return list(found.values())


def fields_of_names(leaves: Sequence[Leaf]) -> dict[str, list[str]]:
    """The fields that stand in named values of their names: `<field name="title">`."""
    own = [Leaf(leaf.source.removeprefix(PARAM), leaf.elements, leaf.values) for leaf in leaves]
    own = [leaf for leaf in own if not PLACE.search(leaf.source)]
    return {name: [*_by_name(sources, own)] for name, sources in fields_of(own, ()).items()}


def _by_name(sources: Sequence[str], leaves: Sequence[Leaf]) -> Iterator[str]:
    for source in sources:
        if source.endswith("#"):
            yield from (PARAM + leaf.source for leaf in leaves if AT_END.sub("#", leaf.source) == source)
        else:
            yield source.replace("{", "{" + PARAM) if "{" in source else PARAM + source


def _pairs(offer: etree._Element, named: Sequence[Named]) -> Iterator[tuple[str, str]]:
    for one in named:
        if one.glossary is None:
            finder = Walk()
            finder.collect(one.element)
            finder.read(offer)
            for element in finder.items:
                name = (part_of(element, one.name) or "").strip()[:NAME_CHARS]
                values = [value.strip() for value in values_of(element, one.value)] if name else []
                yield from ((name, value) for value in values if value)
