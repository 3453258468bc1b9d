"""Where offers begin and end in a stream of bytes, whatever state the markup in and around them is in."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from schemas.rejects import Code
from udfs.feeds.forms.dialect import Around
from udfs.feeds.markup import loose_tags
from udfs.feeds.markup.enclosing_categories import Surroundings
from udfs.feeds.markup.outline import refuse_entities
from udfs.feeds.options import FeedOptions
from udfs.feeds.repairs import Repair, Repairs

BLOCK_BYTES = 1 << 16
"""Offers are parsed in blocks of this size: a tree that stays in the processor's cache is built half as fast again."""
MAX_BLOCK_BYTES = 2 * BLOCK_BYTES
"""Of a window that holds more, as the first does from which a form is guessed, several blocks are made."""
TAIL_BYTES = 1 << 16
LINE_FEED = 0x0A
CLOSINGS = {b"<!--": b"-->", b"<![CDATA[": b"]]>"}


@dataclass(frozen=True)
class OfferTag:
    """How the repeated element is written, and how it is used."""

    written: bytes
    root: bytes | None
    """The feed's root as written; None where the head is cut off."""
    nested: bool = False
    """An offer may hold elements of its own name."""
    breaks_lines: bool = False
    """Start tags may stand over several lines."""
    text_fields: tuple[bytes, ...] = ()
    """Elements whose content may be raw HTML."""
    around: Around | None = None
    """Elements around the offers that are their categories."""


class Record(NamedTuple):
    """One offer's bytes from its start tag to its end tag, or why it cannot be read; `line` counts from 1."""

    data: bytes
    line: int
    code: Code | None = None
    detail: str | None = None
    categories: tuple[str, ...] = ()
    """Names of the categories around it, the outermost first."""


