"""The values of many offers of one feed, from what their elements say to the columns of the offers table."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from lxml import etree

from schemas.rejects import Code
from schemas.table import PRICE
from udfs.feeds.forms.dialect import FIELDS, IN_HTML, Dialect
from udfs.feeds.forms.words import is_nothing
from udfs.feeds.markup.plan import Meanings
from udfs.feeds.markup.stream import Reads
from udfs.feeds.markup.walk import Slots, Walk
from udfs.feeds.offers.amounts import AmountReader, Amounts
from udfs.feeds.offers.apart import Apart
from udfs.feeds.offers.groups import RULES, Proposals, Variant, stated_group
from udfs.feeds.offers.parent_rows import aliases_of
from udfs.feeds.offers.pictures import PictureReader, are_whole, mended_link
from udfs.feeds.offers.reread import Terms
from udfs.feeds.offers.rows import Cached, Rows, Texts, present
from udfs.feeds.offers.updates import SAYS_NOTHING, lacking
from udfs.feeds.offers.variants import VariantReader, together
from udfs.feeds.options import FeedOptions
from udfs.feeds.repairs import Repair, Repairs
from udfs.feeds.values import rich_text
from udfs.feeds.values.availability import Availability
from udfs.feeds.values.categories import CategoryTree
from udfs.feeds.values.currencies import domain_of, of_address, of_market
from udfs.feeds.values.html_text import plain_text
from udfs.feeds.values.sizes import BETWEEN, size_and_colour
from udfs.feeds.values.textkey import text_keys

WORDS = ("brand", "gender", "age", "colour", "material")
LIMITED = ("offer_id", "title", "url")
"""Columns whose texts may be too long, as may those of `WORDS`."""
RAW_FACTOR = 4
"""HTML that is this many times as long as the longest description is read to its text."""
MAX_CATEGORY_ID_CHARS = 64
REFERENCE = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
"""A UUID where a word belongs: the key of a colour in the shop's own system."""

MEASURES = re.compile(r"\d\s*[x\u0445\u00d7*]\s*\d+(?:[.,]\d+)?\s*[x\u0445\u00d7*]\s*\d|^\d+[.,]\d{3}$", re.IGNORECASE)
"""Length, width and height, or a volume to three decimals: measures of a parcel or a thing, not sizes to wear."""

NO_CATEGORY: tuple[list[str], list[str]] = ([], [])

Columns = dict[str, list[Any]]
"""One list an offer's column; prices are whole hundredths."""


class FeedFacts(NamedTuple):
    """What the feed says once for all its offers."""

    categories: CategoryTree
    currency: str | None = None
    base_url: str | None = None
    terms: Mapping[str, Terms] = {}
    """Prices and stock that stand apart from the offers, by offer id."""
    meanings: Mapping[str, Meanings] = {}
    """What ids in named values stand for, by the named values' element."""
    spoken_currency: str | None = None
    """The currency of the countries that speak the feed's language."""


