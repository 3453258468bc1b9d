"""Sizes and colours that stand as elements inside one offer."""

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import NamedTuple

from lxml import etree

from udfs.feeds.forms.dialect import Dialect, Named, Variants
from udfs.feeds.markup.walk import Slots, Walk
from udfs.feeds.values.availability import Availability
from udfs.feeds.values.prices import Price, iso_currency, parse_price
from udfs.feeds.values.sizes import size_and_colour


class Offered(NamedTuple):
    """All variants as one: sizes, colours, the lowest price (of the available ones, if any is) with what is struck
    through beside it, and whether one can be had."""

    sizes: list[str]
    colours: list[str]
    price: Decimal | None
    old_price: Decimal | None
    currency: str | None
    available: bool | None
    is_rounded: bool = False  # the price is stated more precisely


class _Asked(NamedTuple):
    """A price and what it is compared by."""

    is_gone: bool
    amount: Decimal
    struck: Decimal | None
    currency: str | None
    is_rounded: bool


class VariantReader:
    """Reads the elements that `walk` leaves aside as variants."""

    def __init__(self, variants: Variants, dialect: Dialect, availability: Availability, walk: Walk) -> None:
        walk.collect(variants.element)
        self._walk = Walk(named_within(dialect.named, variants.element))
        self._slots: dict[str, Slots] = {name: self._walk.slots(sources) for name, sources in variants.fields.items()}
        self._availability = Availability() if variants.counts_stock else availability

    def read(self, elements: list[etree._Element]) -> Offered:
        """What the variants of one offer have in common."""
        sizes: dict[str, None] = {}
        colours: dict[str, str] = {}
        priced: list[_Asked] = []
        known: list[bool] = []
        for element in elements:
            self._walk.clear()
            self._walk.read(element)
            size, colour = size_and_colour(self._text("sizes") or "")
            if colour := self._text("colour") or colour:
                colours.setdefault(colour.casefold(), colour)
            available = self._available()
            if size:
                sizes[size] = None
            if available is not None:
                known.append(available)
            if asked := self._asked(is_gone=available is False):
                priced.append(asked)
        lowest = min(priced, key=lambda one: one[:2], default=_Asked(False, Decimal(0), None, None, False))
        return Offered(
            [*sizes], [*colours.values()], lowest.amount or None, lowest.struck, lowest.currency,
            any(known) if known else None, lowest.is_rounded,
        )  # fmt: skip

    def _asked(self, is_gone: bool) -> _Asked | None:
        stated = {name: self._price(name) for name in ("price", "sale_price", "old_price")}
        asked = [price for price in (stated["price"], stated["sale_price"]) if price.amount]
        if not asked:
            return None
        lowest = min(asked, key=lambda price: price.amount or 0)
        highest = max(price.amount or Decimal(0) for price in stated.values())
        currency = lowest.currency or iso_currency(self._text("currency") or "")
        amount = lowest.amount or Decimal(0)
        return _Asked(is_gone, amount, highest if highest > amount else None, currency, lowest.is_rounded)

    def _price(self, name: str) -> Price:
        return parse_price(self._text(name) or "")

    def _available(self) -> bool | None:
        told = [text for slot in self._slots.get("available", ()) if (text := self._walk.first((slot,)))]
        return self._availability(next(filter(self._availability.understands, told), None))

    def _text(self, name: str) -> str | None:
        return self._walk.first(self._slots.get(name, ()))


def together(
    listed: Iterable[list[str]], word: Callable[[str], str | None], colours: list[str | None]
) -> dict[int, str]:
    """By place, the colours of an offer that stand in a list; taken out of `colours`, for they name no product."""
    found: dict[int, str] = {}
    for place, texts in enumerate(listed):
        if len(words := list(dict.fromkeys(filter(None, map(word, texts))))) > 1:
            found[place], colours[place] = "/".join(words), None
    return found


def named_within(named: Sequence[Named], element: str) -> list[Named]:
    """The named values inside the variants, from there."""
    return [
        one.model_copy(update={"element": one.element[len(element) + 1 :]})
        for one in named
        if one.element.startswith(element + "/")
    ]
