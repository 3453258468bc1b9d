"""`letter`: tells a shop about the errors in its own feed."""

from pathlib import Path
from typing import Annotated

import typer

from cli.context import open_night, writing
from cli.terminal import say
from jobs.answers.letter import write_letter


def letter(
    retailer: Annotated[str, typer.Argument(help="The retailer that the letter is for.")],
    out: Annotated[
        Path | None, typer.Option(help="Folder for the letter. Default: `letters` in the folder of the reports.")
    ] = None,
) -> None:
    """Write a letter to a shop in its language (HTML and CSV): its errors, how to fix them, and what we fetched."""
    night = open_night(quiet=True)
    folder = out or night.settings.reports / "letters"
    with writing(folder):
        written = write_letter(night, retailer, folder)
    for path in written:
        say(path)
