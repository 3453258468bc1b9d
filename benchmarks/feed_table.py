"""Every feed of a folder beside its index: what was read, what was counted by others, and why the two differ.

`python -m benchmarks.feed_table [FOLDER] [--write]` prints the table and ends with 1 where a difference is not
explained in feed_table.yaml, or an explanation explains nothing. FOLDER holds the feeds and an `index.tsv` (tab
separated, unquoted) with the columns file, dialect, offers. `--write` puts the table into docs/feeds.md.
"""

import argparse
import csv
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from udfs.feeds.check import examine
from udfs.feeds.options import FeedOptions
from udfs.feeds.summary import FeedSummary

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT.parent / "shared" / "data" / "feeds"
PAGE = ROOT / "docs" / "feeds.md"
EXPLAINED = Path(__file__).with_suffix(".yaml")
BEGIN, END = "<!-- the table begins -->\n", "<!-- the table ends -->\n"
HEAD = (
    "| feed | dialect | encoding | offers read / counted | products | rejects | repairs | why it differs |\n"
    "| --- | --- | --- | --- | --- | --- | --- | --- |\n"
)


@dataclass
class Row:
    """One feed: what its index says, what was read, and the differences with their explanations."""

    file: str
    counted: int
    summary: FeedSummary
    differences: dict[str, int | str] = field(default_factory=dict)
    explained: dict[str, list[Any]] = field(default_factory=dict)

    def faults(self) -> Iterator[str]:
        """Differences that nobody explained, and explanations of what is not there."""
        for name in sorted(self.differences.keys() | self.explained.keys()):
            found, said = self.differences.get(name), self.explained.get(name, [None])[0]
            if found != said:
                yield f"{self.file}: {name} is {found}, explained is {said}"

    def line(self) -> str:
        """The table's line."""
        summary = self.summary
        rejects = ", ".join(f"{code} {count:,}" for code, count in sorted(summary.rejects.items()))
        repairs = ", ".join(f"{kind} {count:,}" for kind, count in sorted(summary.repairs.items()))
        why = "; ".join(f"{name}: {reason}" for name, (_, reason) in self.explained.items()).replace("<", "&lt;")
        dialect = summary.dialect or f"refused: {summary.code}"
        return (
            f"| {self.file} | {dialect} | {summary.encoding or ''} | {summary.offers:,} / {self.counted:,} "
            f"| {summary.products:,} | {rejects} | {repairs} | {why} |\n"
        )


def rows(folder: Path) -> Iterator[Row]:
    """Every feed of the folder's index, read as a night reads it."""
    explained = yaml.safe_load(EXPLAINED.read_text(encoding="utf-8"))
    with (folder / "index.tsv").open(encoding="utf-8", newline="") as index:
        for stated in csv.DictReader(index, delimiter="\t", quoting=csv.QUOTE_NONE):
            summary = examine(folder / stated["file"], FeedOptions())
            row = Row(stated["file"], int(stated["offers"]), summary, {**summary.rejects})
            if summary.offers != row.counted:
                row.differences["offers"] = summary.offers
            if summary.code:
                row.differences["refused"] = summary.code.value
            if summary.dialect and summary.dialect != explained["dialects"].get(stated["dialect"], stated["dialect"]):
                row.differences["dialect"] = summary.dialect
            row.explained = explained["feeds"].get(row.file, {})
            yield row


def table(found: list[Row]) -> str:
    """The table as it stands in docs/feeds.md."""
    return HEAD + "".join(row.line() for row in found)


def written() -> str:
    """The table that docs/feeds.md holds."""
    return PAGE.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path, nargs="?", default=FOLDER)
    parser.add_argument("--write", action="store_true", help="put the table into docs/feeds.md")
    given = parser.parse_args()
    if not (given.folder / "index.tsv").is_file():
        print(f"no feeds with an index.tsv are at {given.folder}: nothing to compare")
        return
    found = list(rows(given.folder))
    print(table(found), end="")
    if given.write:
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
        PAGE.write_text(before + BEGIN + table(found) + END + rest.partition(END)[2], encoding="utf-8")
    faults = [fault for row in found for fault in row.faults()]
    offers = sum(row.summary.offers for row in found)
    print(f"{len(found)} feeds, {offers:,} offers, {len(faults)} differences unexplained")
    if faults:
        sys.exit("\n".join(faults))


if __name__ == "__main__":
    main()
