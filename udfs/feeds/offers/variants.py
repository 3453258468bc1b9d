"""Sizes that stand as elements inside one offer."""

from decimal import Decimal
from typing import NamedTuple

from lxml import etree

from udfs.feeds.forms.dialect import Variants
from udfs.feeds.markup.walk import Slots, Walk
from udfs.feeds.values.availability import Availability
from udfs.feeds.values.prices import iso_currency, parse_price

SIZE_BEFORE_COLOUR = " / "
"""Shopify writes a variant's options in one title: `M / Black`."""


class Offered(NamedTuple):
    """All variants as one: their sizes, the lowest price (of the available ones, if any is), whether one can be had."""

    sizes: list[str]
    price: Decimal | None
    currency: str | None
    available: bool | None
    is_rounded: bool = False  # the price is stated more precisely


class VariantReader:
    """Reads the elements that `walk` leaves aside as variants."""

    def __init__(self, variants: Variants, availability: Availability, walk: Walk) -> None:
        walk.collect(variants.element)
        self._walk = Walk()
        self._slots: dict[str, Slots] = {name: self._walk.slots(sources) for name, sources in variants.fields.items()}
        self._availability = availability

    def read(self, elements: list[etree._Element]) -> Offered:
        """What the variants of one offer have in common."""
        sizes: list[str] = []
        priced: list[tuple[bool, Decimal, str | None, bool]] = []
        known: list[bool] = []
        for element in elements:
            self._walk.clear()
            self._walk.read(element)
            size = (self._text("sizes") or "").partition(SIZE_BEFORE_COLOUR)[0].strip()
            available = self._available()
            price = parse_price(self._text("price") or "")
            if size and size not in sizes:
                sizes.append(size)
            if available is not None:
                known.append(available)
            if price.amount:
                currency = price.currency or iso_currency(self._text("currency") or "")
                priced.append((available is False, price.amount, currency, price.is_rounded))
        lowest = min(priced, key=lambda one: one[:2], default=(False, None, None, False))
        return Offered(sizes, lowest[1], lowest[2], any(known) if known else None, lowest[3])

    def _available(self) -> bool | None:
        told = [text for slot in self._slots.get("available", ()) if (text := self._walk.first((slot,)))]
        return self._availability(next(filter(self._availability.understands, told), None))

    def _text(self, name: str) -> str | None:
        return self._walk.first(self._slots.get(name, ()))
