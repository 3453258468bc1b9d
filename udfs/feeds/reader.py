"""Reads a feed: from its bytes to batches of offers and a summary."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa

from schemas.rejects import Code
from udfs.feeds.forms.dialect import Dialect, of_setting
from udfs.feeds.guessing.complete import completed
from udfs.feeds.guessing.detect import Found, detect, stated
from udfs.feeds.guessing.guess import guess
from udfs.feeds.guessing.unread import unread_of
from udfs.feeds.markup.cut import OfferTag
from udfs.feeds.markup.head import Head, add_category, parse_date
from udfs.feeds.markup.outline import Outline, read_outline
from udfs.feeds.markup.stream import OfferStream
from udfs.feeds.offers.batches import BatchMaker
from udfs.feeds.offers.offers import Columns, FeedFacts, OfferReader
from udfs.feeds.offers.parents import Parents
from udfs.feeds.offers.reread import can_reread, elements, joined_terms
from udfs.feeds.options import FeedOptions
from udfs.feeds.refusal import FeedRefused
from udfs.feeds.repairs import Repair
from udfs.feeds.source.transcode import Transcoder
from udfs.feeds.source.unpack import unpack
from udfs.feeds.summary import REFUSED, FeedSummary
from udfs.feeds.values.categories import CategoryTree
from udfs.feeds.values.currencies import of_language
from udfs.feeds.values.prices import iso_currency

DECLARATION_AS_TAG = re.compile(rb"\A(\s*)<(xml\s+version\s*=[^<>]*?)\??>")
"""`<xml version="1.0">`: a tag that never ends, for names that begin with xml are the standard's own."""
WHITE = b"\xef\xbb\xbf \t\r\n"
SAMPLE_BYTES = 1 << 18
"""Looked at to find the dialect; doubled until offers are seen."""


def read_feed(source: BinaryIO | Path, options: FeedOptions) -> "FeedReading":
    """One reading of a feed in any dialect, encoding and compression. Nothing is read before `batches` is iterated."""
    return FeedReading(source, options)


