"""A simulated year: small nights over a shop of which 1% changes every night, each followed by a vacuum (`make year`).

Writes `year.tsv` (a line for each night) and `parts.tsv` (what each folder held then), and at the end a table of every
thirtieth night and a figure. Interrupted, it goes on after the last night in `year.tsv`.
"""

import argparse
import shutil
import time
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple, TextIO
from unittest import mock

from tests.year.figure import svg
from tests.year.house import LongHouse, long_house
from udfs.runtime.isolation import end_idle


class Day(NamedTuple):
    """What the lake was after a night and its vacuum."""

    day: int
    bytes: int
    files: int
    night_s: float
    vacuum_s: float


class Part(NamedTuple):
    """What a folder of the lake held after a night; for `tables/` and `published/`: each table and its log."""

    day: int
    folder: str
    bytes: int
    files: int


def live(house: LongHouse, day: int, vacuumed: bool = True) -> tuple[Day, list[Part]]:
    """One night and its vacuum. Raises RuntimeError if one of them fails."""
    began = time.monotonic()
    night = house.night_of(day)
    between = time.monotonic()
    vacuum = house.vacuum(day, *(["--delete"] if vacuumed else []))
    ended = time.monotonic()
    for one in (night, vacuum):
        if one.code:
            raise RuntimeError(f"day {day}: exit {one.code}: {one.err or one.text}")
    files = house.files()
    return Day(day, sum(files.values()), len(files), between - began, ended - between), parts(day, files)


def parts(day: int, files: dict[str, int]) -> list[Part]:
    """Files and bytes by folder, from the size of every file by its path."""
    found: dict[str, list[int]] = defaultdict(list)
    for path, size in files.items():
        top, *below = path.split("/")
        deep = len(below) - 1 if top in ("tables", "published") else 0
        found["/".join([top, *below[:deep]])].append(size)
    return [Part(day, folder, sum(sizes), len(sizes)) for folder, sizes in sorted(found.items())]


def table(days: list[Day], every: int = 30) -> str:
    """Markdown: each thirtieth night; seconds are the median of the thirty before it."""
    rows = ["| night | lake, MB | files | night, s | vacuum, s |", "| --- | --- | --- | --- | --- |"]
    for at in range(every - 1, len(days), every):
        seen = days[at - every + 1 : at + 1]
        night, vacuum = (sorted(getattr(day, name) for day in seen)[every // 2] for name in ("night_s", "vacuum_s"))
        rows.append(f"| {at + 1} | {days[at].bytes / 1e6:.2f} | {days[at].files} | {night:.1f} | {vacuum:.1f} |")
    return "\n".join(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--offers", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--no-vacuum", action="store_true", help="the same nights without a vacuum, to compare")
    parser.add_argument("--out", type=Path, default=Path("var/year"))
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    root = asked.out / "house"
    days = _lived(asked.out / "year.tsv") if root.exists() else []
    with (
        mock.patch("jobs.run.end_idle"),  # one child process for all nights: to start one takes most of a small night
        long_house(root, asked.offers, seed=asked.seed) as house,
        _lines(asked.out / "year.tsv", Day, bool(days)) as lines,
        _lines(asked.out / "parts.tsv", Part, bool(days)) as part_lines,
    ):
        for _ in days[1:]:
            house.shop.next_night()
        for day in range(len(days), asked.days):
            lived, folders = live(house, day, not asked.no_vacuum)
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
    return [Day(int(a), int(b), int(c), float(d), float(e)) for a, b, c, d, e in (row.split("\t") for row in rows)]


def _lines(path: Path, kind: type[Day] | type[Part], goes_on: bool) -> TextIO:
    file = path.open("a" if goes_on else "w", encoding="utf-8")
    if not goes_on:
        print(*kind._fields, sep="\t", file=file, flush=True)
    return file


if __name__ == "__main__":
    main()
