"""A second reading of a feed, for what belongs to the offers but does not stand before them."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import BinaryIO, NamedTuple

from lxml import etree

from udfs.feeds.forms.dialect import Dialect
from udfs.feeds.forms.element_names import Names
from udfs.feeds.markup.cut import OfferTag
from udfs.feeds.markup.stream import OfferStream
from udfs.feeds.markup.walk import Walk
from udfs.feeds.options import FeedOptions
from udfs.feeds.repairs import Repairs
from udfs.feeds.source.transcode import Transcoder
from udfs.feeds.source.unpack import unpack
from udfs.feeds.values.availability import Availability
from udfs.feeds.values.prices import iso_currency, parse_price

MAX_JOINED = 2_000_000
"""Elements kept to complete offers with; only CommerceML has them, whose files hold one shop's stock."""


class Terms(NamedTuple):
    """What stands apart from an offer: the lowest price, its currency, and whether it can be had."""

    price: Decimal | None
    currency: str | None
    available: bool | None
    is_rounded: bool = False  # the price is stated more precisely


def can_reread(source: BinaryIO | Path) -> bool:
    """Whether the source can be read from its start again."""
    return isinstance(source, Path) or source.seekable()


def elements(source: BinaryIO | Path, written: str, names: Names, options: FeedOptions) -> Iterator[etree._Element]:
    """Every element of one name in the feed, wherever it stands; what is broken is left out."""
    if not isinstance(source, Path):
        source.seek(0)
    uncounted = Repairs()
    chunks = iter(Transcoder(unpack(source, options), options, uncounted))
    stream = OfferStream(OfferTag(written.encode(), None), names, options, uncounted)
    for reads in stream.read(b"", 0, chunks):
        yield from reads.known()


def joined_terms(source: BinaryIO | Path, dialect: Dialect, names: Names, options: FeedOptions) -> dict[str, Terms]:
    """Terms by offer id: the lowest price among the elements of one offer, and whether any of them can be had."""
    found: dict[str, Terms] = {}
    where = dialect.joined
    if where is None or not can_reread(source):
        return found
    walk, availability = Walk(), Availability(dialect)
    key_slots = walk.slots([where.key])
    slots = {name: walk.slots(where.fields.get(name, [])) for name in ("price", "currency", "available")}
    for element in elements(source, where.element, names, options):
        walk.clear()
        walk.read(element)
        key = walk.first(key_slots) or ""
        key = key.partition(where.until)[0] if where.until else key
        price = parse_price(walk.first(slots["price"]) or "")
        terms = Terms(
            price.amount or None,
            price.currency or iso_currency(walk.first(slots["currency"]) or ""),
            availability(walk.first(slots["available"])),
            price.is_rounded,
        )
        if key and (key in found or len(found) < MAX_JOINED):
            found[key] = _both(found[key], terms) if key in found else terms
    return found


def _both(first: Terms, second: Terms) -> Terms:
    lowest = min((terms for terms in (first, second) if terms.price is not None), key=_price, default=first)
    known = [available for available in (first.available, second.available) if available is not None]
    currency = first.currency or second.currency
    return Terms(lowest.price, currency, any(known) if known else None, lowest.is_rounded)


def _price(terms: Terms) -> Decimal:
    return terms.price or Decimal(0)
