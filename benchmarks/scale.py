"""What a night costs by the size of the catalog and by what changed: whole processes over a drawn lake, no models.

Run: .venv/bin/python -m benchmarks.scale [PRODUCTS] [--retailers N] [--rows ROW...] [--at FOLDER]
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import DeltaTable, QueryBuilder

from benchmarks.drawn_lake import LEAVES, NIGHT, DrawnLake, settings_of
from schemas.tables import EMBEDDING_SIZE

NARROW = 16
"""Numbers of a drawn vector where nothing is published."""

ONE_IN_TEN = 10
MIB = 1 << 20


class Measured:
    """Seconds by the clock and on the cores, peak memory and bytes written of whole processes."""

    def __init__(self, lake: DrawnLake) -> None:
        self._lake, self._log = lake, lake.root / "output.txt"

    def row(self, what: str, *words: str) -> None:
        """Run `selvedge` with the canary gate left out: it needs real pictures."""
        before = self._files()
        started = time.perf_counter()
        command = [sys.executable, "-m", "benchmarks.scale", "--child", *words]
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        output = [(os.POSIX_SPAWN_OPEN, stream, str(self._log), flags, 0o600) for stream in (1, 2)]
        child = os.posix_spawn(sys.executable, command, os.environ, file_actions=output)
        _, status, used = os.wait4(child, 0)
        seconds = time.perf_counter() - started
        written = sum(size for file, size in self._files().items() if file not in before)
        code = os.waitstatus_to_exitcode(status)
        cpu = used.ru_utime + used.ru_stime
        said(what, seconds, cpu, written / MIB, used.ru_maxrss / 1024)
        if code:
            raise SystemExit(f"selvedge {' '.join(words)} ended with {code}:\n{self._log.read_text()[-2000:]}")

    def here(self, what: str, work: Callable[[], object]) -> None:
        """The same for work in this process, without its memory."""
        before = self._files()
        clock = Clock()
        work()
        written = sum(size for file, size in self._files().items() if file not in before)
        said(what, *clock.seconds, written / MIB)

    def _files(self) -> dict[tuple[str, int], int]:
        found = [file.stat() for file in (self._lake.root / "lake").rglob("*") if file.is_file()]
        return {(str(one.st_ino), one.st_mtime_ns): one.st_size for one in found}


class Clock:
    """Seconds since it was made: by the clock, and of this process on its cores."""

    def __init__(self) -> None:
        self._started = time.perf_counter(), time.process_time()

    @property
    def seconds(self) -> tuple[float, float]:
        return time.perf_counter() - self._started[0], time.process_time() - self._started[1]


def said(what: str, seconds: float, cpu: float, written_mib: float, peak_mib: float | None = None) -> None:
    peak = f"{peak_mib:6.0f} MiB peak" if peak_mib is not None else " " * 15
    print(f"{what:<52} {seconds:7.1f} s {cpu:7.1f} s CPU {peak} {written_mib:8.1f} MiB written", flush=True)


def raw_write(lake: DrawnLake) -> None:
    """The vectors that the lake has, written once more as plain Parquet."""
    rows = pa.concat_tables(
        pq.read_table(file) for file in sorted((lake.root / "lake/tables/vectors").glob("*.parquet"))
    )
    clock = Clock()
    with tempfile.TemporaryDirectory(dir=lake.root) as folder:
        pq.write_table(rows, f"{folder}/raw.parquet", compression="none", use_dictionary=False)
        size = Path(folder, "raw.parquet").stat().st_size
        said("raw Parquet write of the vectors, uncompressed", *clock.seconds, size / MIB)


def anti_join(lake: DrawnLake) -> None:
    """Which of 3 pictures a product have no row in `screens`: what every stage asks at least."""
    clock = Clock()
    builder = QueryBuilder()
    for name in ("pictures", "screens"):
        builder.register(name, DeltaTable(str(lake.root / "lake/tables" / name)))
    query = "select count(*) from pictures p left anti join screens s on p.picture = s.picture"
    pa.RecordBatchReader.from_stream(builder.execute(query)).read_all()
    said("bare SQL anti-join of the pictures", *clock.seconds, 0)


def changed_shops(lake: DrawnLake) -> list[str]:
    """A tenth of the shops, or one; never the largest."""
    return lake.names[1 : 1 + max(len(lake.names) // ONE_IN_TEN, 1)]


def prices(lake: DrawnLake) -> None:
    """A tenth of the prices of some shops."""
    for name in changed_shops(lake):
        lake.deliver(name, np.arange(lake.sizes[name]), version=1, dearer=1)


def replaced(lake: DrawnLake) -> None:
    """A tenth of the products of some shops leave, and as many come, with pictures that the models have seen."""
    for name in changed_shops(lake):
        size = lake.sizes[name]
        new = size + np.arange(size // ONE_IN_TEN)
        lake.answer(lake.night(), name, new)
        lake.deliver(name, np.concatenate([np.arange(len(new), size), new]), version=2, dearer=1)
    lake.group()


def measure(lake: DrawnLake, rows: Sequence[str]) -> None:
    """All rows, in an order in which each finds what it needs."""
    measured = Measured(lake)
    date = ("--date", NIGHT.isoformat())
    measured.here("drawn", lake.draw)
    if "choose" in rows:
        measured.row("map, for the first time", "stage", "map", *date)
        lake.group()
        measured.row("choose, for the first time", "stage", "choose", *date)
        measured.here("vectors drawn", lake.embed)
        raw_write(lake)
    anti_join(lake)
    if "publish" in rows:
        measured.row("first publish, without the canary", "stage", "publish", *date)
    measured.row("plan, nothing new", "plan", *date)
    if "publish" in rows:
        measured.row("a night with nothing new, and its report", "night", *date)
        measured.row("the same once more", "night", *date)
        measured.row("plan after it", "plan", *date)
    elif "choose" in rows:
        measured.row("a night with nothing new, until embed", "night", "--until", "embed", *date)
        measured.row("the same once more", "night", "--until", "embed", *date)
        measured.row("plan after it", "plan", *date)
    if "more" in rows:
        measured.row("explain one offer", "explain", lake.live_offer())
        measured.row("report", "report")
        _changes(lake, measured, ("night", *(() if "publish" in rows else ("--until", "embed")), *date))


def _changes(lake: DrawnLake, measured: Measured, night: tuple[str, ...]) -> None:
    prices(lake)
    measured.row("1% of prices changed, all in a tenth of the shops", *night)
    replaced(lake)
    measured.row("1% of products replaced in them, until choose", *night[:1], "--until", "choose", *night[-2:])
    measured.here("vectors drawn", lake.embed)
    measured.row("the rest of that night", *night)
    lake.write_mapping(lake.names[0], ("bow_blouse", *LEAVES[1:]))
    measured.row("one mapping rule in ten moved, in the largest shop", *night)


def child(words: list[str]) -> None:
    """`selvedge`, with a canary that always sings."""
    import jobs.stages.publish
    from cli.main import main as selvedge
    from schemas.manifest import Gate

    jobs.stages.publish.canary = lambda night, snapshot, bounds: Gate(name="canary", value=1, bound=0, passed=True)
    sys.argv = ["selvedge", *words]
    selvedge()


def main() -> None:
    if sys.argv[1:2] == ["--child"]:
        child(sys.argv[2:])
        return
    parser = argparse.ArgumentParser()
    parser.add_argument("products", nargs="?", type=int, default=20_000)
    parser.add_argument("--retailers", type=int, default=10)
    parser.add_argument("--rows", default="choose,publish,more")
    parser.add_argument("--at", type=Path)
    asked = parser.parse_args()
    rows = asked.rows.split(",")
    with tempfile.TemporaryDirectory(dir=asked.at) as folder:
        lake = DrawnLake(Path(folder), asked.products, asked.retailers, EMBEDDING_SIZE if "publish" in rows else NARROW)
        settings_of(lake)
        load = json.dumps(os.getloadavg())
        print(f"{asked.products} products of {asked.retailers} retailers, load {load}, {os.cpu_count()} cores")
        measure(lake, rows)


if __name__ == "__main__":
    main()
