"""The lock of the lake: a lease with a holder and an expiry time, which a thread renews. One writer at a time."""

import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any

import psutil

from lake.store import Store
from schemas.errors import REPAIR, DamagedLake, HeldByAnother

PATH = "lease.json"
RENEWALS = 4
"""Number of renewals within one lease time."""


@contextmanager
def lease(store: Store, run: str, seconds: float, shared: bool = False) -> Iterator[None]:
    """Hold the lake for a run. Raises HeldByAnother with the holder's name.

    Processes of one run (a scheduler's tasks, `shared`) hold it together and leave it to expire or to `release`.
    """
    held = _take(store, run, seconds, shared)
    ended = threading.Event()
    renewing = threading.Thread(target=_renew, args=(store, held, seconds, ended), daemon=True)
    renewing.start()
    try:
        yield
    finally:
        ended.set()
        renewing.join()
        if not shared:
            release(store, run)


def release(store: Store, run: str) -> None:
    """Release the lease."""
    present = _present(store)
    if present is not None and _is_mine(store, present, {"run": run}):
        store.write_if(PATH, _document({"run": "", "expires": 0.0}), present)


def _take(store: Store, run: str, seconds: float, shared: bool) -> dict[str, Any]:
    present = _present(store)
    holder = _holder(store, present) if present is not None else {}
    if holder.get("run") not in (None, "", run) and not _is_over(holder):
        expires = datetime.fromtimestamp(holder["expires"], UTC).isoformat(timespec="seconds")
        raise HeldByAnother(
            f"{store.uri}: held by run {holder['run']} (process {holder.get('pid')} on {holder.get('host')}) "
            f"until {expires}, and renews that while it runs; wait for it, or stop it"
        )
    mine = {"run": run, "host": socket.gethostname(), "pid": None if shared else os.getpid()}
    if not store.write_if(PATH, _document(mine | {"expires": time.time() + seconds}), present):
        raise HeldByAnother(f"{store.uri}: another run took the lake at the same moment; run again")
    return mine


def _is_over(holder: dict[str, Any]) -> bool:
    """Whether the lease expired, or its holder was a process of this host that ended."""
    if holder["expires"] < time.time():
        return True
    pid = holder.get("pid")
    return pid is not None and holder.get("host") == socket.gethostname() and not psutil.pid_exists(pid)


def _renew(store: Store, mine: dict[str, Any], seconds: float, ended: threading.Event) -> None:
    while not ended.wait(seconds / RENEWALS):
        with suppress(OSError):  # a store that does not answer now is asked again before the lease ends
            present = _present(store)
            if present is not None and _is_mine(store, present, mine):
                store.write_if(PATH, _document(mine | {"expires": time.time() + seconds}), present)


def _is_mine(store: Store, present: bytes, mine: dict[str, Any]) -> bool:
    """Whether this run still holds the lake. A lease that was damaged meanwhile is written again, since nobody takes a
    lake with a damaged one."""
    try:
        return bool(_holder(store, present).get("run") == mine["run"])
    except DamagedLake:
        return True


def holder(store: Store) -> dict[str, Any]:
    """Who holds the lake, and until when; empty for nobody. Raises DamagedLake."""
    present = _present(store)
    return _holder(store, present) if present is not None else {}


def _holder(store: Store, document: bytes) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(document)
        if not isinstance(found["expires"], int | float):
            raise TypeError("expires")
    except (ValueError, TypeError, KeyError) as error:
        text = "is damaged, so nobody can tell whether a night is running; to act: the data engineer"
        raise DamagedLake(f"{store.uri}/{PATH}: {text} ({REPAIR})") from error
    return found


def _present(store: Store) -> bytes | None:
    return store.read(PATH) if store.exists(PATH) else None


def _document(content: dict[str, Any]) -> bytes:
    return json.dumps(content, sort_keys=True).encode()
