"""curl's transfers, driven by the running asyncio loop."""

import asyncio
import select
from typing import Any

import pycurl

READABLE = select.EPOLLIN | select.EPOLLHUP | select.EPOLLERR


class Transfers:
    """Performs many transfers side by side and keeps their connections for reuse.

    curl's sockets wait in an epoll of their own, which is the one thing that the loop watches: pycurl's own
    `AsyncCurlMulti` registers each socket with the loop anew for every transfer, which costs as much as the transfer.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._epoll = select.epoll()
        self._watched: set[int] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._wake_at = float("inf")
        self._running: dict[pycurl.Curl, asyncio.Future[None]] = {}
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._watch)
        self._multi.setopt(pycurl.M_TIMERFUNCTION, self._wake_in)
        self._loop.add_reader(self._epoll.fileno(), self._sockets_ready)

    async def perform(self, handle: pycurl.Curl) -> None:
        """Run one transfer to its end; raises pycurl.error. A cancelled one is broken off."""
        done = self._running[handle] = self._loop.create_future()
        self._multi.add_handle(handle)
        try:
            await done
        finally:
            del self._running[handle]
            self._multi.remove_handle(handle)

    def close(self) -> None:
        """Close every connection. No transfer may be running."""
        self._loop.remove_reader(self._epoll.fileno())
        if self._timer is not None:
            self._timer.cancel()
        self._multi.close()
        self._epoll.close()

    def _watch(self, what: int, descriptor: int, multi: Any, data: Any) -> None:
        """curl says what it waits for on a socket."""
        if what == pycurl.POLL_REMOVE:
            if descriptor in self._watched:
                self._watched.discard(descriptor)
                self._epoll.unregister(descriptor)
            return
        mask = (select.EPOLLIN if what & pycurl.POLL_IN else 0) | (select.EPOLLOUT if what & pycurl.POLL_OUT else 0)
        if descriptor in self._watched:
            self._epoll.modify(descriptor, mask)
        else:
            self._watched.add(descriptor)
            self._epoll.register(descriptor, mask)

    def _wake_in(self, milliseconds: int) -> None:
        """curl says when it wants to be woken, whatever its sockets do; -1: not at all.

        It changes its mind several times in a transfer: a timer that rings too early is cheaper than a new one.
        """
        self._wake_at = self._loop.time() + milliseconds / 1000 if milliseconds >= 0 else float("inf")
        if self._timer is not None and self._timer.when() > self._wake_at:
            self._timer.cancel()
            self._timer = None
        if self._timer is None and milliseconds >= 0:
            self._timer = self._loop.call_at(self._wake_at, self._time_is_up)

    def _time_is_up(self) -> None:
        self._timer = None
        if self._loop.time() < self._wake_at:
            if self._wake_at < float("inf"):
                self._timer = self._loop.call_at(self._wake_at, self._time_is_up)
            return
        self._multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)
        self._finish()

    def _sockets_ready(self) -> None:
        for descriptor, mask in self._epoll.poll(0):
            action = (pycurl.CSELECT_IN if mask & READABLE else 0) | (
                pycurl.CSELECT_OUT if mask & select.EPOLLOUT else 0
            )
            self._multi.socket_action(descriptor, action)
        self._finish()

    def _finish(self) -> None:
        """Hand the ends of transfers to those who wait for them."""
        left = 1
        while left:
            left, good, bad = self._multi.info_read()
            for handle in good:
                self._settle(handle, None)
            for handle, number, said in bad:
                self._settle(handle, pycurl.error(number, said))

    def _settle(self, handle: pycurl.Curl, error: Exception | None) -> None:
        done = self._running.get(handle)
        if done is None or done.done():
            return
        if error is None:
            done.set_result(None)
        else:
            done.set_exception(error)
