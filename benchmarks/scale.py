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

import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import DeltaTable, QueryBuilder

import selvedge_searcher
from benchmarks.drawn_lake import CATEGORIES, LEAVES, NIGHT, DrawnLake, settings_of
from lake import snapshots
from lake.store import DiskStore
from schemas.tables import EMBEDDING_SIZE

NARROW = 16
"""Numbers of a drawn vector where nothing is published."""

ONE_IN_TEN = 10
MOVED = 10_000  # products
MIB = 1 << 20


class Measured:
    """Seconds by the clock and on the cores, peak memory and bytes written of whole processes.

    Even the drawing is a process of its own: a child's peak begins with what its parent holds.
    """

    def __init__(self, lake: DrawnLake) -> None:
        self._lake, self._log = lake, lake.root / "output.txt"

    def row(self, what: str, *words: str) -> None:
        """Run `selvedge` with the canary gate left out: it needs real pictures."""
        self._process(what, "--child", *words)

    def step(self, what: str, name: str) -> None:
        """The same for a step of this module over the lake."""
        lake = self._lake
        self._process(what, "--step", name, str(lake.root), str(lake.products), str(len(lake.names)), str(lake.width))

    def _process(self, what: str, *words: str) -> None:
        before = self._files()
        started = time.perf_counter()
        command = [sys.executable, "-m", "benchmarks.scale", *words]
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        output = [(os.POSIX_SPAWN_OPEN, stream, str(self._log), flags, 0o600) for stream in (1, 2)]
        said_before = self._log.stat().st_size if self._log.exists() else 0
        child = os.posix_spawn(sys.executable, command, os.environ, file_actions=output)
        _, status, used = os.wait4(child, 0)
        seconds = time.perf_counter() - started
        written = sum(size for file, size in self._files().items() if file not in before)
        cpu, peak = used.ru_utime + used.ru_stime, used.ru_maxrss / 1024
        print(f"{what:<58} {seconds:7.1f} s {cpu:7.1f} s CPU {peak:6.0f} MiB peak {written / MIB:8.1f} MiB written")
        text = self._log.read_bytes()[said_before:].decode()
        if code := os.waitstatus_to_exitcode(status):
            raise SystemExit(f"{' '.join(words)} ended with {code}:\n{text[-2000:]}")
        if words[0] == "--step":
            print(text, end="")
        sys.stdout.flush()

    def _files(self) -> dict[tuple[str, int], int]:
        found = [file.stat() for file in (self._lake.root / "lake").rglob("*") if file.is_file()]
        return {(str(one.st_ino), one.st_mtime_ns): one.st_size for one in found}


class Clock:
    """Seconds since it was made: by the clock, and of this process on its cores."""

    def __init__(self) -> None:
        self._started = time.perf_counter(), time.process_time()

    def say(self, what: str, more: str = "") -> None:
        """To be printed below the row of this process."""
        wall, cpu = time.perf_counter() - self._started[0], time.process_time() - self._started[1]
        print(f"    {what:<54} {wall:7.2f} s {cpu:7.2f} s CPU {more}", flush=True)


def raw_write(lake: DrawnLake) -> None:
    """The vectors that the lake has, written once more as plain Parquet."""
    rows = pa.concat_tables(
        pq.read_table(file) for file in sorted((lake.root / "lake/tables/vectors").glob("*.parquet"))
    )
    clock = Clock()
    with tempfile.TemporaryDirectory(dir=lake.root) as folder:
        pq.write_table(rows, f"{folder}/raw.parquet", compression="none", use_dictionary=False)
        size = Path(folder, "raw.parquet").stat().st_size
        clock.say("raw Parquet write of the vectors, uncompressed", f"{size / MIB:.1f} MiB")


def anti_join(lake: DrawnLake) -> None:
    """Which of 3 pictures a product have no row in `screens`: what every stage asks at least."""
    clock = Clock()
    builder = QueryBuilder()
    for name in ("pictures", "screens"):
        builder.register(name, DeltaTable(str(lake.root / "lake/tables" / name)))
    query = "select count(*) from pictures p left anti join screens s on p.picture = s.picture"
    pa.RecordBatchReader.from_stream(builder.execute(query)).read_all()
    clock.say("bare SQL anti-join of the pictures")


