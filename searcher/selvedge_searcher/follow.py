"""Waits for new versions of a lake, and opens each over the one before."""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from selvedge_searcher.changes import changes
from selvedge_searcher.errors import SnapshotError
from selvedge_searcher.snapshot import Snapshot, live_pointer, open_snapshot

POLL_S = 60.0


@dataclass(frozen=True)
class Step:
    """What is to be searched from now on, and why.

    `changes` (table, id, change) lead from the version before to this one; None: there was none before, or nothing has
    changed but the `error`, for which `snapshot` is still the one before (None: there is none yet). `withdrawn` is the
    version that was live before and has been taken back by a rollback to this older one.
    """

    snapshot: Snapshot | None
    changes: pa.Table | None = None
    error: SnapshotError | None = None
    withdrawn: int | None = None


def follow(
    uri: str,
    *,
    held: Snapshot | None = None,
    poll_s: float = POLL_S,
    timeout_s: float | None = None,
    stop: threading.Event | None = None,
    cache: Path | str | None = None,
) -> Iterator[Step]:
    """Yield the live version (unless it is the one that is `held`), then each that becomes live, as a Step.

    The pointer is read every `poll_s` seconds. Ends when `stop` is set, or when nothing was said for `timeout_s`
    seconds (None: never). What cannot be opened is said once, with its error, and tried again at every poll; the
    version before stays the one to use.
    """
    stopped = stop or threading.Event()
    seen: bytes | None = None
    said = ""
    since = time.monotonic()
    while not stopped.is_set():
        step, seen = _polled(uri, held, seen, cache)
        text = str(step.error) if step and step.error else ""
        if step is not None and (not text or text != said):
            held = step.snapshot
            yield step
            since = time.monotonic()
        said = text
        left = poll_s if timeout_s is None else min(poll_s, since + timeout_s - time.monotonic())
        if left <= 0:
            return
        stopped.wait(left)


def _polled(
    uri: str, held: Snapshot | None, seen: bytes | None, cache: Path | str | None
) -> tuple[Step | None, bytes | None]:
    """What is new, if anything, and the pointer as it was `seen`; of what failed, none, so that it is tried again."""
    try:
        pointer = live_pointer(uri)
        if pointer == seen:
            return None, seen
        found = open_snapshot(uri, None, cache, held=held)
        if held is None:
            return Step(found), pointer
        if found.manifest.record == held.manifest.record:
            return None, pointer
        withdrawn = held.version if found.version < held.version else None
        return Step(found, changes(held, found), None, withdrawn), pointer
    except SnapshotError as error:
        return Step(held, None, error), None
