"""The locks of a lake: leases with a holder and an expiry time, which a thread renews. One holder at a time.

Whoever writes holds the lease of the whole lake. The tasks of one run share it, and each has besides those of the
tables that it writes: so one process writes a table, and nobody else the lake.

A holder says who it is by a token of its own, and where it runs by `world`: the boot and the PID namespace. In the same
world its process says whether it lives, whatever the clock says. From anywhere else only the expiry time does.
"""

import json
import os
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import psutil

from lake.store import Store
from schemas.errors import REPAIR, DamagedLake, HeldByAnother

LAKE = "lake"
"""The lease of the whole lake."""

PATH = "lease.json"
"""Where the lease of the lake is: programs of before look for it there."""

FOLDER = "leases"
"""Where the others are."""

NAME = re.compile(r"[a-z0-9_-]{1,60}")

RENEWALS = 4
"""Number of renewals within one lease time."""

WAIT_S = 1.0
"""Between two looks at a lease that is waited for."""

WATCHED_RENEWALS = 2
"""A lease that must be alive by a clock that cannot be right is watched for so many renewals."""

PROC = Path("/proc")

ZOMBIE = "Z"
"""A process that ended and that its parent has not asked about yet."""


@contextmanager
def lease(
    store: Store, run: str, seconds: float, shared: bool = False, name: str = LAKE, patience: float = 0
) -> Iterator[None]:
    """Hold a lease for a run. Raises HeldByAnother with the holder's name, once it was waited for so many seconds.

    Processes of one run (a scheduler's tasks, `shared`) hold it together and leave it to expire or to `release`. Two
    processes that do not share never hold it together, not even for one run.
    """
    path = _path(name)
    held = _wait_for(store, path, _me(run, seconds, shared), patience)
    ended = threading.Event()
    renewing = threading.Thread(target=_renew, args=(store, path, held, ended), daemon=True)
    renewing.start()
    try:
        yield
    finally:
        ended.set()
        renewing.join()
        if not shared:
            _release(store, path, held)


def paths(store: Store) -> list[str]:
    """Where the leases of a lake are that were ever taken."""
    others = [entry.path for entry in store.list(FOLDER) if entry.path.endswith(".json")]
    return [path for path in (PATH, *others) if store.exists(path)]


def is_damaged(store: Store, path: str) -> bool:
    """Whether nobody can read who holds the lease there."""
    present = _present(store, path)
    try:
        return present is not None and not _holder(store, path, present)
    except DamagedLake:
        return True


def release(store: Store, run: str, name: str = LAKE) -> None:
    """Release a lease that processes of a run shared."""
    _release(store, _path(name), {"run": run, "token": None})


def _release(store: Store, path: str, mine: dict[str, Any]) -> None:
    present = _present(store, path)
    if present and _is_mine(_holder(store, path, present), mine):
        store.write_if(path, _document({"run": "", "expires": 0.0}), present)


def _path(name: str) -> str:
    if not NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name of a lease")
    return PATH if name == LAKE else f"{FOLDER}/{name}.json"


def _place(store: Store, path: str) -> str:
    return store.uri if path == PATH else f"{store.uri}/{path}"


def table_lease(table: str) -> str:
    """The name of the lease of a table."""
    return f"table-{table}"


def _wait_for(store: Store, path: str, mine: dict[str, Any], patience: float) -> dict[str, Any]:
    until = time.monotonic() + patience
    while True:
        try:
            return _take(store, path, mine)
        except HeldByAnother:
            if time.monotonic() >= until:
                raise
            time.sleep(min(WAIT_S, mine["seconds"] / RENEWALS))


def _take(store: Store, path: str, mine: dict[str, Any]) -> dict[str, Any]:
    shared = mine["token"] is None
    present = _present(store, path)
    holder = _holder(store, path, present) if present else {}
    if holder.get("run") not in (None, "") and not (shared and _is_mine(holder, mine)) and _lives(store, path, holder):
        expires = datetime.fromtimestamp(holder["expires"], UTC).isoformat(timespec="seconds")
        raise HeldByAnother(
            f"{_place(store, path)}: held by run {holder['run']} (process {holder.get('pid')} on {holder.get('host')}) "
            f"until {expires}, and renews that while it runs; wait for it, or stop it"
        )
    if store.write_if(path, _until(mine), present):
        return mine
    if shared:  # those with whom it is shared take and renew it too
        return _take(store, path, mine)
    raise HeldByAnother(f"{_place(store, path)}: another run took it at the same moment; run again")


