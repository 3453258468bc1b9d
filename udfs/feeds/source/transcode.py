"""Converts any feed to UTF-8, chunk by chunk. Repairs on the way are counted."""

import codecs
from collections.abc import Iterator

from udfs.feeds.repairs import Repair, Repairs
from udfs.feeds.source.encoded_twice import Undo, find_undo
from udfs.feeds.source.encoding import by_first_bytes, choose, codec_for, declared_in

HEAD_BYTES = 1 << 14
WINDOW_BYTES = 1 << 18
"""Looked at from the first byte that is no ASCII: enough text to tell encodings apart."""


class Transcoder:
    """Iterate once over the feed as UTF-8. `encoding` and `repairs` are complete when the iteration is."""

    def __init__(self, chunks: Iterator[bytes], override: str | None, repairs: Repairs) -> None:
        self.encoding = "us-ascii"
        self.declared: str | None = None
        self.repairs = repairs
        self._chunks = chunks
        self._override = override
        self._undo: Undo | None = None

    def __iter__(self) -> Iterator[bytes]:
        head = self._gather(b"", HEAD_BYTES)
        marked = by_first_bytes(head)
        if marked and not self._override:
            self.encoding, skip = marked
            self.declared = declared_in(head) or self.encoding
            yield from self._from(head[skip:])
            return
        self.declared = declared_in(head)
        while head.isascii():
            if not head:
                self._note_unknown_name()
                return
            yield head
            head = next(self._chunks, b"")
        window = self._gather(head, WINDOW_BYTES)
        choice = choose(window, self.declared, self._override)
        self.encoding = choice.name
        self.repairs.update(choice.repairs)
        yield from self._from(window)

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
