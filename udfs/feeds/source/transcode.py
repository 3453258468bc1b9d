"""Converts any feed to UTF-8, chunk by chunk. Repairs on the way are counted."""

import codecs
from collections.abc import Iterator

from schemas.rejects import Code
from udfs.feeds.options import FeedOptions
from udfs.feeds.refusal import FeedRefused
from udfs.feeds.repairs import Repair, Repairs
from udfs.feeds.source.encoded_twice import Undo, find_undo
from udfs.feeds.source.encoding import Choice, by_first_bytes, choose, declared_in
from udfs.feeds.source.labels import codec_for

HEAD_BYTES = 1 << 14
WINDOW_BYTES = 1 << 18
"""Looked at from the first byte that is no ASCII: enough text to tell encodings apart."""
MOST_WINDOW_BYTES = 1 << 23
"""As much as this is looked at, doubling, while two encodings are equally likely."""
ESCAPES = (b"\x1b$@", b"\x1b$B", b"\x1b(J")
"""ISO-2022-JP goes from ASCII to Japanese with these; it has no byte above 0x7F, and XML forbids the first one."""


class Transcoder:
    """Iterate once over the feed as UTF-8. `encoding` and `repairs` are complete when the iteration is."""

    def __init__(self, chunks: Iterator[bytes], options: FeedOptions, repairs: Repairs) -> None:
        self.encoding = "us-ascii"
        self.declared: str | None = None
        self.repairs = repairs
        self._chunks = chunks
        self._options = options
        self._undo: Undo | None = None

    def __iter__(self) -> Iterator[bytes]:
        head = self._gather(b"", HEAD_BYTES)
        marked = by_first_bytes(head)
        if marked and not self._options.encoding:
            self.encoding, skip = marked
            self.declared = declared_in(head) or self.encoding
            yield from self._from(head[skip:])
            return
        self.declared = declared_in(head)
        while head.isascii() and not any(escape in head for escape in ESCAPES):
            if not head:
                self._note_unknown_name()
                return
            yield head
            head = next(self._chunks, b"")
        window = self._gather(head, WINDOW_BYTES)
        if window.isascii() and not self._options.encoding:
            self.encoding = "iso2022_jp"
        else:
            window, choice = self._choose(window)
            self.encoding = choice.name
            self.repairs.update(choice.repairs)
        yield from self._from(window)

    def _choose(self, window: bytes) -> tuple[bytes, Choice]:
        """The encoding, and as much of the feed as it took to be sure of it; raises `FeedRefused`."""
        while True:
            try:
                return window, choose(window, self.declared, self._options)
            except FeedRefused as refused:
                longer = self._gather(window, 2 * len(window))
                if refused.code is not Code.ENCODING_UNSURE or not len(window) < len(longer) <= MOST_WINDOW_BYTES:
                    raise
                window = longer

    def _note_unknown_name(self) -> None:
        if self.declared and not codec_for(self.declared):
            self.repairs[Repair.ENCODING_NAME] += 1

    def _gather(self, start: bytes, size: int) -> bytes:
        parts, total = [start], len(start)
        while total < size and (chunk := next(self._chunks, b"")):
            parts.append(chunk)
            total += len(chunk)
        return b"".join(parts)

    def _from(self, window: bytes) -> Iterator[bytes]:
        decoder = codecs.getincrementaldecoder(self.encoding)("replace")
        text = decoder.decode(window)
        self._undo = find_undo(text)
        if self.encoding == "utf-8" and not self._undo:
            yield window  # the parser finds bytes that are not valid, and they are mended there
            yield from self._chunks
            return
        yield self._encoded(text)
        for chunk in self._chunks:
            yield self._encoded(decoder.decode(chunk))
        yield self._encoded(decoder.decode(b"", final=True))

    def _encoded(self, text: str) -> bytes:
        if self.encoding != "utf-8":
            self._count(Repair.BAD_BYTES, text.count("\ufffd"))
        if self._undo:
            text, count = self._undo(text)
            self._count(Repair.ENCODED_TWICE, count)
        return text.encode("utf-8", "replace")

    def _count(self, kind: Repair, count: int) -> None:
        if count:
            self.repairs[kind] += count
