"""One HTTP client for feeds and pictures: guarded addresses, redirects checked one by one, no proxy, no cookies."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from socket import AddressFamily

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from schemas.rejects import Code
from udfs.web.failures import Failure, of_error, of_status
from udfs.web.guard import Networks, guarded_socket

REDIRECTS = frozenset({301, 302, 303, 307, 308})
MAX_REDIRECTS = 5
MAX_URL = 8_192
"""Characters; servers refuse longer ones."""

DNS_SECONDS = 60
"""How long a name's addresses, or that it has none, are believed."""


@dataclass(frozen=True)
class ClientOptions:
    """Who asks, how long it waits, and which private networks are open to it."""

    user_agent: str
    connect_s: float = 10.0
    read_s: float = 30.0  # between two pieces of an answer
    opened: Networks = ()


class CachingResolver(AbstractResolver):
    """Remembers which names have no address, so that a dead host costs one question; the connector keeps the others."""

    def __init__(self, inner: AbstractResolver) -> None:
        self._inner = inner
        self._unknown: dict[str, tuple[float, OSError]] = {}

    async def resolve(
        self, host: str, port: int = 0, family: AddressFamily = AddressFamily.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The addresses of a host; raises OSError where it has none."""
        known = self.unknown(host)
        if known is not None:
            raise known
        try:
            return await self._inner.resolve(host, port, family)
        except OSError as error:
            self._unknown[host] = (time.monotonic() + DNS_SECONDS, error)
            raise

    def unknown(self, host: str) -> OSError | None:
        """The error that a name gave a short while ago."""
        until, error = self._unknown.get(host, (0.0, None))
        return error if time.monotonic() < until else None

    async def close(self) -> None:
        """Close the resolver that answers."""
        await self._inner.close()


class Client:
    """Asks for addresses within the options. To be used and closed in one event loop."""

    def __init__(self, options: ClientOptions, resolver: AbstractResolver | None = None) -> None:
        self.options = options
        self.resolver = CachingResolver(resolver or aiohttp.ThreadedResolver())
        connector = aiohttp.TCPConnector(
            limit=0,  # what a host allows is kept by the caller
            resolver=self.resolver,
            ttl_dns_cache=DNS_SECONDS,
            socket_factory=guarded_socket(options.opened),
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=options.connect_s, sock_read=options.read_s),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": options.user_agent},
            skip_auto_headers=("Accept", "Accept-Encoding"),
            auto_decompress=False,
            trust_env=False,
        )

    async def close(self) -> None:
        """Close every connection."""
        await self._session.close()
        await self.resolver.close()

    @asynccontextmanager
    async def get(
        self,
        url: URL,
        headers: Mapping[str, str],
        before: Callable[[URL], Awaitable[None]] | None = None,
        authorization: str | None = None,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Ask for a URL and follow its redirects; gives an answer of status 200 or 304 whose body is still to be read.

        `before` is awaited ahead of every request, redirects included, and may raise `Failure`. `authorization` is sent
        to the first URL's own host alone. Raises `Failure` for every error of the network, while reading too.
        """
        hop = url
        try:
            for _ in range(MAX_REDIRECTS + 1):
                if before is not None:
                    await before(hop)
                secret = {"Authorization": authorization} if authorization and _same_owner(url, hop) else {}
                async with self._session.get(hop, headers={**headers, **secret}, allow_redirects=False) as response:
                    if response.status not in REDIRECTS:
                        if response.status not in (200, 304):
                            raise of_status(response.status, response.headers.get("Retry-After"), str(hop))
                        yield response
                        return
                    hop = _redirected(hop, response)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise of_error(error, hop.host or str(hop)) from error
        raise Failure(Code.FETCH_REDIRECT, f"redirected more than {MAX_REDIRECTS} times", final_url=str(hop))


def _same_owner(first: URL, hop: URL) -> bool:
    """Whether a secret for the first URL may go to a redirect: the same origin, or its step up from http to https."""
    return hop.origin() == first.origin() or (
        hop.host == first.host and hop.scheme == "https" and hop.is_default_port() and first.is_default_port()
    )


def _redirected(hop: URL, response: aiohttp.ClientResponse) -> URL:
    """Where a redirect leads; raises Failure where that is no other http(s) address."""
    status, location = response.status, response.headers.get("Location")
    if not location:
        raise Failure(Code.FETCH_REDIRECT, f"answered {status} without saying where to", status, str(hop))
    try:
        return read_url(str(hop.join(_quoted(location))))
    except (Failure, ValueError) as error:
        raise Failure(Code.FETCH_REDIRECT, f"redirected to {location[:200]!r}", status, str(hop)) from error


def read_url(text: str) -> URL:
    """An http(s) URL as a feed writes it, spaces and letters of any script included; raises Failure FETCH_BAD_URL."""
    try:
        url = _quoted(text.strip())
        host, port = url.host, url.port
    except (ValueError, UnicodeError) as error:
        raise Failure(Code.FETCH_BAD_URL, f"not an address: {text[:200]!r}") from error
    if url.scheme not in ("http", "https") or not host or not port or len(text) > MAX_URL:
        raise Failure(Code.FETCH_BAD_URL, f"not an http(s) address: {text[:200]!r}")
    if url.user is not None or url.password is not None:
        raise Failure(Code.FETCH_BAD_URL, "the address carries a user name or a password")
    return url.with_fragment(None)


def _quoted(text: str) -> URL:
    """Quoted where it must be; an address that is quoted already is sent as it stands, since some hosts sign it."""
    if any(ord(letter) < 0x20 or ord(letter) == 0x7F for letter in text):
        raise ValueError("control characters in an address")
    return URL(text, encoded=text.isascii() and not any(letter in text for letter in ' "<>\\^`{|}'))
