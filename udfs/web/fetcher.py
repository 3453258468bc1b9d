"""Asking many hosts for pictures side by side, each within what it allows. One row for each request that was tried."""

import asyncio
import random
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from schemas.rejects import Code
from udfs.pictures.inspect import one_line
from udfs.web.addresses import Target, read_url
from udfs.web.failures import TRANSIENT, Failure
from udfs.web.guard import Networks
from udfs.web.hosts import group_of
from udfs.web.pace import ByteBudget, Clock, GivenUp, Host
from udfs.web.picture import Asker, Keep, NotKept
from udfs.web.request import Answer, FetchPolicy, FetchRow, PictureRequest
from udfs.web.resolver import Lookup, Names

__all__ = ["FetchPolicy", "FetchRow", "Keep", "PictureRequest", "fetch_pictures"]

DNS_THREADS = 16
"""Names asked for side by side: a dead name server must not hold up the hosts that it does not serve."""

ROWS_AT_ONCE = 64
STEP_S = 0.2
"""The caller is given rows when there are so many, or so often."""


def fetch_pictures(
    requests: Iterable[PictureRequest], policy: FetchPolicy, keep: Keep, lookup: Lookup | None = None
) -> Iterator[FetchRow]:
    """Ask for pictures, hand each good one to `keep`, and give one row for every request that was tried.

    A request that was not tried before the deadline, or whose host was given up, gives no row and so stays due. What
    `keep` raises ends the run; nothing else does. `lookup` answers for names (default: the system's name servers).
    """
    with asyncio.Runner() as runner:
        fetch = runner.run(_open(policy, keep, lookup))
        try:
            source = iter(requests)
            while (rows := runner.run(fetch.step(source))) is not None:
                yield from rows
        finally:
            runner.run(fetch.close())


async def _open(policy: FetchPolicy, keep: Keep, lookup: Lookup | None) -> "_Fetch":
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(DNS_THREADS, "dns"))
    return _Fetch(policy, keep, lookup)