def _me(run: str, seconds: float, shared: bool) -> dict[str, Any]:
    """What a holder says of itself. Processes that share a lease are one holder, wherever they are."""
    mine = {"run": run, "seconds": seconds, "host": socket.gethostname(), "pid": None, "token": None}
    if shared:
        return mine
    pid = os.getpid()
    return mine | {"pid": pid, "token": uuid4().hex, "world": _world(), "started": _stat(pid)[1]}


def _is_mine(holder: dict[str, Any], mine: dict[str, Any]) -> bool:
    return bool(holder.get("run") == mine["run"] and holder.get("token") == mine["token"] and _is_of_us(holder))


def _is_of_us(holder: dict[str, Any]) -> bool:
    """Whether a program that knows tokens wrote it; for one of before, a lease without a process was shared."""
    return "token" in holder or holder.get("pid") is None


def _lives(store: Store, path: str, holder: dict[str, Any]) -> bool:
    """Whether the holder may be at work."""
    world = holder.get("world")
    if world is not None and world == _world():
        return _runs(holder["pid"], holder["started"])
    left = holder["expires"] - time.time()
    if left > holder.get("seconds", left):  # a clock was set back, here or there
        return _is_renewed(store, path, holder)
    return bool(left >= 0)


def _is_renewed(store: Store, path: str, holder: dict[str, Any]) -> bool:
    """Watch a lease for the time in which a living holder renews it."""
    period = holder["seconds"] / RENEWALS
    for _ in range(WATCHED_RENEWALS * RENEWALS):
        time.sleep(period / RENEWALS)
        present = _present(store, path)
        if present is None or _holder(store, path, present) != holder:
            return True
    return False


def _world() -> str | None:
    """The boot and the PID namespace of this process: in it, a process id means one process. None: not known."""
    try:
        boot = (PROC / "sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {(PROC / 'self/ns/pid').readlink()}"
    except OSError:
        return None


def _runs(pid: int, started: int | None) -> bool:
    """Whether a process of this world is still the one that started then; one that cannot be looked at runs."""
    if not psutil.pid_exists(pid):
        return False
    state, ticks = _stat(pid)
    return state != ZOMBIE and ticks in (None, started)


def _stat(pid: int) -> tuple[str, int | None]:
    """A process's state, and when it started in clock ticks since the boot: a reused id has another. None: hidden."""
    try:
        fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return "", None
    return fields[0], int(fields[19])


def _renew(store: Store, path: str, mine: dict[str, Any], ended: threading.Event) -> None:
    while not ended.wait(mine["seconds"] / RENEWALS):
        with suppress(OSError):  # a store that does not answer now is asked again before the lease ends
            present = _present(store, path)
            if present and _is_still_mine(store, path, present, mine):
                store.write_if(path, _until(mine), present)


def _is_still_mine(store: Store, path: str, present: bytes, mine: dict[str, Any]) -> bool:
    """Whether this holder still has the lease. One that was damaged meanwhile is written again: nobody takes it."""
    try:
        return _is_mine(_holder(store, path, present), mine)
    except DamagedLake:
        return True


def _until(mine: dict[str, Any]) -> bytes:
    return _document(mine | {"expires": time.time() + mine["seconds"]})


def _holder(store: Store, path: str, document: bytes) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(document)
        if not isinstance(found["expires"], int | float):
            raise TypeError("expires")
    except (ValueError, TypeError, KeyError) as error:
        text = "is damaged, so nobody can tell whether a night is running; to act: the data engineer"
        raise DamagedLake(f"{store.uri}/{path}: {text} ({REPAIR})") from error
    return found


def _present(store: Store, path: str) -> bytes | None:
    return store.read(path) if store.exists(path) else None


def _document(content: dict[str, Any]) -> bytes:
    return json.dumps(content, sort_keys=True).encode()