class OfferReader:
    """`read` up to `rows` elements, then take their `columns`. Never raises for an offer: what it lacks is its code."""

    def __init__(self, dialect: Dialect, facts: FeedFacts, options: FeedOptions, repairs: Repairs, rows: int) -> None:
        self._dialect, self._facts, self._options, self._repairs = dialect, facts, options, repairs
        self._rows = rows
        self._walk = Walk(dialect.named, rows, facts.meanings)
        self._walk.numbered(dialect.numbered)
        self._offered: list[Any] = [None] * rows
        self._slots: dict[str, Slots] = {name: self._compiled(name) for name in FIELDS}
        self._colour_lists = self._walk.slots([one for one in dialect.fields.get("colour", ()) if "/" in one])
        variants = dialect.variants
        self._apart = Apart(dialect, self._walk, self._slots, repairs) if variants and variants.are_offers else None
        in_html = [source[4:] for source in dialect.fields.get("pictures", []) if source.startswith(IN_HTML)]
        self._pictures = PictureReader(
            self._slots["pictures"], self._walk.slots(in_html, keeps_markup=True),
            dialect.separators.get("pictures", []), facts.base_url, repairs,
        )  # fmt: skip
        self._amounts = AmountReader(dialect, self._slots, repairs)
        availability = Availability(dialect)
        self.proposals = Proposals() if options.proposes_groups and options.groups not in RULES else None
        self.lines: list[int] = []
        """Lines of the offers that were read since the last `columns`."""
        self._unread: dict[int, tuple[Code | None, str | None]] = {}
        self._around: list[tuple[str, ...]] = []
        self._continued: list[int] = []
        self._variants = None
        if variants and not variants.are_offers:
            self._variants = VariantReader(variants, dialect, availability, self._walk)
        self._extract = {name: re.compile(pattern) for name, pattern in dialect.extract.items()}
        self._available: Cached[bool | None] = Cached(availability)
        self._knows_stock: Cached[bool] = Cached(availability.understands)
        self._words: Cached[str | None] = Cached(self._word)
        self._has_long_words = False
        self._paths: Cached[list[str]] = Cached(self._split_path)
        self._known_categories: Cached[tuple[list[str], list[str]]] = Cached(self._category)
        self._sizes: Cached[list[str]] = Cached(self._split_sizes)

    def _compiled(self, name: str) -> Slots:
        sources = self._dialect.fields.get(name, [])  # type: ignore[call-overload]
        plain = [source for source in sources if not source.startswith(IN_HTML)]
        return self._walk.slots(plain, keeps_markup=name in ("title", "description"))

    def apart(self, reads: Reads) -> Reads:
        """The offers for `read`: variants, where they are offers of their own."""
        return reads if self._apart is None else self._apart.each(reads)

    def read(self, reads: Reads, start: int) -> int:
        """Take what the offers from `start` on say, as many as there is room for; how many of `reads` are taken then.

        The elements may go afterwards.
        """
        place = len(self.lines)
        stop = min(start + self._rows - place, len(reads.lines))
        elements = reads.elements[start:stop]
        if self._apart is not None:
            self._continued += self._apart.read(reads, start, stop, place)
        elif self._variants is None:
            self._walk.read_all(elements, place)
        else:
            self._read_with_variants(elements, place)
        for at, why in reads.unread.items():
            if start <= at < stop:
                self._unread[place + at - start] = why
        self.lines += reads.lines[start:stop]
        self._around += reads.categories[start:stop]
        return stop

    @property
    def is_full(self) -> bool:
        """Whether `columns` has to be taken before more offers are read."""
        return len(self.lines) == self._rows

    def _read_with_variants(self, elements: Sequence[etree._Element | None], place: int) -> None:
        assert self._variants is not None
        for at, element in enumerate(elements, place):
            if element is not None:
                self._walk.read(element, at)
                if self._walk.items:
                    self._offered[at] = self._variants.read(self._walk.items)

    def columns(self) -> Columns:
        """The columns of the offers read since the last call."""
        self._walk.join_numbered(len(self.lines))
        batch, slots = Rows(self._walk, len(self.lines), self._repairs), self._slots
        columns: Columns = {"line": self.lines, "offer_id": batch.texts(slots["id"]) or batch.nothing()}
        groups = [group and stated_group(group) for group in batch.texts(slots["group"]) or batch.nothing()]
        if self._apart is not None and (parents := batch.texts(self._apart.parents)):
            groups = [group or parent for group, parent in zip(groups, parents, strict=True)]
        columns["continued"] = self._continued
        columns["title"] = self._titles(batch) or batch.nothing()
        columns["description"] = self._descriptions(batch) or batch.nothing()
        for name in WORDS:
            columns[name] = self._worded(name, batch) or batch.nothing()
        columns["available"] = self._stocks(batch)
        columns["sizes"] = self._size_lists(batch) or batch.nothing()
        columns["category_path"], columns["category_ids"] = self._categories(batch)
        columns["url"] = self._links(batch) or batch.nothing()
        columns["pictures"] = self._pictures.read(batch, self._options.max_pictures) or batch.nothing()
        amounts = self._amounts.read(batch)
        columns["price"], columns["old_price"] = amounts.asked, amounts.struck
        columns["sale_price"] = amounts.sale
        columns["sale_from"] = [nights and nights.first for nights in amounts.nights]
        columns["sale_until"] = [nights and nights.last for nights in amounts.nights]
        columns["currency"] = self._with_defaults(amounts.currencies, columns)
        listed = batch.every(self._colour_lists) or ()
        colours = self._complete(columns) | together(listed, self._word, columns["colour"])
        columns["group"] = groups = self._grouped(columns, groups)
        columns["aliases"] = aliases_of(columns, batch, slots["id"])
        self._finish(columns, groups)
        for place, colour in colours.items():  # of all variants together, which names no product
            columns["colour"][place] = colour
        self._judge(columns, groups, amounts)
        self._walk.clear()
        self.lines, self._unread, self._around, self._continued = [], {}, [], []
        return columns

    # -- columns -----------------------------------------------------------------------------------------------------

    def _titles(self, batch: Rows) -> Texts | None:
        texts = batch.texts(self._slots["title"])
        return None if texts is None else _plain(texts)

    def _descriptions(self, batch: Rows) -> Texts | None:
        texts = batch.texts(self._slots["description"])
        if texts is None:
            return None
        if any(text.startswith(rich_text.OPENING) for text in texts if text):
            texts = [text and self._unformatted(text) for text in texts]
        most = self._options.max_field_chars
        longest = _longest(texts)  # what is read of it is never longer
        if longest > RAW_FACTOR * most:
            texts = [text and text[: RAW_FACTOR * most] for text in texts]
        plain = _plain(texts)
        if longest > most and _longest(plain) > most:
            self._repairs[Repair.TEXT_CUT] += sum(len(text) > most for text in plain if text)
            plain = [text and text[:most] for text in plain]
        return plain

    def _unformatted(self, text: str) -> str | None:
        if not text.startswith(rich_text.OPENING):
            return text
        self._repairs[Repair.RICH_TEXT] += 1
        return rich_text.plain_of(text) or None

    def _worded(self, name: str, batch: Rows) -> Texts | None:
        texts = batch.texts(self._slots[name])
        words = texts and self._words.each(texts)
        default = self._dialect.defaults.get(name)  # type: ignore[call-overload]
        if default is None:
            return words
        return [word or default for word in words] if words else [default] * batch.size

    def _word(self, text: str) -> str | None:
        """A short text cleaned; None for what fills a place, or is a reference that the shop's system left open."""
        clean = plain_text(text)
        self._has_long_words |= len(clean) > self._options.max_field_chars
        return None if not clean or is_nothing(clean) or REFERENCE.fullmatch(clean) else clean

    def _stocks(self, batch: Rows) -> list[bool | None]:
        """What the first place tells whose words are known; of several in one place, whether any can be had."""
        found: Texts | None = None
        for slot in self._slots["available"]:
            told = batch.texts((slot,), lambda text: self._available[text] is True)
            if found is None:
                found = told
            elif told is not None:
                known = self._knows_stock
                found = [
                    one if one is not None and (other is None or known[one]) else other
                    for one, other in zip(found, told, strict=True)
                ]
        return self._available.each(found) if found else batch.nothing()

    def _size_lists(self, batch: Rows) -> list[list[str] | None] | None:
        split = self._sizes
        if (alone := batch.alone(self._slots["sizes"])) is not None:
            return [sizes or None for sizes in split.each(alone)]
        every = batch.every(self._slots["sizes"])
        if every is None:
            return None
        return [
            split[texts[0]] or None if len(texts) == 1
            else list(dict.fromkeys(size for text in texts for size in split[text])) or None
            for texts in every
        ]  # fmt: skip

    def _split_sizes(self, text: str) -> list[str]:
        parts = [text]
        for mark in self._dialect.separators.get("sizes", []):
            parts = [piece for part in parts for piece in part.split(mark)]
        sizes = [size for part in parts if (size := self._words[part]) and not MEASURES.search(size)]
        return list(dict.fromkeys(sizes))

    def _categories(self, batch: Rows) -> tuple[list[list[str] | None], list[list[str] | None]]:
        """Paths of names, and of ids: from the feed's tree, else as the offer states them."""
        paths = batch.texts(self._slots["category_path"])
        stated = self._paths.each(paths) if paths else batch.nothing()
        if self._around:
            stated = [path or list(around) for path, around in zip(stated, self._around, strict=True)]
        ids = batch.texts(self._slots["category_id"])
        if ids is None:
            return [path or None for path in stated], batch.nothing()
        found = [known or NO_CATEGORY for known in self._known_categories.each(ids)]
        if len(self._facts.categories):
            self._repairs[Repair.ORPHAN_CATEGORY] += sum(bool(above and not names) for names, above in found)
        named = [names or path or None for (names, _), path in zip(found, stated, strict=True)]
        return named, [above or None for _, above in found]

    def _category(self, identity: str) -> tuple[list[str], list[str]]:
        if len(identity) > MAX_CATEGORY_ID_CHARS:
            return NO_CATEGORY
        identity = plain_text(identity) if "&" in identity else identity
        tree = self._facts.categories
        return tree.path(identity) if len(tree) else ([], [identity])

    def _split_path(self, text: str) -> list[str]:
        text = plain_text(text)
        if text.isdigit():  # a number in another's taxonomy
            return []
        for mark in self._dialect.separators.get("category_path", []):
            if mark in text:
                return max(_paths(text, mark), key=len)
        return [text] if text else []

    def _links(self, batch: Rows) -> Texts | None:
        """The offers' own addresses, mended as those of pictures are; the id that an address may be stays as it is."""
        texts = batch.texts(self._slots["url"])
        if texts is None or are_whole([*filter(None, texts)]):
            return texts
        return [text and self._link(text) for text in texts]

    def _link(self, text: str) -> str | None:
        if len(text) > self._options.max_field_chars:
            return text  # the offer is rejected for it
        link = mended_link(text, self._facts.base_url)
        if link != text:
            self._repairs[Repair.LINK_ADDRESS if link else Repair.LINK_DROPPED] += 1
        return link

    def _with_defaults(self, currencies: Texts, columns: Columns) -> Texts:
        """Where an offer gives no currency: the feed's, else that of the market or of the domain, else a guess."""
        facts, default = self._facts, self._dialect.defaults.get("currency")
        if None not in currencies or not (facts.currency or default):
            return currencies
        if facts.currency:
            return [currency or facts.currency for currency in currencies]
        return [
            currency or self._told(path, url) or self._guessed_currency(default)
            for currency, path, url in zip(currencies, columns["category_path"], columns["url"], strict=True)
        ]

    def _told(self, category_path: list[str] | None, url: str | None) -> str | None:
        """The currency of the market in the category, else that of the country whose domain the address is in."""
        return (
            (category_path and of_market(category_path))
            or self._dialect.currency_by_domain.get(domain_of(url or ""))
            or of_address(url or "")
        )

    def _guessed_currency(self, default: str | None) -> str | None:
        self._repairs[Repair.CURRENCY_GUESSED] += 1
        return self._facts.spoken_currency or default

    # -- what concerns single offers -----------------------------------------------------------------------------------

    def _complete(self, columns: Columns) -> dict[int, str]:
        """What variants, terms that stand apart and the title add -> the colours of variants, by place."""
        colours: dict[int, str] = {}
        if self._variants is not None:
            for place in present(self._offered):
                self._repairs[Repair.PRICE_ROUNDED] += self._offered[place].is_rounded
                _add_variants(columns, place, self._offered[place])
                if self._offered[place].colours and columns["colour"][place] is None:
                    colours[place] = "/".join(self._offered[place].colours)
                self._offered[place] = None
        if self._facts.terms:
            for place in present(columns["offer_id"]):
                if terms := self._facts.terms.get(columns["offer_id"][place]):
                    self._repairs[Repair.PRICE_ROUNDED] += terms.is_rounded and columns["price"][place] is None
                    _add_terms(columns, place, terms)
        if self._apart is not None:
            for place in present(columns["sizes"]):
                _part_options(columns, place)
        if self._extract:
            for place in present(columns["title"]):
                self._extract_from_title(columns, place)
        return colours

    def _extract_from_title(self, columns: Columns, place: int) -> None:
        title = columns["title"][place]
        for name, pattern in self._extract.items():
            if found := pattern.search(title):
                title = f"{title[: found.start()]} {title[found.end() :]}"
                value = found["value"].strip()
                if name == "sizes":
                    columns["sizes"][place] = columns["sizes"][place] or [value]
                elif name == "colour":
                    columns["colour"][place] = columns["colour"][place] or value
        columns["title"][place] = " ".join(title.strip(" |-,").split())

    def _grouped(self, columns: Columns, groups: Texts) -> Texts:
        """The groups, with those that follow from ids, links or titles where the spec says so."""
        rule = RULES.get(self._options.groups)
        if rule is None and self.proposals is None:
            return groups
        found: Texts = []
        names = ("offer_id", "url", "title", "sizes", "colour")
        rows = zip(*(columns[name] for name in names), strict=True)
        for group, (identity, url, title, sizes, colour) in zip(groups, rows, strict=True):
            one = Variant(identity or "", url, title or "", sizes or (), colour)
            if group is None and identity and self.proposals is not None:
                self.proposals.note(one)
            found.append(group or (rule and rule(one)) or None)
        return found

    def _finish(self, columns: Columns, groups: Texts) -> None:
        """Columns that follow from others: the product's id and the text's key."""
        columns["product_id"] = [
            f"{group or identity}:{colour.casefold()}" if colour else group or identity
            for identity, group, colour in zip(columns["offer_id"], groups, columns["colour"], strict=True)
        ]
        read = ("title", "description", "brand", "category_path", "gender")
        columns["text_key"] = text_keys(*(columns[name] for name in read))

    def _judge(self, columns: Columns, groups: Texts, amounts: Amounts) -> None:
        """Codes and details, None for offers that can be used; the first thing that a shop should mend decides."""
        codes: list[Code | None] = [None] * len(groups)
        details: Texts = [None] * len(groups)
        most = self._options.max_field_chars
        limited = [*LIMITED, *WORDS] if self._has_long_words else LIMITED
        long = [place for name in limited if _longest(columns[name]) > most
                for place in present(columns[name]) if len(columns[name][place]) > most]  # fmt: skip
        unreadable = amounts.unreadable or [None] * len(groups)
        needed = zip(columns["offer_id"], columns["title"], columns["pictures"], groups, unreadable, strict=True)
        suspects = [
            place for place, (identity, title, pictures, group, price) in enumerate(needed)
            if not (identity and title and (pictures or group)) or price
        ]  # fmt: skip
        if self._options.is_update:
            suspects = lacking(columns, suspects, unreadable)
        for place in [*suspects, *long]:
            codes[place], details[place] = self._verdict(columns, place, unreadable[place], place in long)
        for place, (code, detail) in self._unread.items():
            codes[place], details[place] = code, detail
        columns["code"], columns["detail"] = codes, details

    def _verdict(self, columns: Columns, place: int, unreadable: str | None, is_long: bool) -> tuple[Code, str]:
        identity, line = columns["offer_id"][place], columns["line"][place]
        if not identity:
            return Code.OFFER_NO_ID, f"line {line}: the offer has no id; the shop has to add one"
        name = f"line {line}: offer {_short(identity)}"
        if is_long:
            most = self._options.max_field_chars
            return (
                Code.OFFER_TOO_LARGE,
                f"{name} has a field of more than {most:,} characters; the shop has to shorten it",
            )
        if not columns["title"][place] and not self._options.is_update:
            return Code.OFFER_NO_TITLE, f"{name} has no title; the shop has to add one"
        if unreadable:
            return (
                Code.OFFER_BAD_PRICE,
                f"{name} has the price {_short(unreadable)}, which is not a number; the shop has to fix it",
            )
        if self._options.is_update:
            return Code.OFFER_NO_UPDATE, f"{name} {SAYS_NOTHING}"
        if address := self._pictures.unusable.get(place):
            said = f"has the picture {_short(address)}, whose address cannot be used"
            return Code.OFFER_BAD_PICTURE, f"{name} {said}; the shop has to write a whole http(s) address"
        return Code.OFFER_NO_PICTURE, f"{name} has no picture; the shop has to add one"


