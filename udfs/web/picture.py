"""One picture asked for once: the answer read within its caps, checked, and handed on."""

from collections.abc import Awaitable, Callable
from hashlib import sha256

import aiohttp
from aiohttp.abc import AbstractResolver
from yarl import URL

from schemas.rejects import Code
from udfs.pictures.inspect import SNIFFED_BYTES, Picture, PictureRefused, inspect, sniff
from udfs.web.body import is_plain, pieces
from udfs.web.client import Client, ClientOptions
from udfs.web.failures import Failure
from udfs.web.guard import Networks
from udfs.web.pace import ByteBudget, Clock
from udfs.web.request import Answer, FetchPolicy, PictureRequest
from udfs.web.robots import Robots, opted_out

Keep = Callable[[bytes, Picture, bytes, str], None]
"""Takes the sha256, what the picture is, its bytes and the URL asked for. The same content may come more than once."""

ACCEPT = {"Accept": "image/jpeg,image/png,image/webp,image/avif;q=0.9,image/*;q=0.8", "Accept-Encoding": "identity"}


class NotKept(Exception):
    """The caller could not keep a picture; its own error is the cause."""


class Asker:
    """Asks for pictures with one set of opened networks, and keeps the good ones."""

    def __init__(
        self, policy: FetchPolicy, opened: Networks, keep: Keep, budget: ByteBudget, resolver: AbstractResolver | None
    ) -> None:
        self._policy = policy
        self._keep = keep
        self._budget = budget
        self._client = Client(ClientOptions(policy.user_agent, policy.connect_s, policy.read_s, opened), resolver)
        self.robots = Robots(self._client, policy.robot, policy.total_s)

    async def close(self) -> None:
        """Close every connection."""
        await self.robots.close()
        await self._client.close()

    def refuse_unknown(self, url: URL) -> None:
        """Raises Failure for a host that a short while ago had no address: nobody has to be asked for that."""
        error = self._client.resolver.unknown(url.host or "")
        if error is not None:
            raise Failure(Code.FETCH_DNS, f"{url.host}: no address found ({error})")

    async def ask(
        self, request: PictureRequest, url: URL, clock: Clock, before: Callable[[URL], Awaitable[None]]
    ) -> Answer:
        """Ask once. Raises Failure where no body came; a body that is no good is an answer with a code."""
        held = 0
        try:
            async with self._client.get(url, _headers(request), before) as response:
                answer = _answer(response)
                self._check_opt_out(request, response)
                if response.status == 304:
                    return _unchanged(request, answer)
                with clock.stopped():
                    held = await self._budget.take(self._size(response))
                body = await self._read(response)
            return self._judge(request, answer, body)
        finally:
            self._budget.give_back(held)

    def _check_opt_out(self, request: PictureRequest, response: aiohttp.ClientResponse) -> None:
        tags = response.headers.getall("X-Robots-Tag", ())
        directive = opted_out(tags, self._policy.robot) if tags and not request.contract else None
        if directive is not None:
            detail = f"the answer's X-Robots-Tag says {directive}"
            raise Failure(Code.FETCH_ROBOTS, detail, response.status, str(response.url))

    def _size(self, response: aiohttp.ClientResponse) -> int:
        """Bytes that the body may take: what is announced, else the cap."""
        cap = self._policy.limits.max_bytes
        announced = response.content_length if is_plain(response) else None
        return cap if announced is None else min(announced, cap)

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        """The whole body; what does not begin like a picture is not read on."""
        parts: list[bytes] = []
        unchecked = SNIFFED_BYTES
        async for piece in pieces(response, self._policy.limits.max_bytes, Code.FETCH_SIZE):
            parts.append(piece)
            if unchecked > 0:
                unchecked -= len(piece)
                head = b"".join(parts)[:SNIFFED_BYTES]
                if unchecked <= 0 and sniff(head) is None:
                    detail = f"{response.content_type[:60]}, begins with {head[:16]!r}"
                    raise Failure(Code.FETCH_TYPE, detail, response.status, str(response.url))
        return b"".join(parts)

    def _judge(self, request: PictureRequest, answer: Answer, body: bytes) -> Answer:
        answer.bytes = len(body)
        answer.picture = sha256(body).digest()
        try:
            picture = inspect(body, self._policy.limits)
        except PictureRefused as refused:
            answer.code, answer.detail = refused.code, refused.detail
            return answer
        try:
            self._keep(answer.picture, picture, body, request.url)
        except Exception as error:
            raise NotKept from error
        return answer


def _headers(request: PictureRequest) -> dict[str, str]:
    """Conditional where the URL gave a picture before."""
    headers = dict(ACCEPT)
    if request.picture is not None:
        if request.etag:
            headers["If-None-Match"] = request.etag
        if request.last_modified:
            headers["If-Modified-Since"] = request.last_modified
    return headers


def _answer(response: aiohttp.ClientResponse) -> Answer:
    return Answer(
        http_status=response.status,
        etag=response.headers.get("ETag"),
        last_modified=response.headers.get("Last-Modified"),
        final_url=str(response.url),
    )


def _unchanged(request: PictureRequest, answer: Answer) -> Answer:
    """304: the picture of before, with the validators of before where the answer names none."""
    if request.picture is None:
        raise Failure(Code.FETCH_5XX, "answered 304 to a request without a condition", 304, answer.final_url)
    answer.picture = request.picture
    answer.etag = answer.etag or request.etag
    answer.last_modified = answer.last_modified or request.last_modified
    return answer
