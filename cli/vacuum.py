"""`vacuum`: deletes what nobody needs any more."""

from dataclasses import asdict
from typing import Annotated

import typer

from cli.context import Date, Json, open_night, print_json
from cli.terminal import say
from jobs.vacuum import erase as erasing
from jobs.vacuum import vacuum as vacuums

Delete = Annotated[bool, typer.Option("--delete", help="Delete it. Without this option it is only shown.")]
Erase = Annotated[
    bool,
    typer.Option("--erase", help="Erase what mappings/blocked.tsv lists: pictures with near copies, URLs, products."),
]
Retailer = Annotated[
    str | None,
    typer.Option("--erase-retailer", help="Erase everything of this retailer, which must be out of the index."),
]


def vacuum(
    delete: Delete = False, erase: Erase = False, erase_retailer: Retailer = None, date: Date = None, json: Json = False
) -> None:
    """Show what no live offer, kept version or recent night needs; with --delete: delete it."""
    night = open_night(None, date, quiet=True)
    night.check()
    if erase or erase_retailer:
        found, delete = vacuums.Vacuumed(erasing.erase(night, erase_retailer)), True
    else:
        found = vacuums.delete(night) if delete else vacuums.shown(night)
    lines = found.lines
    if json:
        print_json({"deleted": delete, "kinds": [asdict(line) for line in lines], "damaged": found.damaged})
        return
    _list(lines)
    for damage in found.damaged:
        say(f"damaged  {damage}")
    whole = sum(line.bytes for line in lines)
    if not lines:
        say("Nothing to delete.")
    elif delete:
        say(f"Deleted: {_size(whole)}.")
    else:
        say(f"Nothing was deleted. `selvedge vacuum --delete` frees {_size(whole)}.")


def _list(lines: list[vacuums.Line]) -> None:
    for line in lines:
        rows = f"{line.rows:>9} " + ("versions" if line.kind == "versions" else "rows") if line.rows else ""
        say(f"{line.kind:<22} {line.files:>7} files {_size(line.bytes):>10} {rows}".rstrip())


def _size(count: int) -> str:
    size = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"
