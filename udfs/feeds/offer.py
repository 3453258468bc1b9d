"""One offer's values, from what its elements say to what the table holds."""

import re
from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from lxml import etree

from schemas.rejects import Code
from udfs.feeds.availability import Availability
from udfs.feeds.categories import CategoryTree
from udfs.feeds.dialect import FIELDS, Dialect
from udfs.feeds.html_text import CDATA, image_addresses, plain_text
from udfs.feeds.options import FeedOptions
from udfs.feeds.pictures import mended, split_joined
from udfs.feeds.prices import iso_currency, parse_price
from udfs.feeds.repairs import Repair, Repairs
from udfs.feeds.reread import Terms
from udfs.feeds.sources import Row, Slots, Walk
from udfs.feeds.textkey import text_key
from udfs.feeds.variants import VariantReader
from udfs.feeds.words import is_nothing

IN_HTML = "img:"
"""A source of pictures: the images in another source's HTML."""
WORDS = ("brand", "gender", "age", "colour")
NO_GROUP = "0"
"""What exports of shop systems give as the parent of a product that has none."""
RAW_FACTOR = 4
"""HTML that is this many times as long as the longest description is read to its text."""
MAX_CATEGORY_ID_CHARS = 64
CACHED = 65_536
"""Texts that are cleaned once a feed: brands, colours, category paths come again and again."""


class Offer(NamedTuple):
    """The columns of `schemas.tables.OFFERS` but retailer, feed, position, status and function."""

    code: Code | None
    detail: str | None
    line: int
    offer_id: str | None = None
    product_id: str | None = None
    title: str | None = None
    description: str | None = None
    brand: str | None = None
    price: Decimal | None = None
    old_price: Decimal | None = None
    currency: str | None = None
    available: bool | None = None
    gender: str | None = None
    age: str | None = None
    colour: str | None = None
    sizes: list[str] | None = None
    category_path: list[str] | None = None
    category_ids: list[str] | None = None
    pictures: list[str] | None = None
    url: str | None = None
    text_key: bytes | None = None


class FeedFacts(NamedTuple):
    """What the feed says once for all its offers."""

    categories: CategoryTree
    currency: str | None = None
    base_url: str | None = None
    terms: Mapping[str, Terms] = {}
    """Prices and stock that stand apart from the offers, by offer id."""


class Prices(NamedTuple):
    """An offer's amounts; `unreadable` is a price's text that is no number."""

    price: Decimal | None
    old_price: Decimal | None
    currency: str | None
    unreadable: str | None = None


