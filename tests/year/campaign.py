"""A simulated year: small nights over a shop of which 1% changes every night, each followed by a vacuum (`make year`).

Writes `year.tsv` (a line for each night) and `parts.tsv` (what each folder held then), and at the end a table of every
thirtieth night and a figure. Interrupted, it goes on after the last night in `year.tsv`.
"""

import argparse
import shutil
from collections import defaultdict
from datetime import UTC, date, datetime, time
from pathlib import Path
from statistics import fmean, median
from time import monotonic, process_time
from typing import NamedTuple, TextIO
from unittest import mock

from lake.published_files import folder
from lake.store import Store
from lake.vacuum.versions import kept_versions
from schemas.settings import VacuumSettings
from tests.year.figure import svg
from tests.year.house import LongHouse, day_of, long_house, tombstones_forgotten
from udfs.runtime.isolation import end_idle

MONTH = 30


class Day(NamedTuple):
    """What the lake was after a night and its vacuum."""

    day: int
    bytes: int
    files: int
    monthly_bytes: int
    """What nobody needs but the versions that are kept as the first of their month."""
    monthly_files: int
    night_s: float
    vacuum_s: float
    cpu_s: float
    """What this process computed for both: work in the child is left out, and so is waiting on a busy machine."""


class Part(NamedTuple):
    """What a folder of the lake held after a night; for `tables/` and `published/`: each table and its log."""

    day: int
    folder: str
    bytes: int
    files: int


def live(house: LongHouse, day: int, versions: int, vacuumed: bool = True) -> tuple[Day, list[Part]]:
    """One night and its vacuum, of which so many `versions` are kept. Raises RuntimeError if one of them fails."""
    began, computed = monotonic(), process_time()
    night = house.night_of(day)
    between = monotonic()
    vacuum = house.vacuum(day, *(["--delete"] if vacuumed else []), VACUUM__VERSIONS=str(versions))
    ended, computed = monotonic(), process_time() - computed
    for one in (night, vacuum):
        if one.code:
            raise RuntimeError(f"day {day}: exit {one.code}: {one.err or one.text}")
    files = house.files()
    sizes = [files[path] for path in monthly_files(house.store, day_of(day), versions, set(files))]
    found = Day(
        day, sum(files.values()), len(files), sum(sizes), len(sizes), between - began, ended - between, computed
    )  # fmt: skip
    return found, parts(day, files)


def monthly_files(store: Store, today: date, versions: int, paths: set[str]) -> set[str]:
    """Those of the lake's files that only a version needs which is kept as the first of its month."""
    kept = kept_versions(store, versions, VacuumSettings().months, datetime.combine(today, time(23, 59), UTC))
    logs = {
        of: {
            f"{folder(table)}/_delta_log/{version:020}.checkpoint.parquet"
            for manifest in manifests
            for table, version in manifest.delta.items()
        }
        for of, manifests in (("monthly", kept.monthly), ("recent", kept.recent))
    }
    listed = {file.path for manifest in kept.monthly for file in manifest.files}
    listed -= {file.path for manifest in kept.recent for file in manifest.files}
    own = tuple(f"snapshots/{manifest.version}/" for manifest in kept.monthly)
    alone = listed | (logs["monthly"] - logs["recent"])
    return {path for path in paths if path in alone or (own and path.startswith(own))}


def parts(day: int, files: dict[str, int]) -> list[Part]:
    """Files and bytes by folder, from the size of every file by its path."""
    found: dict[str, list[int]] = defaultdict(list)
    for path, size in files.items():
        top, *below = path.split("/")
        deep = len(below) - 1 if top in ("tables", "published") else 0
        found["/".join([top, *below[:deep]])].append(size)
    return [Part(day, place, sum(sizes), len(sizes)) for place, sizes in sorted(found.items())]


def table(days: list[Day]) -> str:
    """Markdown of every thirty nights: means of sizes, which go up and down as files are joined, medians of seconds."""
    heads = (
        "nights to",
        "lake, MB",
        "without versions of months",
        "files",
        "without them",
        "night, s",
        "vacuum, s",
        "CPU, s",
    )
    rows = [f"| {' | '.join(heads)} |", f"|{' --- |' * len(heads)}"]
    for end in range(MONTH, days[-1].day + 2, MONTH):
        seen = [day for day in days if end - MONTH <= day.day < end]
        size, files, months_size, months_files = (fmean(of) for of in zip(*(day[1:5] for day in seen), strict=True))
        night, vacuum, cpu = (median(of) for of in zip(*(day[5:] for day in seen), strict=True))
        rows.append(
            f"| {end} | {size / 1e6:.2f} | {(size - months_size) / 1e6:.2f} | {files:.0f} | "
            f"{files - months_files:.0f} | {night:.1f} | {vacuum:.1f} | {cpu:.1f} |"
        )
    return "\n".join(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--every", type=int, default=1, help="a night only every so many days, with as many changes")
    parser.add_argument("--offers", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--no-vacuum", action="store_true", help="the same nights without a vacuum, to compare")
    parser.add_argument("--out", type=Path, default=Path("var/year"))
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    root = asked.out / "house"
    days = _lived(asked.out / "year.tsv") if root.exists() else []
    versions = max(VacuumSettings().versions // asked.every, 2)
    with (
        mock.patch("jobs.run.end_idle"),  # one child process for all nights: to start one takes most of a small night
        tombstones_forgotten(),
        long_house(root, asked.offers, 0.01 * asked.every, asked.seed) as house,
        _lines(asked.out / "year.tsv", Day, bool(days)) as lines,
        _lines(asked.out / "parts.tsv", Part, bool(days)) as part_lines,
    ):
        for _ in days[1:]:
            house.shop.next_night()
        for day in range(len(days) * asked.every, asked.days, asked.every):
            lived, folders = live(house, day, versions, not asked.no_vacuum)
            for part in folders:
                print(*part, sep="\t", file=part_lines, flush=True)
            print(*(f"{v:.2f}" if isinstance(v, float) else v for v in lived), sep="\t", file=lines, flush=True)
            days.append(lived)
    end_idle()
    (asked.out / "year.md").write_text(table(days) + "\n", encoding="utf-8")
    (asked.out / "year.svg").write_text(svg(days), encoding="utf-8")
    print(table(days))
    shutil.rmtree(root)


def _lived(path: Path) -> list[Day]:
    """The nights that an interrupted run has recorded."""
    _, *rows = path.read_text(encoding="utf-8").splitlines() if path.exists() else [""]
    return [Day(*map(int, row.split("\t")[:5]), *map(float, row.split("\t")[5:])) for row in rows]


def _lines(path: Path, kind: type[Day] | type[Part], goes_on: bool) -> TextIO:
    file = path.open("a" if goes_on else "w", encoding="utf-8")
    if not goes_on:
        print(*kind._fields, sep="\t", file=file, flush=True)
    return file


if __name__ == "__main__":
    main()
