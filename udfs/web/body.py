"""Receives a response body, compressed or not, and never more than a limit.

The bytes decide: a body that begins as gzip or zlib is unpacked where the head says that it is packed, and any other is
taken as it comes, whatever the head says. Hosts name as an encoding what is none (UTF-8, binary, aws-chunked).
"""

import zlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import NoReturn

from schemas.rejects import Code
from udfs.web.client import Response
from udfs.web.failures import Failure

GZIP_OR_ZLIB = zlib.MAX_WBITS | 32
"""zlib's own flag for finding out which of the two headers is there."""

PIECE = 1 << 20
"""Bytes that one step of unpacking gives at most, so that a bomb is seen before it is in memory."""

PACKED = frozenset({"gzip", "x-gzip", "deflate"})
UNPACKED = frozenset({"", "identity"})
GZIP_MAGIC = b"\x1f\x8b"
PLAIN_MAGIC = (b"\xff\xd8", b"\x89PNG", b"GIF8", b"RIFF", b"\0\0\0", b"<", b"\xef\xbb\xbf", b"PK", b" ", b"\n")
"""What pictures, feeds and archives begin with: such a body is not packed. A deflated one need not have a header."""
MAGIC_BYTES = 4


@dataclass(frozen=True)
class Cap:
    """A size limit, and the code for a body that exceeds it."""

    max_bytes: int
    code: Code = Code.FETCH_SIZE


class Body:
    """Decompresses and counts a body, and passes it on in pieces. Raises Failure when it exceeds its limit."""

    def __init__(self, cap: Cap, take: Callable[[bytes], None]) -> None:
        self._cap = cap
        self._take = take
        self._status: int | None = None
        self._url: str | None = None
        self._inflater: zlib._Decompress | None = None
        self._size = 0
        self.coding = ""
        """The encoding that the head names, if any."""
        self._first: bytes | None = None  # what came before enough is there to see whether it is packed

    def begin(self, response: Response) -> Awaitable[None] | None:
        """A new answer: nothing is left of one before."""
        self._status, self._url, self._size = response.status, response.url, 0
        announced = response.length
        if announced is not None and announced > self._cap.max_bytes:
            raise self._failure(self._cap.code, f"{announced} bytes announced, the limit is {self._cap.max_bytes}")
        named = [part.strip() for part in ",".join(response.headers.get("content-encoding", ())).lower().split(",")]
        self.coding = ", ".join(part for part in named if part not in UNPACKED)
        self._inflater = None
        self._first = b"" if PACKED.intersection(named) else None
        return None

    def write(self, piece: bytes) -> None:
        """The next bytes as they came."""
        if self._first is not None:
            self._first += piece
            if len(self._first) < MAGIC_BYTES:
                return
            piece = self._begun()
        inflater = self._inflater
        if inflater is None:
            self._size += len(piece)
            if self._size > self._cap.max_bytes:
                self._refuse()
            self._take(piece)
            return
        try:
            while piece and not inflater.eof:
                unpacked = inflater.decompress(piece, PIECE)
                piece = inflater.unconsumed_tail
                self._size += len(unpacked)
                if self._size > self._cap.max_bytes:
                    self._refuse()
                self._take(unpacked)
        except zlib.error as error:
            raise self._failure(Code.FETCH_CUT_OFF, f"the compressed body is broken: {error}") from error

    def end(self) -> None:
        """The body is whole, unless its packing says otherwise."""
        if self._first and (rest := self._begun()):
            self.write(rest)
        if self._inflater is not None and not self._inflater.eof:
            raise self._failure(Code.FETCH_CUT_OFF, "the compressed body is cut off")

    def _begun(self) -> bytes:
        """The first bytes, once it is known what they are."""
        first, self._first = self._first or b"", None
        if first.startswith(GZIP_MAGIC) or _is_zlib(first):
            self._inflater = zlib.decompressobj(GZIP_OR_ZLIB)
        elif "deflate" in self.coding and not first.startswith(PLAIN_MAGIC):
            self._inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        return first

    def _refuse(self) -> NoReturn:
        raise self._failure(self._cap.code, f"more than {self._cap.max_bytes} bytes")

    def _failure(self, code: Code, detail: str) -> Failure:
        return Failure(code, detail, self._status, self._url)


def _is_zlib(first: bytes) -> bool:
    """Whether bytes begin as zlib (RFC 1950): the method deflate, and a check over the two."""
    return len(first) > 1 and first[0] & 0x0F == 8 and first[0] >> 4 <= 7 and int.from_bytes(first[:2]) % 31 == 0
