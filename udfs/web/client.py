"""One HTTP client for feeds and pictures: guarded addresses, redirects checked one by one, no proxy, no cookies."""

import asyncio
import math
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import certifi
import pycurl
from yarl import URL

from schemas.rejects import Code
from udfs.web.addresses import Target, redirected, same_owner
from udfs.web.failures import Failure, of_curl, of_status
from udfs.web.guard import Address, Networks, PrivateAddress, allowed, literal, open_socket
from udfs.web.resolver import Names
from udfs.web.transfers import Transfers

REDIRECTS = frozenset({301, 302, 303, 307, 308})
MAX_REDIRECTS = 5
CONDITIONS = frozenset({"if-none-match", "if-modified-since"})

BUFFER_BYTES = 256 << 10
"""curl's default of 16 KiB costs a call into Python for each."""

BREAK_OFF = -1
"""Makes curl end a transfer with an error of its own."""

UNWANTED_BYTES = 64 << 10
"""A page that comes with an error or a redirect is read so far, so that the connection can be used again."""


@dataclass(frozen=True)
class ClientOptions:
    """Options of a client: user agent, timeouts, and the private networks that it may access."""

    user_agent: str
    connect_s: float = 10.0
    read_s: float = 30.0  # without a byte; whole seconds, rounded up
    opened: Networks = ()


@dataclass
class Response:
    """Status and headers of a response. Header names are lower case; a repeated header has several values."""

    status: int
    url: str
    headers: dict[str, list[str]] = field(default_factory=dict)

    def header(self, name: str) -> str | None:
        """The first value of a header."""
        values = self.headers.get(name)
        return values[0] if values else None

    @property
    def length(self) -> int | None:
        """The body's length as announced."""
        said = self.header("content-length")
        return int(said) if said is not None and said.isdecimal() and len(said) < 19 else None


class Sink(Protocol):
    """What takes the body of an answer with status 200. Every method may raise, which breaks the answer off."""

    def begin(self, response: Response) -> Awaitable[None] | None:
        """The head is there. The body is held back until what is returned is done."""

    def write(self, piece: bytes) -> None:
        """The next bytes of the body."""

    def end(self) -> None:
        """The body is whole."""


class Client:
    """Requests addresses with the given options. Use and close it in the same event loop."""

    def __init__(self, options: ClientOptions, names: Names) -> None:
        self._options = options
        self._names = names
        self._transfers = Transfers()
        self._idle: list[_Line] = []
        self._pins: dict[str, tuple[list[Address], list[str]]] = {}  # what is right for an answer of the name servers

    def close(self) -> None:
        """Close every connection. No request may be on its way."""
        self._transfers.close()
        for line in self._idle:
            line.handle.close()

    async def get(
        self,
        target: Target,
        headers: Mapping[str, str],
        sink: Sink,
        before: Callable[[Target], Awaitable[None]] | None = None,
        authorization: str | None = None,
    ) -> Response:
        """Request an address, follow redirects, and give the last response: 304, or 200 with its body in the sink.

        `before` is awaited ahead of every request, redirects included. `authorization` is sent to the first one's own
        host alone. Raises `Failure` for whatever the network does, and what `before` and the sink raise.
        """
        hop = target
        for _ in range(MAX_REDIRECTS + 1):
            if before is not None:
                await before(hop)
            secret = {"Authorization": authorization} if authorization and same_owner(target, hop) else {}
            response = await self._ask(hop, {**headers, **secret}, sink)
            if response.status == 304 and not CONDITIONS & {name.lower() for name in headers}:
                raise Failure(Code.FETCH_304, "answered 304 (not modified) to an unconditional request", 304, hop.text)
            if response.status in (200, 304):
                return response
            if response.status not in REDIRECTS:
                raise of_status(response.status, response.header("retry-after"), hop.text)
            hop = redirected(hop, response.status, response.header("location"))
        raise Failure(Code.FETCH_REDIRECT, f"redirected more than {MAX_REDIRECTS} times", final_url=hop.text)

    async def _ask(self, target: Target, headers: Mapping[str, str], sink: Sink) -> Response:
        """One request. The sink is given the body of a 200."""
        pinned = await self._pinned(target)
        line = self._idle.pop() if self._idle else _Line(self._options)
        line.begin(target.text, pinned, headers, sink)
        try:
            await self._transfers.perform(line.handle)
            return line.whole()
        except pycurl.error as error:
            return line.explained(error)
        finally:
            line.end()
            self._idle.append(line)

    async def _pinned(self, target: Target) -> list[str]:
        """Addresses of the host for curl to use, which then asks nobody; raises Failure where none is open."""
        origin = target.origin
        host = origin.host or ""
        found = await self._names.of(host, self._options.connect_s)
        known = self._pins.get(origin.authority)
        if known is not None and known[0] is found:
            return known[1]
        usable = [address for address in found if allowed(address, self._options.opened)]
        if not usable:
            detail = f"{host} leads to {found[0]}, which we may not access (private or reserved)"
            raise Failure(Code.FETCH_PRIVATE_ADDRESS, detail, final_url=target.text)
        pinned = [] if literal(host) else [f"{origin.raw_host}:{origin.port}:{','.join(map(str, usable))}"]
        self._pins[origin.authority] = found, pinned
        return pinned


