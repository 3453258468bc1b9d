"""`letter`: what a shop is told of its own errors."""

from pathlib import Path
from typing import Annotated

import typer

from cli.context import open_night, writing
from jobs.answers.letter import write_letter


def letter(
    retailer: Annotated[str, typer.Argument(help="The shop that is written to.")],
    out: Annotated[Path | None, typer.Option(help="Folder for page and table; default: beside the reports.")] = None,
) -> None:
    """Write a page and a CSV in the shop's language: its errors, how to mend them, and what was fetched from it."""
    night = open_night(quiet=True)
    folder = out or night.settings.reports / "letters"
    with writing(folder):
        written = write_letter(night, retailer, folder)
    for path in written:
        typer.echo(path)
