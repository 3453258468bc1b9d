"""Names to addresses: asked for once and believed for a while, also where a name has none."""

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable
from ipaddress import ip_address

from schemas.rejects import Code
from udfs.web.failures import Failure
from udfs.web.guard import Address, literal

Lookup = Callable[[str], Awaitable[list[str]]]
"""Answers with a name's addresses; raises OSError where it has none."""

BELIEVED_S = 60.0
"""How long an answer holds, as curl and aiohttp have it."""


NOT_ASKED: tuple[float, None] = (0.0, None)


async def system_lookup(host: str) -> list[str]:
    """Ask the system's name servers, in a thread of the loop's pool."""
    found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(answer[4][0]) for answer in found))


class Names:
    """Addresses of hosts. Those who ask for one name side by side share one question."""

    def __init__(self, lookup: Lookup | None = None) -> None:
        self._lookup = lookup or system_lookup
        self._asked: dict[str, tuple[float, asyncio.Future[list[Address]]]] = {}

    async def of(self, host: str, patience_s: float) -> list[Address]:
        """The addresses of a host, or the one that it is; raises Failure FETCH_DNS where there are none."""
        until, asked = self._asked.get(host, NOT_ASKED)
        if asked is None or (asked.done() and time.monotonic() > until):
            asked = asyncio.ensure_future(self._ask(host))
            self._asked[host] = (time.monotonic() + BELIEVED_S, asked)
        if not asked.done():
            await asyncio.wait([asked], timeout=patience_s)  # which leaves it going where we lose patience
        if not asked.done():
            raise Failure(Code.FETCH_DNS, f"{host}: no answer from the name servers within {patience_s:g} s")
        return asked.result()

    def refuse_unknown(self, host: str) -> None:
        """Raises Failure for a host that a short while ago had no address: nobody has to be asked for that."""
        until, asked = self._asked.get(host, NOT_ASKED)
        if asked is not None and asked.done() and time.monotonic() <= until and (failure := asked.exception()):
            raise failure

    async def close(self) -> None:
        """Break off what is being asked."""
        asked = [future for _, future in self._asked.values()]
        for future in asked:
            future.cancel()
        await asyncio.gather(*asked, return_exceptions=True)

    async def _ask(self, host: str) -> list[Address]:
        address = literal(host)
        if address is not None:
            return [address]
        try:
            found = [ip_address(text.partition("%")[0]) for text in await self._lookup(host)]
        except (OSError, UnicodeError, ValueError) as error:
            raise Failure(Code.FETCH_DNS, f"{host}: the host name was not found ({error})") from error
        if not found:
            raise Failure(Code.FETCH_DNS, f"{host}: the host name was not found")
        return found
