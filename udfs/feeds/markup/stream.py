"""Offers as elements: parsed many at a time, and one at a time, mended or recovered, where that fails."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import etree

from schemas.rejects import Code
from udfs.feeds.forms.element_names import CLOSING, Names
from udfs.feeds.markup.cut import Cutter, OfferTag, Record
from udfs.feeds.markup.mend import mend, wrap_html
from udfs.feeds.options import FeedOptions
from udfs.feeds.repairs import Repair, Repairs

PREFIX = re.compile(rb"[<\s/]([A-Za-z_][\w.-]*):[A-Za-z_]")
MAX_PREFIXES = 100


@dataclass
class Reads:
    """Offers in the feed's order: elements, and the 1-based lines of their start tags; without an element, why."""

    elements: list[etree._Element | None]
    lines: list[int]
    unread: dict[int, tuple[Code | None, str | None]] = field(default_factory=dict)
    """Place in the lists: code and detail."""
    variants: list[etree._Element | None] = field(default_factory=list)
    """Where variants are offers of their own: each offer's, whose element is then that of all its variants."""
    categories: list[tuple[str, ...]] = field(default_factory=list)
    """The categories around each offer; empty where nothing tells them."""

    def known(self) -> list[etree._Element]:
        """The elements that could be had."""
        return [element for element in self.elements if element is not None]


def parser(recover: bool = False) -> etree.XMLParser:
    """A parser without entities, DTD and network, its depth and text lengths limited by libxml2."""
    return etree.XMLParser(
        recover=recover, resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False, collect_ids=False,
        remove_comments=True, remove_pis=True, remove_blank_text=True,
    )  # fmt: skip