class OfferReader:
    """Reads the offers of one feed. `read` never raises for an offer: what it lacks is its code."""

    def __init__(self, dialect: Dialect, facts: FeedFacts, options: FeedOptions, repairs: Repairs) -> None:
        self._dialect, self._facts, self._options, self._repairs = dialect, facts, options, repairs
        self._walk = Walk(dialect.named)
        self._slots: dict[str, Slots] = {name: self._compiled(name) for name in FIELDS}
        self._html_pictures = self._walk.slots(
            [source[4:] for source in dialect.fields.get("pictures", []) if source.startswith(IN_HTML)],
            keeps_markup=True,
        )
        self._available = Availability(dialect)
        self._variants = VariantReader(dialect.variants, self._available, self._walk) if dialect.variants else None
        self._extract = {name: re.compile(pattern) for name, pattern in dialect.extract.items()}
        self._word = lru_cache(maxsize=CACHED)(_word)
        self._path = lru_cache(maxsize=CACHED)(self._split_path)
        self._currency = lru_cache(maxsize=CACHED)(iso_currency)
        self._defaults = {name: dialect.defaults.get(name) for name in WORDS}  # type: ignore[call-overload]
        self._feed_currency = facts.currency or dialect.defaults.get("currency")

    def _compiled(self, name: str) -> Slots:
        sources = [source for source in self._dialect.fields.get(name, []) if not source.startswith(IN_HTML)]  # type: ignore[call-overload]
        return self._walk.slots(sources, keeps_markup=name in ("title", "description"))

    def read(self, element: etree._Element, line: int) -> Offer:
        """The offer of an element whose start tag is in `line`."""
        row, slots, first, word = self._walk.read(element), self._slots, self._first, self._word
        identity, group = first(row, slots["id"]), first(row, slots["group"])
        group = None if group == NO_GROUP else group
        title, description = self._title(row), self._description(row)
        brand, gender, age, colour = [word(first(row, slots[name])) or self._defaults[name] for name in WORDS]
        sizes, prices = self._sizes(row), self._prices(row)
        available = self._available(first(row, slots["available"]))
        if self._variants and self._walk.items:
            offered = self._variants.read(self._walk.items)
            sizes = sizes or offered.sizes
            prices = prices._replace(price=offered.price or prices.price, currency=offered.currency or prices.currency)
            available = offered.available if available is None else available
        if self._facts.terms and identity in self._facts.terms:
            prices, available = _completed(prices, available, self._facts.terms[identity])
        if self._extract and title:
            title, sizes, colour = self._extracted(title, sizes, colour)
        names, ids = self._category(row)
        product = group or identity
        offer = Offer(
            None, None, line, identity, f"{product}:{colour.casefold()}" if product and colour else product,
            title, description, brand, prices.price, prices.old_price, prices.currency or self._default_currency(row),
            available, gender, age, colour, sizes or None, names or None, ids or None,
            self._pictures(row) or None, first(row, slots["url"]), text_key(title, description, brand, names, gender),
        )  # fmt: skip
        code, detail = self._verdict(offer, group, prices.unreadable)
        return offer if code is None else offer._replace(code=code, detail=detail)

    def _verdict(self, offer: Offer, group: str | None, unreadable: str | None) -> tuple[Code | None, str | None]:
        """Why the offer cannot be used, in the order in which a shop should mend it; (None, None) where it can."""
        if not offer.offer_id:
            return Code.OFFER_NO_ID, f"line {offer.line}: the offer has no id; the shop has to give one"
        name = f"line {offer.line}: offer {_short(offer.offer_id)}"
        most = self._options.max_field_chars
        if any(len(value) > most for value in offer[3:] if value.__class__ is str):  # type: ignore[arg-type]
            return Code.OFFER_TOO_LARGE, f"{name} has a field of more than {most:,} characters; the shop acts"
        if not offer.title:
            return Code.OFFER_NO_TITLE, f"{name} has no title; the shop has to give one"
        if unreadable:
            return (
                Code.OFFER_BAD_PRICE,
                f"{name} has the price {_short(unreadable)}, which is no number; the shop has to mend it",
            )
        if not offer.pictures and not group:
            return Code.OFFER_NO_PICTURE, f"{name} names no picture; the shop has to give one"
        return None, None

    # -- one field each ----------------------------------------------------------------------------------------------

    def _first(self, row: Row, slots: Slots) -> str | None:
        text = self._walk.first(row, slots)
        return self._without_cdata(text) if text and text[0] == "<" else text

    def _every(self, row: Row, slots: Slots) -> list[str]:
        """All texts that are not blank."""
        texts: list[str] = []
        for slot in slots:
            value = row[slot]
            if value is not None:
                texts += [value] if value.__class__ is str else value  # type: ignore[list-item]
        return [text if text[0] != "<" else self._without_cdata(text) for text in map(str.strip, texts) if text]

    def _without_cdata(self, text: str) -> str:
        bare, count = CDATA.subn(r"\1", text)
        if count:
            self._repairs[Repair.CDATA_AS_TEXT] += 1
        return bare.strip()

    def _title(self, row: Row) -> str | None:
        text = self._first(row, self._slots["title"])
        return plain_text(text) or None if text else None

    def _description(self, row: Row) -> str | None:
        text = self._first(row, self._slots["description"])
        if not text:
            return None
        most = self._options.max_field_chars
        text = plain_text(text[: RAW_FACTOR * most])
        if len(text) > most:
            self._repairs[Repair.TEXT_CUT] += 1
            text = text[:most]
        return text or None

    def _sizes(self, row: Row) -> list[str]:
        texts = self._every(row, self._slots["sizes"])
        for mark in self._dialect.separators.get("sizes", []):
            texts = [part for text in texts for part in text.split(mark)]
        return list(dict.fromkeys(size for size in map(self._word, texts) if size))

    def _prices(self, row: Row) -> Prices:
        """The price that is asked, the higher one that is struck through, and their currency."""
        mark, slots = self._dialect.decimal_mark, self._slots
        texts = [self._first(row, slots[name]) for name in ("price", "sale_price", "old_price")]
        regular, sale, old = [parse_price(text, mark) if text else None for text in texts]
        amounts = [price.amount if price and price.amount else None for price in (sale, regular, old)]
        asked = min((amount for amount in amounts[:2] if amount), default=None)
        struck = max((amount for amount in amounts if amount), default=None)
        stated = next((price.currency for price in (regular, sale) if price and price.currency), None)
        if stated is None and (text := self._first(row, slots["currency"])):
            stated = self._currency(text)
        if regular is not None and not regular.amount and asked is None:
            if regular.amount is None:
                return Prices(None, None, stated, texts[0])
            self._repairs[Repair.PRICE_OF_ZERO] += 1
        is_lower = asked is not None and struck is not None and struck > asked
        return Prices(asked, struck if is_lower else None, stated)

    def _default_currency(self, row: Row) -> str | None:
        """The feed's currency, or that of the country whose domain the offer's address is in."""
        domains = self._dialect.currency_by_domain
        if domains and not self._facts.currency and (address := self._walk.first(row, self._slots["url"])):
            host = address.partition("://")[2].partition("/")[0]
            return domains.get(host.rpartition(".")[2], self._feed_currency)
        return self._feed_currency

    def _category(self, row: Row) -> tuple[list[str], list[str]]:
        identity = self._first(row, self._slots["category_id"])
        names: list[str] = []
        ids: list[str] = []
        if identity and len(identity) <= MAX_CATEGORY_ID_CHARS:
            names, ids = self._facts.categories.path(identity) if len(self._facts.categories) else ([], [identity])
        if not names and (text := self._first(row, self._slots["category_path"])):
            names = self._path(text)
        return names, ids

    def _split_path(self, text: str) -> list[str]:
        text = plain_text(text)
        if text.isdigit():  # a number in another's taxonomy
            return []
        for mark in self._dialect.separators.get("category_path", []):
            if mark in text:
                return [part for part in map(str.strip, text.split(mark)) if part]
        return [text] if text else []

    def _pictures(self, row: Row) -> list[str]:
        """Addresses in the feed's order, each once, those above the limit counted."""
        separators = self._dialect.separators.get("pictures", [])
        found: dict[str, None] = {}
        texts = self._every(row, self._slots["pictures"])
        for html in self._every(row, self._html_pictures):
            texts += image_addresses(html)
        for text in texts:
            for part in split_joined(text, separators):
                if address := mended(part, self._facts.base_url, self._repairs):
                    found[address] = None
        most = self._options.max_pictures
        if len(found) > most:
            self._repairs[Repair.PICTURE_DROPPED] += len(found) - most
        return list(found)[:most]

    def _extracted(self, title: str, sizes: list[str], colour: str | None) -> tuple[str, list[str], str | None]:
        """What the dialect's expressions find in the title, and the title without it."""
        for name, pattern in self._extract.items():
            if found := pattern.search(title):
                title = f"{title[: found.start()]} {title[found.end() :]}"
                value = found["value"].strip()
                if name == "sizes":
                    sizes = sizes or [value]
                elif name == "colour":
                    colour = colour or value
        return " ".join(title.strip(" |-,").split()), sizes, colour


def _completed(prices: Prices, available: bool | None, terms: Terms) -> tuple[Prices, bool | None]:
    """An offer's own terms, completed by those that stand apart."""
    prices = prices._replace(price=prices.price or terms.price, currency=prices.currency or terms.currency)
    return prices, terms.available if available is None else available


def _word(text: str | None) -> str | None:
    """A short text cleaned; None for what only fills a place."""
    if text is None:
        return None
    clean = plain_text(text)
    return None if not clean or is_nothing(clean) else clean


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:39] + "…")
