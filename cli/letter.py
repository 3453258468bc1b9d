"""`letter`: what a shop is told of its own errors."""

from pathlib import Path
from typing import Annotated

import typer

from cli.context import open_night
from jobs.letter import write_letter


def letter(
    retailer: Annotated[str, typer.Argument(help="The shop that is written to.")],
    out: Annotated[Path | None, typer.Option(help="Folder for page and table; default: beside the reports.")] = None,
) -> None:
    """Write a page and a CSV in the shop's language: its errors, how to mend them, and what was fetched from it."""
    night = open_night(quiet=True)
    for path in write_letter(night, retailer, out or night.settings.reports / "letters"):
        typer.echo(path)
