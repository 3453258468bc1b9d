"""Receives a response body, compressed or not, and never more than a limit."""

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

    def begin(self, response: Response) -> Awaitable[None] | None:
        """A new answer: nothing is left of one before."""
        self._status, self._url, self._size = response.status, response.url, 0
        announced = response.length
        if announced is not None and announced > self._cap.max_bytes:
            raise self._failure(self._cap.code, f"{announced} bytes announced, the limit is {self._cap.max_bytes}")
        coding = (response.header("content-encoding") or "identity").lower()
        if coding in PACKED:
            self._inflater = zlib.decompressobj(GZIP_OR_ZLIB)
        elif coding != "identity":
            raise self._failure(Code.FETCH_TYPE, f"compressed as {coding[:40]!r}, which we did not ask for")
        else:
            self._inflater = None
        return None

    def write(self, piece: bytes) -> None:
        """The next bytes as they came."""
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
        if self._inflater is not None and not self._inflater.eof:
            raise self._failure(Code.FETCH_CUT_OFF, "the compressed body is cut off")

    def _refuse(self) -> NoReturn:
        raise self._failure(self._cap.code, f"more than {self._cap.max_bytes} bytes")

    def _failure(self, code: Code, detail: str) -> Failure:
        return Failure(code, detail, self._status, self._url)
