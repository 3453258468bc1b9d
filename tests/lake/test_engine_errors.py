"""A store that takes nothing more is said in one line, by whatever part of the engine it is noticed."""

import resource
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError

import lake.vacuum.logs
from lake.engine_errors import in_one_line
from lake.store import DiskStore
from lake.tables import Tables, WrittenFile
from lake.vacuum.logs import cut_log
from schemas.errors import LakeFull
from schemas.tables import RUNS, TEXTS


@contextmanager
def no_byte_more() -> Iterator[None]:
    """No file of this process may have a byte: what a full disk is, to whoever writes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def commit(tables: Tables) -> None:
    tables.commit(tables.open(RUNS), [WrittenFile("a.parquet", 10, 1)])


def replace(tables: Tables) -> None:
    tables.replace(tables.open(RUNS), [], [WrittenFile("a.parquet", 10, 1)])


def cut(tables: Tables) -> None:
    cut_log(tables.store, tables.open(RUNS), "tables/runs", set(), datetime(2100, 1, 1, tzinfo=UTC))


WRITES: dict[str, Callable[[Tables], None]] = {
    "a commit": commit, "a rewrite": replace, "a new table": lambda tables: tables._made(TEXTS) and None,
    "a checkpoint": cut,
}  # fmt: skip


@pytest.mark.parametrize("write", WRITES)
def test_what_the_engine_cannot_write(tmp_path: Path, write: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lake.vacuum.logs, "MANY_COMMITS", 1)
    tables = Tables(DiskStore(tmp_path))
    for number in range(3):
        tables.commit(tables.open(RUNS), [WrittenFile(f"{number}.parquet", 10, 1)])
    with no_byte_more(), pytest.raises(OSError, match="os error 27") as caught:
        WRITES[write](tables)
    assert "\n" not in str(caught.value)
    assert "\x1b" not in str(caught.value)
    assert tables.open(RUNS).version() == 3


def test_a_full_disk_is_named_and_what_somebody_waits_for_stays() -> None:
    for full in (OSError("Generic error\n \x1b[31mNo space left on device (os error 28)"), DeltaError("os error 28")):
        with pytest.raises(LakeFull, match="the lake's disk is full"), in_one_line():
            raise full
    for waited in (CommitFailedError("lost"), TableNotFoundError("none")):
        with pytest.raises(type(waited)), in_one_line():
            raise waited