class _Fetch:
    """One run: its hosts, an asker for each set of opened networks, and the rows that are ready."""

    def __init__(self, policy: FetchPolicy, keep: Keep, lookup: Lookup | None) -> None:
        self._policy = policy
        self._keep = keep
        self._names = Names(lookup)
        self._hosts: dict[str, Host] = {}
        self._askers: list[tuple[Networks, Asker]] = []
        self._workers: set[asyncio.Task[None]] = set()
        self._slots = asyncio.Semaphore(policy.at_once)
        self._budget = ByteBudget(policy.bytes_at_once)
        self._open = 0  # requests taken from the list and not yet ended
        self._rows: list[FetchRow] = []
        self._ready = asyncio.Event()
        self._broken: BaseException | None = None

    async def step(self, source: Iterator[PictureRequest]) -> list[FetchRow] | None:
        """Work until there are rows; None once the list or the time is at its end."""
        while True:
            self._refill(source)
            left_s = self._left_s()
            if self._open and left_s > 0 and self._broken is None:
                await self._wait(min(STEP_S, left_s))
            if self._broken is not None:
                raise self._broken
            if self._rows:
                rows, self._rows = self._rows, []
                self._ready.clear()
                return rows
            if not self._open or left_s <= 0:
                return None

    async def close(self) -> None:
        """Break off what is on its way, and close every connection."""
        for worker in self._workers:
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)
        for _, asker in self._askers:
            await asker.close()
        await self._names.close()

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._ready.wait()
        except TimeoutError:
            return

    def _left_s(self) -> float:
        ends_at = self._policy.ends_at
        return (ends_at - datetime.now(UTC)).total_seconds() if ends_at else float("inf")

    def _refill(self, source: Iterator[PictureRequest]) -> None:
        """Take requests from the list, and see that every host that has some is asked."""
        while self._open < self._policy.window:
            request = next(source, None)
            if request is None:
                return
            host = self._host(group_of(request.url))
            host.allow(1 / request.rate, request.connections)
            if host.given_up:
                continue
            host.waiting.append(request)
            self._open += 1
            if host.workers < min(host.connections, len(host.waiting)):
                self._start(host)

    def _host(self, group: str) -> Host:
        if group not in self._hosts:
            self._hosts[group] = Host(self._policy)
        return self._hosts[group]

    def _start(self, host: Host) -> None:
        host.workers += 1
        worker = asyncio.get_running_loop().create_task(self._work(host))
        self._workers.add(worker)
        worker.add_done_callback(self._ended)

    def _ended(self, worker: asyncio.Task[None]) -> None:
        self._workers.discard(worker)
        if not worker.cancelled() and worker.exception() is not None:
            error = worker.exception()
            self._broken = error.__cause__ if isinstance(error, NotKept) else error
            self._ready.set()

    async def _work(self, host: Host) -> None:
        """One connection's worth of work: the host's requests, one after the other."""
        while host.waiting and host.workers <= host.connections:
            request = host.waiting.popleft()
            answer = await self._answer(host, request)
            self._open -= 1
            if answer is not None:
                row = answer.row(request, self._policy.night, datetime.now(UTC))
                self._rows.append(row._replace(given_up=True) if host.given_up else row)
            if host.given_up:
                self._open -= len(host.waiting)
                host.waiting.clear()
            if len(self._rows) >= ROWS_AT_ONCE or not self._open:
                self._ready.set()
        host.workers -= 1

    async def _answer(self, host: Host, request: PictureRequest) -> Answer | None:
        """What came of a request after all its tries; None where its host was given up before the first."""
        clock = Clock(self._policy.total_s)
        answer = None
        for number in range(1, self._policy.tries + 1):
            try:
                answer = await self._try(host, request, clock)
                host.succeeded()
                break
            except GivenUp:
                break
            except Failure as failure:
                host.failed(failure)
                answer = Answer(failure.code, failure.detail, failure.http_status, final_url=failure.final_url)
                if failure.code not in TRANSIENT or number == self._policy.tries or clock.left_s <= 0:
                    break
                if failure.retry_after_s is None:
                    await asyncio.sleep(self._backoff_s(number))
            except NotKept:
                raise
            except Exception as error:  # a row of our own making, so that one URL cannot end the run
                answer = Answer(Code.INTERNAL, f"{type(error).__name__}: {one_line(error)}")
                break
        if answer is not None:
            answer.seconds = clock.spent_s
        return answer

    def _backoff_s(self, number: int) -> float:
        """Exponential, with jitter so that requests that failed together do not come back together."""
        return self._policy.backoff_s * 2 ** (number - 1) * random.uniform(0.5, 1.5)  # noqa: S311

    async def _try(self, host: Host, request: PictureRequest, clock: Clock) -> Answer:
        target = read_url(request.url)
        asker = self._asker(request.allow_private_hosts)
        self._names.refuse_unknown(target.origin.host or "")
        await host.turn()

        async def before(hop: Target) -> None:
            """A redirect takes a turn of the host that it leads to, and that host's rules hold."""
            owed = host if hop is target else self._host(group_of(hop.text))
            if owed is not host:
                owed.allow(1 / request.rate)
            if hop is not target:
                with clock.stopped():
                    await owed.turn()
            if not request.contract:
                owed.allow(await asker.robots.check(hop))

        async with self._slots:
            try:
                async with clock:
                    return await asker.ask(request, target, clock, before)
            except TimeoutError:
                raise Failure(Code.FETCH_TIMEOUT, f"not complete within {self._policy.total_s:g} s") from None

    def _asker(self, opened: Networks) -> Asker:
        for networks, asker in self._askers:  # a few; hashing networks would cost more
            if networks == opened:
                return asker
        asker = Asker(self._policy, opened, self._keep, self._budget, self._names)
        self._askers.append((opened, asker))
        return asker