class OfferStream:
    """Iterate `read` once; `complete` tells afterwards whether the feed's end tag came."""

    def __init__(self, tag: OfferTag, names: Names, options: FeedOptions, repairs: Repairs) -> None:
        self.complete = False
        self._tag, self._repairs, self._max_offer_bytes = tag, repairs, options.max_offer_bytes
        self._cutter = Cutter(tag, options, repairs)
        self._names, self._opening = names, names.opening()
        self._strict, self._lenient = parser(), parser(recover=True)
        prefix, _, name = tag.written.decode("utf-8", "replace").rpartition(":")
        self._lxml_tag = f"{{{names.address(prefix)}}}{name}" if prefix else name
        self._mending = False

    @property
    def line(self) -> int:
        """The line that the reading has come to."""
        return self._cutter.line

    def read(self, sample: bytes, start: int, rest: Iterator[bytes]) -> Iterator[Reads]:
        """Offers from byte `start` of the feed's first bytes on, block by block; `rest` follows `sample`."""
        cutter = self._cutter
        cutter.open(sample, start, rest)
        more = True
        while more:
            more = cutter.fill()
            while (end := cutter.block_end()) >= 0:
                yield self._up_to(end)
            if cutter.is_overfull():
                yield self._apart(cutter.records(len(cutter.window)))
        yield self._apart(cutter.records(len(cutter.window), final=True))
        root = re.escape(self._tag.root) if self._tag.root else rb"[^<>]+"
        self.complete = re.search(rb"</" + root + rb"\s*>", cutter.tail) is not None

    def _up_to(self, end: int) -> Reads:
        cutter = self._cutter
        is_small = end - cutter.at <= self._max_offer_bytes
        reads = self._block(cutter.window[cutter.at : end]) if is_small else None
        if reads is None:
            return self._apart(cutter.records(end))
        if self._tag.around:  # tags between its offers would not have let the block be parsed
            reads.categories = [cutter.categories] * len(reads.lines)
        cutter.pass_to(end)
        return reads

    # -- a block at once -----------------------------------------------------------------------------------------

    def _parse(self, data: bytes) -> etree._Element | None:
        try:
            return etree.fromstring(self._opening + data + CLOSING, self._strict)
        except etree.XMLSyntaxError:
            return None

    def _block(self, block: bytes) -> Reads | None:
        """The offers of a block that is well formed, as it is or mended; None where it is neither."""
        is_plain, reads = (False, None) if self._mending else self._as_written(block)
        if is_plain:
            return reads
        repairs = Repairs()
        _, reads = self._as_written(mend(block, repairs))
        if reads is not None:
            self._mending = True  # such a feed needs it in every block
            self._repairs.update(repairs)
        return reads

    def _as_written(self, block: bytes) -> tuple[bool, Reads | None]:
        """Whether a block is well formed, and its offers, see `_offers_of`."""
        root = self._parse(block)
        return root is not None, None if root is None else self._offers_of(root, block)

    def _offers_of(self, root: etree._Element, block: bytes) -> Reads | None:
        """The block's offers with their lines; None where their tags stand elsewhere too (in text, in each other)."""
        offers: list[etree._Element | None] = list(root.iterchildren(self._lxml_tag))
        if len(offers) != block.count(self._cutter.end_tag):
            return None
        line = self._cutter.line
        if not self._tag.breaks_lines:
            found = root.iterchildren(self._lxml_tag)
            return Reads(offers, [line - 1 + (one.sourceline or 1) for one in found])  # type: ignore[operator]
        starts = [match.start() for match in self._cutter.start.finditer(block)]  # libxml2 tells a start tag's end
        if len(starts) != len(offers):
            return None
        return Reads(offers, [line + block.count(b"\n", 0, start) for start in starts])

    # -- one by one ----------------------------------------------------------------------------------------------

    def _apart(self, found: Iterator[Record]) -> Reads:
        """Records parsed together where they are well formed, and else each alone."""
        records = list(found)
        reads = Reads([], [record.line for record in records])
        reads.categories = [record.categories for record in records] if self._tag.around else []
        whole = [record.data for record in records if record.code is None]
        root = self._parse(b"".join(whole))
        together = iter(root) if root is not None and len(root) == len(whole) else None
        for place, record in enumerate(records):
            element, why = None, (record.code, record.detail)
            if record.code is None:
                element = next(together) if together else self._alone(record)
                why = Code.OFFER_MALFORMED, f"line {record.line}: the XML cannot be repaired; the shop has to fix it"
            if element is None:
                reads.unread[place] = why
            reads.elements.append(element)
        return reads

    def _alone(self, record: Record) -> etree._Element | None:
        """One offer: as it is, mended, with raw HTML taken as text, and last what libxml2 recovers of it."""
        for attempt in (self._as_is, self._mended, self._with_prefixes, self._with_html, self._recovered):
            repairs = Repairs()
            root = attempt(record.data, repairs)
            if root is not None and len(root) == 1 and root[0].tag == self._lxml_tag:
                self._repairs.update(repairs)
                return root[0]
        return None

    def _as_is(self, data: bytes, repairs: Repairs) -> etree._Element | None:
        return self._parse(data)

    def _mended(self, data: bytes, repairs: Repairs) -> etree._Element | None:
        return self._parse(mend(data, repairs))

    def _with_prefixes(self, data: bytes, repairs: Repairs) -> etree._Element | None:
        unknown = {prefix.decode() for prefix in PREFIX.findall(data)} - self._names.addresses.keys() - {"xml", "xmlns"}
        if not unknown or len(self._names.addresses) > MAX_PREFIXES:
            return None
        repairs[Repair.UNDECLARED_PREFIX] += len(unknown)
        for prefix in sorted(unknown):
            self._names.declare(prefix, "")
        self._opening = self._names.opening()
        return self._mended(data, repairs)

    def _with_html(self, data: bytes, repairs: Repairs) -> etree._Element | None:
        return self._mended(wrap_html(data, self._tag.text_fields, repairs), repairs)

    def _recovered(self, data: bytes, repairs: Repairs) -> etree._Element | None:
        repairs[Repair.MARKUP_RECOVERED] += 1
        data = mend(wrap_html(data, self._tag.text_fields, repairs), repairs)
        try:
            return etree.fromstring(self._opening + data + CLOSING, self._lenient)
        except etree.XMLSyntaxError:
            return None