def changed_shops(lake: DrawnLake) -> list[str]:
    """A tenth of the shops, or one; never the largest."""
    return lake.names[1 : 1 + max(len(lake.names) // ONE_IN_TEN, 1)]


def prices(lake: DrawnLake) -> None:
    """A tenth of the prices of a tenth of the shops."""
    for name in changed_shops(lake):
        lake.change(name, dearer=ONE_IN_TEN)


def prices_spread(lake: DrawnLake) -> None:
    """A hundredth of the prices of every shop."""
    for name in lake.names:
        lake.change(name, dearer=ONE_IN_TEN**2)


def replaced(lake: DrawnLake) -> None:
    """A tenth of the products of a tenth of the shops."""
    _replace(lake, changed_shops(lake), ONE_IN_TEN)


def replaced_spread(lake: DrawnLake) -> None:
    """A hundredth of the products of every shop."""
    _replace(lake, lake.names, ONE_IN_TEN**2)


def _replace(lake: DrawnLake, shops: Sequence[str], one_in: int) -> None:
    """Products leave, and as many come, with pictures that the models have seen."""
    for name in shops:
        lake.answer(lake.night(), name, lake.change(name, new=one_in))
    lake.group()


def moved(lake: DrawnLake) -> None:
    """Of the largest shop's rules, as many as hold 10,000 products lead elsewhere."""
    each = max(lake.sizes[lake.names[0]] // CATEGORIES, 1)
    leaves = [LEAVES[at % len(LEAVES)] for at in range(CATEGORIES)]
    count = min(-(-MOVED // each), CATEGORIES)
    lake.write_mapping(lake.names[0], ["bow_blouse"] * count + leaves[count:])


def searcher(lake: DrawnLake) -> None:
    """The search tier opens the version before the last, then the last over it; beside plain reading of its files."""
    store = DiskStore(lake.root / "lake")
    last = snapshots.parent(store)
    if last is None or last.parent is None:
        raise SystemExit("there are no two versions")
    clock = Clock()
    for table in ("garments", "products", "vectors"):
        pa.concat_tables(pq.read_table(store.root / file.path) for file in last.of(table))
    clock.say("plain pq.read_table of the files of a version")
    clock = Clock()
    held = selvedge_searcher.open(str(store.root), version=last.parent)
    clock.say("open, every file's sha256 compared")
    clock = Clock()
    _ = held.vectors
    clock.say("its vectors")
    clock = Clock()
    swapped = selvedge_searcher.open(str(store.root), version=last.version, held=held)
    clock.say("swap to the next version")
    clock = Clock()
    _ = swapped.vectors
    clock.say("its vectors")


STEPS: dict[str, Callable[[DrawnLake], None]] = {
    "draw": DrawnLake.draw, "group": DrawnLake.group, "embed": DrawnLake.embed, "raw_write": raw_write,
    "anti_join": anti_join, "prices": prices, "prices_spread": prices_spread, "replaced": replaced,
    "replaced_spread": replaced_spread, "moved": moved, "searcher": searcher,
}  # fmt: skip


def measure(lake: DrawnLake, rows: Sequence[str]) -> None:
    """All rows, in an order in which each finds what it needs."""
    measured = Measured(lake)
    date = ("--date", NIGHT.isoformat())
    night = ("night", *(() if "publish" in rows else ("--until", "embed")), *date)
    measured.step("drawn", "draw")
    measured.row("map, for the first time", "stage", "map", *date)
    measured.step("grouped", "group")
    measured.row("choose, for the first time", "stage", "choose", *date)
    measured.step("vectors drawn", "embed")
    measured.step("read and written raw", "raw_write")
    measured.step("joined", "anti_join")
    if "publish" in rows:
        measured.row("first publish, without the canary", "stage", "publish", *date)
    measured.row("a night with nothing new, the first after an upgrade", *night)
    measured.row("a night with nothing new", *night)
    measured.row("plan, nothing new", "plan", *date)
    if "more" in rows:
        measured.row("explain one offer", "explain", lake.live_offer())
        measured.row("report", "report")
    for row in (row for row in CHANGES if row in rows):
        measured.step(f"({row})", row)
        if row in ("replaced", "replaced_spread"):
            measured.row("  until choose", "night", "--until", "choose", *date)
            measured.step("  vectors drawn", "embed")
        measured.row(CHANGES[row], *night)
    if "publish" in rows and "replaced_spread" in rows:
        measured.step("searcher", "searcher")


CHANGES = {
    "prices": "1% of prices changed, all in a tenth of the shops",
    "replaced": "1% of products replaced, all in a tenth of the shops",
    "moved": "mapping rules edited that move 10,000 products",
    "prices_spread": "1% of prices changed, over all shops",
    "replaced_spread": "1% of products replaced, over all shops",
}
"""What happens before a night."""


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
    if sys.argv[1:2] == ["--step"]:
        name, root, *numbers = sys.argv[2:]
        STEPS[name](DrawnLake(Path(root), *map(int, numbers)))
        return
    parser = argparse.ArgumentParser()
    parser.add_argument("products", nargs="?", type=int, default=20_000)
    parser.add_argument("--retailers", type=int, default=10)
    parser.add_argument("--rows", default=",".join(["publish", "more", *CHANGES]))
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
