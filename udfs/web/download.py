"""Downloads a feed over HTTP: conditional, with a size limit while streaming; its secret goes only to its own host."""

import asyncio
import re
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, Literal

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt
from tenacity.wait import wait_exponential_jitter

from schemas.rejects import Code
from udfs.web.addresses import read_url
from udfs.web.body import Body, Cap
from udfs.web.client import Client, ClientOptions
from udfs.web.failures import TRANSIENT, Failure
from udfs.web.guard import Networks
from udfs.web.resolver import Lookup, Names

USER_AGENT = "selvedge/0.1 (+mailto:catalog@example.org)"
ACCEPT = {"Accept": "application/xml,text/xml,application/rss+xml,application/atom+xml,*/*;q=0.5",
          "Accept-Encoding": "gzip"}  # fmt: skip

FEED_CODES = {
    Code.FETCH_404: Code.FEED_MISSING,
    Code.FETCH_SIZE: Code.FEED_TOO_LARGE,
    Code.FETCH_PRIVATE_ADDRESS: Code.FEED_ADDRESS,
    Code.FETCH_BAD_URL: Code.FEED_ADDRESS,
}
"""What a failed request means for a feed; every other failure is FEED_UNREACHABLE."""


@dataclass(frozen=True)
class FeedRequest:
    """What is known of a feed from last time, what its spec allows, and how long we wait. All `_s` are seconds."""

    etag: str | None = None
    last_modified: str | None = None
    authorization: str | None = field(default=None, repr=False)  # the header's value; never printed
    allow_private_hosts: Networks = ()
    max_bytes: int = 4 << 30
    folder: Path | None = None  # feeds that are files lie below it; None: no file may be read
    user_agent: str = USER_AGENT
    connect_s: float = 10.0
    read_s: float = 60.0  # between two pieces
    total_s: float = 3600.0  # for one try
    tries: int = 3
    backoff_s: float = 2.0
    patience_s: float = 120.0  # a host that asks for a longer pause is asked again next night


CHARSET = re.compile(r"""charset\s*=\s*["']?([\w.:-]{1,40})""", re.IGNORECASE)
SAYS_NOTHING = {"utf-8", "utf8", "us-ascii"}
"""Bytes show by themselves whether they are UTF-8."""

Digest = bytes


@dataclass(frozen=True)
class Downloaded:
    """What came of asking for a feed. `bytes` and `sha256` are of what was written, the transport's packing undone."""

    status: Literal["new", "unchanged", "refused"]
    code: Code | None = None
    detail: str | None = None
    http_status: int | None = None
    bytes: int | None = None
    sha256: Digest | None = None
    etag: str | None = None
    last_modified: str | None = None
    final_url: str | None = None
    charset: str | None = None  # in which the host says that the feed is; None where that says nothing


def charset_in(content_type: str | None) -> str | None:
    """The charset of a Content-Type header, in small letters; None where it says nothing that bytes do not show."""
    found = CHARSET.search(content_type or "")
    charset = found[1].lower() if found else None
    return None if charset in SAYS_NOTHING else charset


class NotWritten(Exception):
    """The feed came, but could not be written where it was wanted (a full disk): no matter of the shop."""


class Sink:
    """Where a feed's bytes go: emptied first, counted, hashed."""

    def __init__(self, target: BinaryIO) -> None:
        self._target = target
        self._digest = sha256()
        self.size = 0
        target.seek(0)
        target.truncate()

    def write(self, piece: bytes) -> None:
        """Write a piece; raises `NotWritten`."""
        try:
            self._target.write(piece)
        except OSError as error:
            raise NotWritten(str(error)) from error
        self._digest.update(piece)
        self.size += len(piece)

    @property
    def sha256(self) -> bytes:
        """Of all that was written."""
        return self._digest.digest()


def download_feed(url: str, request: FeedRequest, target: BinaryIO, lookup: Lookup | None = None) -> Downloaded:
    """Ask for a feed and write its bytes to `target`, which is emptied first.

    Never raises for what a host does; raises `NotWritten`.
    """
    return asyncio.run(_download(url, request, target, lookup))


async def _download(url: str, request: FeedRequest, target: BinaryIO, lookup: Lookup | None) -> Downloaded:
    options = ClientOptions(request.user_agent, request.connect_s, request.read_s, request.allow_private_hosts)
    names = Names(lookup)
    client = Client(options, names)
    backoff = wait_exponential_jitter(multiplier=request.backoff_s, max=request.patience_s, jitter=request.backoff_s)

    def pause(state: RetryCallState) -> float:
        failure = state.outcome.exception() if state.outcome else None
        asked_s = failure.retry_after_s if isinstance(failure, Failure) else None
        return backoff(state) if asked_s is None else asked_s

    def worth_it(error: BaseException) -> bool:
        return (
            isinstance(error, Failure)
            and error.code in TRANSIENT
            and (error.retry_after_s or 0.0) <= request.patience_s
        )  # fmt: skip

    retrying = AsyncRetrying(
        stop=stop_after_attempt(request.tries), wait=pause, retry=retry_if_exception(worth_it), reraise=True
    )
    try:
        return await retrying(_once, client, url, request, target)
    except Failure as failure:
        code = FEED_CODES.get(failure.code, Code.FEED_UNREACHABLE)
        return Downloaded("refused", code, failure.detail, failure.http_status, final_url=failure.final_url)
    finally:
        client.close()
        await names.close()


async def _once(client: Client, url: str, request: FeedRequest, target: BinaryIO) -> Downloaded:
    """One try. Raises Failure."""
    sink = Sink(target)
    try:
        async with asyncio.timeout(request.total_s):
            body = Body(Cap(request.max_bytes), sink.write)
            response = await client.get(read_url(url), _headers(request), body, authorization=request.authorization)
    except TimeoutError:
        raise Failure(Code.FETCH_TIMEOUT, f"not complete within {request.total_s:g} s") from None
    answer = Downloaded(
        "new" if response.status == 200 else "unchanged",
        http_status=response.status,
        etag=response.header("etag"),
        last_modified=response.header("last-modified"),
        final_url=response.url,
        charset=charset_in(response.header("content-type")),
    )
    if answer.status == "unchanged":
        return answer
    return replace(answer, bytes=sink.size, sha256=sink.sha256)


def _headers(request: FeedRequest) -> dict[str, str]:
    headers = dict(ACCEPT)
    if request.etag:
        headers["If-None-Match"] = request.etag
    if request.last_modified:
        headers["If-Modified-Since"] = request.last_modified
    return headers
