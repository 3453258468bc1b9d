"""What a host's owner allows: robots.txt, asked once a host, and the X-Robots-Tag of an answer."""

import asyncio
from collections.abc import Iterable
from typing import NamedTuple

from protego import Protego
from yarl import URL

from schemas.rejects import Code
from udfs.web.body import Body, Cap
from udfs.web.client import Client
from udfs.web.failures import Failure

CAP = Cap(512 << 10)
"""RFC 9309 asks for at least 500 KiB."""

ABSENT = frozenset({Code.FETCH_403, Code.FETCH_404, Code.FETCH_4XX, Code.FETCH_REDIRECT})
"""Answers that mean that there are no rules."""

OPT_OUT = frozenset({"noai", "noimageai"})
VALUED = frozenset({"unavailable_after", "max-snippet", "max-image-preview", "max-video-preview"})
"""Directives that are written with a colon, which otherwise follows a robot's name."""


class Rules(NamedTuple):
    """A host's robots.txt; `file` is None where it has none."""

    file: Protego | None
    delay_s: float  # between two requests, as it asks


NO_RULES = Rules(None, 0.0)


class Robots:
    """The rules of the hosts that one client asks, each asked for once."""

    def __init__(self, client: Client, robot: str, seconds: float) -> None:
        self._client = client
        self._robot = robot
        self._seconds = seconds
        self._rules: dict[URL, asyncio.Future[Rules]] = {}

    async def check(self, url: URL) -> float:
        """The seconds between two requests that the host asks for.

        Raises Failure where the rules forbid the URL, or where they cannot be asked for.
        """
        rules = await self._of(url.origin())
        if rules.file is not None and not rules.file.can_fetch(str(url), self._robot):
            detail = f"{url.origin()}/robots.txt forbids it to {self._robot}"
            raise Failure(Code.FETCH_ROBOTS, detail, final_url=str(url))
        return rules.delay_s

    async def close(self) -> None:
        """Break off what is being asked."""
        for asked in self._rules.values():
            asked.cancel()
        await asyncio.gather(*self._rules.values(), return_exceptions=True)

    async def _of(self, origin: URL) -> Rules:
        asked = self._rules.get(origin)
        if asked is None or (asked.done() and asked.exception() is not None):
            asked = self._rules[origin] = asyncio.ensure_future(self._ask(origin))
        if asked.done():
            return asked.result()
        return await asyncio.shield(asked)

    async def _ask(self, origin: URL) -> Rules:
        """No rules where there is no file (RFC 9309, 2.3.1.3); a host that fails to answer forbids all (2.3.1.4)."""
        parts: list[bytes] = []
        try:
            async with asyncio.timeout(self._seconds):
                await self._client.get(origin / "robots.txt", {"Accept": "text/plain"}, Body(CAP, parts.append))
        except TimeoutError:
            raise Failure(Code.FETCH_TIMEOUT, f"{origin}/robots.txt did not come in time") from None
        except Failure as failure:
            if failure.code in ABSENT:
                return NO_RULES
            code = Code.FETCH_ROBOTS if failure.code is Code.FETCH_SIZE else failure.code
            detail = f"{origin}/robots.txt: {failure.detail}"
            raise Failure(code, detail, failure.http_status, None, failure.retry_after_s) from failure
        return self._parse(b"".join(parts))

    def _parse(self, body: bytes) -> Rules:
        file = Protego.parse(body.decode("utf-8", "replace"))
        rate = file.request_rate(self._robot)
        by_rate_s = rate.seconds / rate.requests if rate and rate.requests else 0.0
        return Rules(file, max(file.crawl_delay(self._robot) or 0.0, by_rate_s))


def opted_out(headers: Iterable[str], robot: str) -> str | None:
    """The directive of X-Robots-Tag headers that keeps machine learning out, for all robots or for ours; else None."""
    for header in headers:
        name, colon, rest = header.partition(":")
        addressed = colon and "," not in name and name.strip().lower() not in VALUED
        if addressed and name.strip().lower() != robot.lower():
            continue
        directives = (rest if addressed else header).lower().split(",")
        found = OPT_OUT.intersection(directive.strip() for directive in directives)
        if found:
            return min(found)
    return None