def _add_variants(columns: Columns, place: int, offered: Any) -> None:
    columns["sizes"][place] = columns["sizes"][place] or offered.sizes or None
    if offered.price:
        columns["price"][place] = int(offered.price.scaleb(PRICE.scale))
        struck = offered.old_price and int(offered.old_price.scaleb(PRICE.scale))
        columns["old_price"][place] = struck or _above(columns["old_price"][place], columns["price"][place])
    columns["currency"][place] = offered.currency or columns["currency"][place]
    if columns["available"][place] is None:
        columns["available"][place] = offered.available


def _above(struck: int | None, asked: int) -> int | None:
    return struck if struck and struck > asked else None


def _part_options(columns: Columns, place: int) -> None:
    """A variant's size and colour that stand in one text: `M / Black`."""
    (text, *others) = columns["sizes"][place]
    if BETWEEN in text and not others:
        size, colour = size_and_colour(text)
        columns["sizes"][place] = [size] if size else None
        columns["colour"][place] = columns["colour"][place] or colour


def _add_terms(columns: Columns, place: int, terms: Terms) -> None:
    if columns["price"][place] is None and terms.price:
        columns["price"][place] = int(terms.price.scaleb(PRICE.scale))
        columns["currency"][place] = terms.currency or columns["currency"][place]
    if columns["available"][place] is None:
        columns["available"][place] = terms.available


def _plain(texts: Texts) -> Texts:
    return [text and (plain_text(text) or None) for text in texts]


def _paths(text: str, mark: str) -> list[list[str]]:
    """The path that a text states; all of them where one leads on from another: `Women, Women > Dresses`."""
    paths = [_levels(part, mark) for part in text.split(", ")]
    leads_on = any(one == other[: len(one)] for one in paths for other in paths if 0 < len(one) < len(other))
    return paths if leads_on else [_levels(text, mark)]


def _levels(path: str, mark: str) -> list[str]:
    return [level for level in map(str.strip, path.split(mark)) if level]


def _longest(column: Texts) -> int:
    return max(map(len, filter(None, column)), default=0)


def _short(text: str) -> str:
    return f"'{text if len(text) <= 40 else text[:39] + '…'}'"
