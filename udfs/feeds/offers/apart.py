"""Variants that are offers of their own: each has what its offer says, and its own id, size and price."""

from lxml import etree

from udfs.feeds.forms.dialect import Dialect
from udfs.feeds.markup.stream import Reads
from udfs.feeds.markup.walk import Slots, Walk
from udfs.feeds.offers.variants import named_within
from udfs.feeds.repairs import Repair, Repairs

MAX_VARIANTS = 500
"""Of one offer: what it says is read once for each."""
OWN = ("sizes",)
"""Fields that a variant never has from its offer, which may state those of all variants together."""


class Apart:
    """Takes the variants of offers apart. `slots`: the dialect's fields, which become those of variants and offers."""

    def __init__(self, dialect: Dialect, walk: Walk, slots: dict[str, Slots], repairs: Repairs) -> None:
        variants = dialect.variants
        assert variants is not None
        self._repairs = repairs
        self.parents = slots["id"]
        """The slots of the offers' own ids, which their variants have in common."""
        walk.collect(variants.element)
        self._offers, self._finder = walk, Walk()
        self._finder.collect(variants.element)
        self._walk = walk.part(named_within(dialect.named, variants.element))
        for name, sources in variants.fields.items():
            own = self._walk.slots(sources)
            slots[name] = own if name in OWN else own + slots[name]

    def each(self, reads: Reads) -> Reads:
        """The variants of the offers in place of these; offers without variants stay."""
        apart = Reads([], [])
        for place, (element, line) in enumerate(zip(reads.elements, reads.lines, strict=True)):
            if place in reads.unread:
                apart.unread[len(apart.lines)] = reads.unread[place]
            for variant in self._variants(element):
                apart.elements.append(element)
                apart.variants.append(variant)
                apart.lines.append(line)
                apart.categories += reads.categories[place : place + 1]
        return apart

    def _variants(self, element: etree._Element | None) -> list[etree._Element | None]:
        if element is None:
            return [None]
        self._finder.read(element)
        found = self._finder.items
        self._repairs[Repair.VARIANT_DROPPED] += max(len(found) - MAX_VARIANTS, 0)
        return [*found[:MAX_VARIANTS]] or [None]

    def read(self, reads: Reads, start: int, stop: int, place: int) -> list[int]:
        """Put what variants and their offers say into the columns -> places of those that stand in the same offer as
        the one before."""
        continued, before = [], None
        for at in range(start, stop):
            element, variant = reads.elements[at], reads.variants[at]
            if element is not None and element is before:
                self._offers.repeat(place)
            elif element is not None:
                self._offers.read(element, place)
            if at and element is not None and element is reads.elements[at - 1]:
                continued.append(place)
            if variant is not None:
                self._walk.read(variant, place)
            place, before = place + 1, element
        return continued
