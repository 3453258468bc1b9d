"""A simulated year: small nights over a shop of which 1% changes every night, each followed by a vacuum (`make year`).

Writes `year.tsv` (a line for each night), then a table of every thirtieth night and a figure.
"""

import argparse
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from tests.year.figure import svg
from tests.year.house import LongHouse, long_house


class Day(NamedTuple):
    """What the lake was after a night and its vacuum."""

    day: int
    bytes: int
    files: int
    night_s: float
    vacuum_s: float


def live(house: LongHouse, day: int, vacuumed: bool = True) -> Day:
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
    return Day(day, sum(files.values()), len(files), between - began, ended - between)


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
    days: list[Day] = []
    with (
        tempfile.TemporaryDirectory(prefix="year-") as folder,
        long_house(Path(folder) / "house", asked.offers, seed=asked.seed) as house,
        (asked.out / "year.tsv").open("w", encoding="utf-8") as lines,
    ):
        print(*Day._fields, sep="\t", file=lines, flush=True)
        for day in range(asked.days):
            days.append(live(house, day, not asked.no_vacuum))
            print(*(f"{v:.2f}" if isinstance(v, float) else v for v in days[-1]), sep="\t", file=lines, flush=True)
    (asked.out / "year.md").write_text(table(days) + "\n", encoding="utf-8")
    (asked.out / "year.svg").write_text(svg(days), encoding="utf-8")
    print(table(days))


if __name__ == "__main__":
    main()
