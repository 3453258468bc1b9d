"""What a host is owed while it is asked: its rate, the pauses it asks for, and to be left alone when it is down."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from types import TracebackType

from udfs.web.failures import OF_THE_HOST, Failure
from udfs.web.request import FetchPolicy, PictureRequest


class GivenUp(Exception):
    """The host is left alone for the rest of the night."""


class Host:
    """A group of hosts that count together, the requests that wait for it, and its circuit breaker."""

    def __init__(self, policy: FetchPolicy) -> None:
        self.waiting: deque[PictureRequest] = deque()
        self.workers = 0
        self.connections = 1 << 16
        self.given_up = False
        self._policy = policy
        self._interval_s = 0.0
        self._next_at = 0.0
        self._paused_until = 0.0
        self._failures = 0
        self._breaks = 0

    def allow(self, interval_s: float, connections: int | None = None) -> None:
        """Take up what somebody who names this host allows: the longest interval and the fewest connections hold."""
        self._interval_s = max(self._interval_s, interval_s)
        self.connections = min(self.connections, connections or self.connections)

    async def turn(self) -> None:
        """Wait until the next request may leave; raises `GivenUp` where none may leave tonight."""
        now = asyncio.get_running_loop().time()
        slot = max(self._next_at, now)
        self._next_at = slot + self._interval_s
        if slot > now:
            await asyncio.sleep(slot - now)
        while (pause_s := self._paused_until - asyncio.get_running_loop().time()) > 0 and not self.given_up:
            await asyncio.sleep(pause_s)
        if self.given_up:
            raise GivenUp

    def pause(self, seconds: float) -> None:
        """Send nothing for a while."""
        self._paused_until = max(self._paused_until, asyncio.get_running_loop().time() + seconds)

    def succeeded(self) -> None:
        """An answer came, whatever it says of its URL."""
        self._failures = 0

    def failed(self, failure: Failure) -> None:
        """Pause for as long as the host says, and open the breaker after enough failures in a row.

        A host that wants more patience than we have, or breaks too often, is given up for tonight.
        """
        if failure.retry_after_s is not None:
            self.given_up = self.given_up or failure.retry_after_s > self._policy.patience_s
            self.pause(failure.retry_after_s)
        if failure.code not in OF_THE_HOST:
            self.succeeded()
            return
        self._failures += 1
        if self._failures < self._policy.break_after or self._paused_until > asyncio.get_running_loop().time():
            return
        if self._breaks == self._policy.breaks:
            self.given_up = True
        self.pause(self._policy.cool_down_s * 2**self._breaks)
        self._breaks += 1
        self._failures = self._policy.break_after - 1


class ByteBudget:
    """Bytes that may be in memory at once; those who wait are served in order."""

    def __init__(self, total: int) -> None:
        self._free = self._total = total
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    def take_now(self, count: int) -> int | None:
        """Take `count` bytes, at most the whole budget; None where they are not free, or others wait."""
        count = min(count, self._total)
        if self._waiting or count > self._free:
            return None
        self._free -= count
        return count

    async def take(self, count: int) -> int:
        """Wait until `count` bytes are free; gives what was taken, at most the whole budget."""
        taken = self.take_now(count)
        if taken is not None:
            return taken
        count = min(count, self._total)
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((count, future))
        try:
            await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled():
                self.give_back(count)
            raise
        return count

    def give_back(self, count: int) -> None:
        """Free bytes, and wake those who waited for them."""
        self._free += count
        while self._waiting and (self._waiting[0][1].done() or self._waiting[0][0] <= self._free):
            wanted, future = self._waiting.popleft()
            if not future.done():
                self._free -= wanted
                future.set_result(None)


class Clock:
    """The time that one picture may take. It stands still while we wait for the host's sake or for memory.

    It runs within `async with`, which raises TimeoutError when the time is over.
    """

    _ends_at: float
    _timeout: asyncio.Timeout

    def __init__(self, seconds: float) -> None:
        self._total_s = self.left_s = seconds

    @property
    def spent_s(self) -> float:
        """Seconds that the clock has run."""
        return self._total_s - self.left_s

    def __aenter__(self) -> Awaitable[asyncio.Timeout]:
        self._ends_at = asyncio.get_running_loop().time() + self.left_s
        self._timeout = asyncio.timeout_at(self._ends_at)
        return self._timeout.__aenter__()

    def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> Awaitable[bool | None]:
        self.left_s = self._ends_at - asyncio.get_running_loop().time()
        return self._timeout.__aexit__(kind, error, trace)

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """Let it stand still. Only while it runs."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        self._timeout.reschedule(None)
        try:
            yield
        finally:
            self._ends_at += loop.time() - began
            self._timeout.reschedule(self._ends_at)