class FeedReading:
    """Iterate `batches` once; then `summary` is complete. An unusable feed is reported in `summary`, not raised."""

    def __init__(self, source: BinaryIO | Path, options: FeedOptions) -> None:
        self.summary = FeedSummary()
        self.offer_tag = b""
        """The tag of an offer, as written; known after the first batch."""
        self.continued: set[int] = set()
        """Positions of variants that stand in the same element as the offer before them."""
        self._source, self._options = source, options
        self._broken: FeedRefused | None = None

    def batches(self, rows: int = 2048) -> Iterator[pa.RecordBatch]:
        """The offers in the feed's order, with the columns of the offers table that a feed knows (`batches.SCHEMA`)."""
        maker = BatchMaker(self.summary)
        try:
            for columns in Parents(self.summary.repairs).joined(self._columns(rows)):
                self.continued.update(self.summary.offers + place for place in columns["continued"])
                yield maker.make(columns)
        except FeedRefused as refused:
            self._refuse(refused.code, refused.detail)
        self.summary.repairs = +self.summary.repairs
        if not self.summary.offers and self.summary.code is None:
            self._refuse(
                Code.FEED_NO_OFFERS, f"{self._whereabouts()} holds no offers; the shop has to send the full feed"
            )
        elif not self.summary.done and self.summary.code is None:
            self._refuse(Code.FEED_NOTHING_KEPT, _nothing_kept(self.summary))

    def _refuse(self, code: Code, detail: str) -> None:
        self.summary.status, self.summary.code, self.summary.detail = REFUSED, code, detail

    def _whereabouts(self) -> str:
        return f"the {self.summary.dialect} feed" if self.summary.dialect else "the feed"

    def _columns(self, rows: int) -> Iterator[Columns]:
        summary, options = self.summary, self._options
        transcoder = Transcoder(unpack(self._source, options), options, summary.repairs)
        chunks = self._until_broken(iter(transcoder))
        sample, outline, found = self._begin(chunks)
        if options.lists_unread:
            summary.unread = unread_of(found, outline, sample, options)
        summary.dialect, summary.dialect_reason = found.dialect.name, found.reason
        start = outline.places[found.path].start
        reader = OfferReader(found.dialect, self._facts(sample, outline, found), options, summary.repairs, rows)
        tag = _tag(outline, found)
        self.offer_tag = tag.written
        stream = OfferStream(tag, outline.names, options, summary.repairs)
        summary.repairs.update(outline.repairs)
        try:
            for reads in map(reader.apart, stream.read(sample, start, chunks)):
                taken = 0
                while taken < len(reads.lines):
                    taken = reader.read(reads, taken)
                    if reader.is_full:
                        yield reader.columns()
            self._end(stream)
        except FeedRefused as refused:
            self._refuse(refused.code, refused.detail)
        summary.encoding = transcoder.encoding
        if reader.lines:
            yield reader.columns()
        summary.proposed_groups = None if reader.proposals is None else reader.proposals.best()

    def _until_broken(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """The chunks up to where the source breaks, so that the offers before it are still read and counted."""
        try:
            yield from chunks
        except FeedRefused as broken:
            self._broken = broken

    def _end(self, stream: OfferStream) -> None:
        if self._broken:
            raise self._broken
        if not stream.complete:
            line = f"the feed ends in line {stream.line:,}, before its end tag"
            raise FeedRefused(Code.FEED_CUT_OFF, f"{line}; the shop has to send it again")

    def _begin(self, chunks: Iterator[bytes]) -> tuple[bytes, Outline, Found]:
        """The feed's first bytes, their outline, and the dialect they are in; raises `FeedRefused` if there is none."""
        sample, wanted = b"", SAMPLE_BYTES
        while True:
            parts = [sample]
            while sum(map(len, parts)) < wanted and (chunk := next(chunks, b"")):
                parts.append(chunk)
            is_whole = sum(map(len, parts)) < wanted
            sample = self._declared(b"".join(parts))
            if not sample.strip(WHITE):
                raise self._broken or _empty()
            outline = read_outline(sample, self._options)
            if found := self._find(outline, sample):
                is_file = self._options.dialect.endswith((".yaml", ".yml"))  # which is read as it stands
                return sample, outline, found if is_file else completed(found, outline, sample, self._options)
            if is_whole or len(sample) > self._options.max_head_bytes:
                return sample, outline, self._guess(outline, sample)
            wanted *= 2

    def _declared(self, sample: bytes) -> bytes:
        """The feed's first bytes with the question marks that their XML declaration lacks."""
        if DECLARATION_AS_TAG.match(sample) and b"</xml" not in sample:
            self.summary.repairs[Repair.DECLARATION_AS_TAG] += 1
            return DECLARATION_AS_TAG.sub(rb"\1<?\2?>", sample)
        return sample

    def _guess(self, outline: Outline, sample: bytes) -> Found:
        if (
            self._options.dialect == "auto"
            and outline.root != "html"
            and (found := guess(outline, sample, self._options))
        ):
            self.summary.dialect_file = found.dialect.to_yaml()
            return found
        raise self._broken or _unreadable(sample, outline)

    def _find(self, outline: Outline, sample: bytes) -> Found | None:
        dialect = of_setting(self._options.dialect, self._options.dialect_file)
        return stated(dialect, self._options.dialect, outline) if dialect else detect(outline, sample)

    def _facts(self, sample: bytes, outline: Outline, found: Found) -> FeedFacts:
        dialect, head = found.dialect, Head(sample[: outline.places[found.path].start], outline.names)
        categories = CategoryTree(self.summary.repairs)
        head.categories(dialect.categories, categories)
        self.summary.made_at = parse_date(head.text(dialect.made_at))
        currency = head.text(dialect.currency)
        base_url = self._options.base_url or head.text(dialect.base_url)
        if self._lacks_categories(categories, outline, found):
            self._late_categories(categories, dialect, outline)
        terms = joined_terms(self._source, dialect, outline.names, self._options)
        meanings = {named.element: head.meanings(named.glossary) for named in dialect.named if named.glossary}
        stated = (currency and iso_currency(currency)) or dialect.prices_in
        spoken = of_language(sample[:SAMPLE_BYTES].decode("utf-8", "replace")) if dialect.defaults else None
        return FeedFacts(categories, stated, base_url, terms, meanings, spoken)

    def _lacks_categories(self, categories: CategoryTree, outline: Outline, found: Found) -> bool:
        wanted = {source.lower() for source in found.dialect.fields.get("category_id", [])}
        is_used = bool(wanted & outline.children(found.path))
        return is_used and found.dialect.categories is not None and not len(categories) and can_reread(self._source)

    def _late_categories(self, categories: CategoryTree, dialect: Dialect, outline: Outline) -> None:
        """Categories that stand behind the offers, or nowhere."""
        assert dialect.categories is not None
        name = dialect.categories.element.rpartition("/")[2]
        for element in elements(self._source, name, outline.names, self._options):
            add_category(element, dialect.categories, categories)
        if len(categories):
            self.summary.repairs[Repair.LATE_CATEGORIES] = 1


def _tag(outline: Outline, found: Found) -> OfferTag:
    place, parts = outline.places[found.path], found.path.split("/")
    root = outline.places[parts[0]].written if len(parts) > 1 else None
    if root is None:
        outline.repairs[Repair.HEAD_CUT_OFF] = 1
    text_fields = {
        other.written
        for name in ("description", "title")
        for source in found.dialect.fields.get(name, [])
        if (other := outline.places.get(f"{found.path}/{source.lower()}"))
    }
    return OfferTag(
        place.written,
        root,
        place.holds_itself,
        place.breaks_lines,
        tuple(sorted(text_fields)),
        found.dialect.around,
    )


def _empty() -> FeedRefused:
    return FeedRefused(Code.FEED_EMPTY, "the feed is empty or holds only white space; the shop has to send it again")


def _unreadable(sample: bytes, outline: Outline) -> FeedRefused:
    if not outline.places:
        return FeedRefused(
            Code.FEED_NOT_XML, f"no XML tag was found; the feed begins with {_begins(sample)}; the shop has to send XML"
        )
    if outline.root == "html":
        return FeedRefused(Code.FEED_NOT_XML, "this is an HTML page, not a feed; the shop has to correct the address")
    return FeedRefused(Code.FEED_NO_OFFERS, f"<{outline.root}> holds no offers; the shop has to send the full feed")


def _nothing_kept(summary: FeedSummary) -> str:
    (code, _), *others = summary.rejects.most_common()
    first = "; ".join(summary.reject_samples.get(code, [])[:1])
    more = f" and {len(others)} other codes" if others else ""
    return f"all {summary.offers:,} offers were rejected ({code}{more}: {first}); the shop has to correct them"


def _begins(sample: bytes) -> str:
    return repr(sample[:60].decode("utf-8", "replace"))
