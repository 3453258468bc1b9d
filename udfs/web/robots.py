"""What a host's owner allows: robots.txt, asked once a host, and the X-Robots-Tag of an answer."""

import asyncio
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from protego import Protego
from yarl import URL

from schemas.rejects import Code
from udfs.web.addresses import Target
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


@dataclass(frozen=True)
class Rules:
    """A host's robots.txt as it holds for one robot; `file` is None where there is none."""

    robot: str = ""
    text: str = ""
    file: Protego | None = None
    delay_s: float = 0.0  # between two requests, as it asks

    def forbidding(self, url: str) -> str | None:
        """The line that forbids a URL: of those that do so by themselves the longest, which is the one that counts."""
        if self.file is None or self.file.can_fetch(url, self.robot):
            return None
        return next((line for line, alone in self._alone if not alone.can_fetch(url, self.robot)), "its rules")

    @cached_property
    def _alone(self) -> list[tuple[str, Protego]]:
        lines = sorted(set(_disallowing(self.text, self.robot)), key=lambda line: (-len(line), line))
        return [(line, Protego.parse(f"User-agent: *\n{line}")) for line in lines]


def _disallowing(text: str, robot: str) -> list[str]:
    """The Disallow lines of the groups that name a robot, else of those for all."""
    groups = [(agents, line) for agents, line in _grouped(text) if line.lower().startswith("disallow")]
    named = [line for agents, line in groups if any(agent in robot.lower() for agent in agents - {"*"})]
    return named or [line for agents, line in groups if "*" in agents]


def _grouped(text: str) -> Iterator[tuple[set[str], str]]:
    """Each rule with the robots that it is for (RFC 9309, 2.2.1): all that were named since the last rule."""
    agents: set[str] = set()
    is_open = False
    for line in (raw.partition("#")[0].strip() for raw in text.splitlines()):
        name, _, value = line.partition(":")
        if name.strip().lower() == "user-agent":
            agents = (agents if is_open else set()) | {value.strip().lower()}
            is_open = True
        elif line:
            is_open = False
            yield agents, line


HELD_S = 3600.0
"""How long rules hold without being asked for again, over all runs of a process; RFC 9309, 2.4, allows a day."""

MOST_HELD = 10_000

_held: dict[tuple[str, str, str], tuple[float, Rules]] = {}
"""By scheme, host with port, and the robot's name."""


class Robots:
    """The rules of the hosts that one client asks, each asked for once."""

    def __init__(self, client: Client, robot: str, seconds: float) -> None:
        self._client = client
        self._robot = robot
        self._seconds = seconds
        self._rules: dict[URL, asyncio.Future[Rules]] = {}

    async def check(self, target: Target) -> float:
        """The seconds between two requests that the host asks for.

        Raises Failure where the rules forbid the address, or where they cannot be asked for.
        """
        rules = self._rules_held(target.origin) or await self._of(target.origin)
        line = rules.forbidding(target.text) if rules.file is not None else None
        if line is not None:
            detail = f"{target.origin}/robots.txt forbids it to {self._robot}: {line[:200]}"
            raise Failure(Code.FETCH_ROBOTS, detail, final_url=target.text)
        return rules.delay_s

    async def close(self) -> None:
        """Break off what is being asked."""
        for asked in self._rules.values():
            asked.cancel()
        await asyncio.gather(*self._rules.values(), return_exceptions=True)

    def _rules_held(self, origin: URL) -> Rules | None:
        until, held = _held.get((origin.scheme, origin.authority, self._robot), (0.0, None))
        return held if time.monotonic() < until else None

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
                target = Target(f"{origin}/robots.txt", origin)
                await self._client.get(target, {"Accept": "text/plain"}, Body(CAP, parts.append))
        except TimeoutError:
            raise Failure(Code.FETCH_TIMEOUT, f"{origin}/robots.txt did not arrive in time") from None
        except Failure as failure:
            if failure.code in ABSENT:
                return self._hold(origin, Rules())
            code = Code.FETCH_ROBOTS if failure.code is Code.FETCH_SIZE else failure.code
            detail = f"{origin}/robots.txt: {failure.detail}"
            raise Failure(code, detail, failure.http_status, None, failure.retry_after_s) from failure
        return self._hold(origin, self._parse(b"".join(parts)))

    def _hold(self, origin: URL, rules: Rules) -> Rules:
        if len(_held) >= MOST_HELD:
            _held.clear()
        _held[origin.scheme, origin.authority, self._robot] = time.monotonic() + HELD_S, rules
        return rules

    def _parse(self, body: bytes) -> Rules:
        text = body.decode("utf-8", "replace")
        file = Protego.parse(text)
        rate = file.request_rate(self._robot)
        by_rate_s = rate.seconds / rate.requests if rate and rate.requests else 0.0
        return Rules(self._robot, text, file, max(file.crawl_delay(self._robot) or 0.0, by_rate_s))


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