class _Line:
    """A handle of curl and what curl calls back with: one request after the other, so that both are set up once."""

    def __init__(self, options: ClientOptions) -> None:
        self.handle = _new_handle(options)
        self.handle.setopt(pycurl.OPENSOCKETFUNCTION, self.open_socket)
        self.handle.setopt(pycurl.HEADERFUNCTION, self.header)
        self.handle.setopt(pycurl.WRITEFUNCTION, self.write)
        self._opened = options.opened
        self._headers: Mapping[str, str] = {}
        self._lines: list[bytes] = []
        self._held: asyncio.Future[None] | None = None

    def begin(self, url: str, pinned: list[str], headers: Mapping[str, str], sink: Sink) -> None:
        """Make ready for a request; nothing is left of the one before."""
        self.handle.setopt(pycurl.URL, url)
        self.handle.setopt(pycurl.RESOLVE, pinned)
        if headers != self._headers:
            self.handle.setopt(pycurl.HTTPHEADER, [f"{name}: {value}" for name, value in headers.items()])
            self._headers = headers
        self._url = url
        self._sink = sink
        self._lines.clear()
        self._response: Response | None = None
        self._error: Exception | None = None
        self._wanted = False
        self._received = 0

    def open_socket(self, purpose: int, address: Any) -> socket.socket | int:
        """curl is about to connect: the last line, whatever it was told before."""
        try:
            return open_socket(address.family, address.socktype, address.protocol, address.addr, self._opened)
        except PrivateAddress as refused:
            detail = f"{URL(self._url).host} leads to {refused.address}, which we may not access (private or reserved)"
            self._error = Failure(Code.FETCH_PRIVATE_ADDRESS, detail)
            return int(pycurl.SOCKET_BAD)

    def header(self, line: bytes) -> int | None:
        """A line of the head, the empty one at its end included."""
        if self._response is not None:
            return None  # trailers behind a body in chunks
        if line not in (b"\r\n", b"\n"):
            self._lines.append(line)
            return None
        response = _read_head(self._lines, self._url)
        self._lines.clear()
        if response.status < 200:
            return None
        self._response = response
        if response.status != 200:
            return None
        try:
            self._begin(response)
        except Exception as error:
            return self._break_off(error)
        return None

    def write(self, piece: bytes) -> int | None:
        """A piece of the body, at most 16 KiB."""
        if not self._wanted:
            self._received += len(piece)
            return BREAK_OFF if self._received > UNWANTED_BYTES else None
        if self._held is not None:
            return int(pycurl.WRITEFUNC_PAUSE)
        try:
            self._sink.write(piece)
        except Exception as error:
            return self._break_off(error)
        return None

    def explained(self, error: pycurl.error) -> Response:
        """Raise what an error of curl means; an answer that is not wanted any more is no error."""
        if self._error is not None:
            raise self._error
        if self._response is not None and self._response.status != 200 and error.args[0] == pycurl.E_WRITE_ERROR:
            return self._response
        raise of_curl(error, self._url, self._response.status if self._response else None)

    def end(self) -> None:
        """Nobody waits for the body any more."""
        if self._held is not None:
            self._held.cancel()
            self._held = None
        del self._sink  # and the bytes in it

    def whole(self) -> Response:
        """The answer, once curl is done with it."""
        if self._response is None:
            raise Failure(Code.FETCH_5XX, f"{URL(self._url).host}: the response is not valid HTTP (no header)")
        if self._response.status == 200:
            self._sink.end()
        return self._response

    def _begin(self, response: Response) -> None:
        self._wanted = True
        wait = self._sink.begin(response)
        if wait is not None:
            self._held = asyncio.ensure_future(wait)
            self._held.add_done_callback(self._resume)

    def _resume(self, held: "asyncio.Future[None]") -> None:
        if held is not self._held:
            return  # the request has ended
        self._held = None
        self.handle.pause(pycurl.PAUSE_CONT)

    def _break_off(self, error: Exception) -> int:
        """Keep what the sink raised for the one who waits, since curl knows nothing of it."""
        self._error = error
        return BREAK_OFF


def _new_handle(options: ClientOptions) -> pycurl.Curl:
    """A handle with everything that is the same for all requests."""
    handle = pycurl.Curl()
    trusted = ssl.get_default_verify_paths()
    for option, value in (
        (pycurl.USERAGENT, options.user_agent),
        (pycurl.CONNECTTIMEOUT_MS, math.ceil(options.connect_s * 1000)),
        (pycurl.LOW_SPEED_LIMIT, 1),
        (pycurl.LOW_SPEED_TIME, math.ceil(options.read_s)),
        (pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS),
        (pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1),  # connections are counted, so one request each
        (pycurl.PROXY, ""),  # also none from the environment
        (pycurl.FOLLOWLOCATION, 0),
        (pycurl.NOSIGNAL, 1),
        (pycurl.BUFFERSIZE, BUFFER_BYTES),
        (pycurl.CAINFO, trusted.cafile or certifi.where()),
    ):
        handle.setopt(option, value)
    if trusted.capath:
        handle.setopt(pycurl.CAPATH, trusted.capath)
    return handle


def _read_head(lines: list[bytes], url: str) -> Response:
    """Status and headers; what is no header is passed over."""
    status = lines[0].split(None, 2)[1:2] if lines else []
    response = Response(int(status[0]) if status and status[0].isdigit() else 0, url)
    for line in lines[1:]:
        name, colon, value = line.decode("latin-1").partition(":")
        if colon:
            response.headers.setdefault(name.strip().lower(), []).append(value.strip())
    return response
