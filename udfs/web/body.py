"""Reading an answer's body: never more than a cap, packed or not."""

import zlib
from collections.abc import AsyncIterator

import aiohttp

from schemas.rejects import Code
from udfs.web.failures import Failure

GZIP_OR_ZLIB = zlib.MAX_WBITS | 32
"""zlib's own flag for finding out which of the two headers is there."""

PIECE = 1 << 20
"""Bytes that one step of unpacking gives at most, so that a bomb is seen before it is in memory."""


async def pieces(response: aiohttp.ClientResponse, max_bytes: int, too_large: Code) -> AsyncIterator[bytes]:
    """The body piece by piece, unpacked; raises Failure with `too_large` once it has more than `max_bytes`."""
    announced = response.content_length
    if announced is not None and announced > max_bytes:
        raise _too_large(response, too_large, f"{announced} bytes announced, at most {max_bytes} are taken")
    total = 0
    async for piece in _unpacked(response):
        total += len(piece)
        if total > max_bytes:
            raise _too_large(response, too_large, f"more than {max_bytes} bytes")
        yield piece


def is_plain(response: aiohttp.ClientResponse) -> bool:
    """Whether the body is sent as it is."""
    return response.headers.get("Content-Encoding", "identity").strip().lower() in ("identity", "")


async def _unpacked(response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    if is_plain(response):
        async for piece in response.content.iter_any():
            yield piece
        return
    coding = response.headers["Content-Encoding"].strip().lower()
    if coding not in ("gzip", "x-gzip", "deflate"):
        raise Failure(
            Code.FETCH_TYPE, f"packed as {coding[:40]!r}, which was not asked for", response.status, str(response.url)
        )
    inflater = zlib.decompressobj(GZIP_OR_ZLIB)
    try:
        async for piece in response.content.iter_any():
            while piece and not inflater.eof:
                yield inflater.decompress(piece, PIECE)
                piece = inflater.unconsumed_tail
            if inflater.eof:
                return
    except zlib.error as error:
        raise Failure(Code.FETCH_CUT_OFF, f"packed as {coding}, but broken: {error}", response.status) from error
    raise Failure(Code.FETCH_CUT_OFF, f"packed as {coding}, and breaks off", response.status, str(response.url))


def _too_large(response: aiohttp.ClientResponse, code: Code, detail: str) -> Failure:
    return Failure(code, detail, response.status, str(response.url))