class Cutter:
    """A window over the feed that moves on offer by offer, or by blocks where the caller can parse whole ones."""

    def __init__(self, tag: OfferTag, options: FeedOptions, repairs: Repairs) -> None:
        name = re.escape(tag.written)
        self.end_tag = b"</" + tag.written + b">"
        self.start = re.compile(rb"<" + name + rb"(?=[\s/>])")
        self.window, self.at, self.line = b"", 0, 1
        self.tail = b""
        """The last of what stands between and after the offers."""
        self._tag, self._options, self._repairs = tag, options, repairs
        self._any_end = re.compile(rb"</" + name + rb"\s*>")
        self._edges = re.compile(rb"<!\[CDATA\[|<!--|<" + name + rb"(?=[\s/>])|</" + name + rb"\s*>")
        self._chunks: Iterator[bytes] = iter(())
        self._around = Surroundings(tag.around) if tag.around else None

    @property
    def categories(self) -> tuple[str, ...]:
        """Names of the categories around the next offer, the outermost first."""
        return self._around.path if self._around else ()

    def open(self, sample: bytes, start: int, rest: Iterator[bytes]) -> None:
        """Begin at byte `start` of the feed's first bytes; `rest` follows them."""
        self.window, self._chunks = sample, rest
        if self._around:
            self._around.pass_over(sample[:start])
        self.pass_to(start)

    def fill(self) -> bool:
        """Drop what has been passed and append a block, or as much again as is left over; False at the feed's end."""
        parts = [self.window[self.at :]]
        wanted, size = max(BLOCK_BYTES, len(parts[0])), 0
        while size < wanted and (chunk := next(self._chunks, b"")):
            parts.append(chunk)
            size += len(chunk)
        self.window, self.at = b"".join(parts), 0
        return size > 0

    def pass_to(self, to: int) -> None:
        """Move on to byte `to` of the window, counting lines."""
        passed = np.frombuffer(self.window, np.uint8, to - self.at, self.at)
        self.line += int(np.count_nonzero(passed == LINE_FEED))
        self.at = to

    def block_end(self) -> int:
        """Behind the last end tag of a block, or else the first one in the window; -1 where there is none."""
        found = self.window.rfind(self.end_tag, self.at, self.at + MAX_BLOCK_BYTES)
        if found < 0:
            found = self.window.find(self.end_tag, self.at)
        if found >= 0:
            return found + len(self.end_tag)
        ends = [match.end() for match in self._any_end.finditer(self.window, self.at)]
        return ends[-1] if ends else -1

    def is_overfull(self) -> bool:
        """Whether the window holds more than an offer may have, or offers that need no end tag."""
        if len(self.window) - self.at > self._options.max_offer_bytes:
            return True
        start = self.start.search(self.window, self.at)
        tag = loose_tags.START_TAG.match(self.window, start.start()) if start else None
        return bool(tag and tag[2].endswith(b"/"))

    def records(self, end: int, final: bool = False) -> Iterator[Record]:
        """The offers that start before byte `end` of the window, one by one; `final`: nothing follows."""
        while self.at < end:
            start, seen = self._next_start(end)
            if start is None:
                self._pass_gap(max(seen, end if final else self._safe_end(end)))
                return
            self._pass_gap(start)
            record = self._record(start)
            yield record._replace(categories=self.categories) if self._around else record
            if record.code is Code.OFFER_TOO_LARGE:  # the window has moved on
                end = len(self.window)

    # -- inside ----------------------------------------------------------------------------------------------------

    def _grow(self) -> bool:
        chunk = next(self._chunks, b"")
        self.window += chunk
        return bool(chunk)

    def _next_start(self, end: int) -> tuple[int | None, int]:
        """Where the next offer starts, and how far the window was seen through."""
        at = self.at
        while found := self._edges.search(self.window, at, max(at, end)):
            if found[0] in CLOSINGS:
                at = self._behind(found)
            elif found[0].startswith(b"</"):
                self._repairs[Repair.STRAY_END_TAG] += 1
                at = found.end()
            else:
                return found.start(), at
        return None, at

    def _behind(self, opening: re.Match[bytes]) -> int:
        """Where a comment or CDATA section ends; right behind its opening mark where it never does."""
        closing = CLOSINGS[opening[0]]
        at = opening.end()
        while (close := self.window.find(closing, at)) < 0:
            at = max(at, len(self.window) - len(closing))
            if len(self.window) - opening.start() > self._options.max_offer_bytes or not self._grow():
                return opening.end()
        return close + len(closing)

    def _record(self, start: int) -> Record:
        """The offer that starts at byte `start`, the window's present place."""
        line = self.line
        tag = loose_tags.START_TAG.match(self.window, start)
        while tag is None and len(self.window) - start < BLOCK_BYTES and self._grow():
            tag = loose_tags.START_TAG.match(self.window, start)
        if tag and tag[2].endswith(b"/"):
            self.pass_to(tag.end())
            return Record(tag[0], line)
        at, depth = (tag.end() if tag else start + 1), 1
        while True:
            found = self._edges.search(self.window, at)
            stop = found.start() if found else len(self.window)
            if stop - start > self._options.max_offer_bytes:
                self._pass_rest(found)
                limit = self._options.max_offer_bytes
                return Record(
                    b"",
                    line,
                    Code.OFFER_TOO_LARGE,
                    f"line {line}: the offer has more than {limit:,} bytes; the shop has to shorten it",
                )
            if found is None:
                at = max(at, len(self.window) - len(self.end_tag) - 1)
                if not self._grow():
                    self.pass_to(stop)
                    return Record(
                        b"",
                        line,
                        Code.OFFER_MALFORMED,
                        f"line {line}: the file is cut off inside this offer; the shop has to send it again",
                    )
            elif found[0] in CLOSINGS:
                at = self._behind(found)
            elif found[0].startswith(b"</"):
                depth, at = depth - 1, found.end()
                if not depth:
                    self.pass_to(at)
                    return Record(self.window[start:at], line)
            elif self._tag.nested:
                depth, at = depth + 1, found.end()
            else:
                self._repairs[Repair.UNCLOSED_OFFER] += 1
                self.pass_to(stop)
                return Record(self.window[start:stop] + self.end_tag, line)

    def _pass_rest(self, found: re.Match[bytes] | None) -> None:
        """Drop the rest of an offer that is too large, up to its end tag or the next start tag, block by block."""
        while found is None or found[0] in CLOSINGS:
            self.pass_to(found.end() if found else max(self.at, len(self.window) - len(self.end_tag)))
            if found is None and not self.fill():
                self.pass_to(len(self.window))
                return
            found = self._edges.search(self.window, self.at + (found is None))
        self.pass_to(found.end() if found[0].startswith(b"</") else found.start())

    def _safe_end(self, end: int) -> int:
        """`end`, or the last tag before it where that tag is not whole yet."""
        last = self.window.rfind(b"<", self.at, end)
        is_whole = last < 0 or self.window.find(b">", last, end) >= 0 or end - last > BLOCK_BYTES
        return end if is_whole else last

    def _pass_gap(self, to: int) -> None:
        gap = self.window[self.at : to]
        self.pass_to(to)
        if not gap or gap.isspace():
            return
        if self._around:
            self._around.pass_over(gap)
        if b"<!" in gap:
            for token in loose_tags.tokens(gap):
                if token.kind == loose_tags.DOCTYPE:
                    refuse_entities(gap, token)
        self.tail = (self.tail + gap)[-TAIL_BYTES:]
