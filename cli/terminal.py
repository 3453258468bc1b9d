"""What a terminal is shown: titles and addresses come from strangers, and may hold characters that command it."""

import re

import typer

COMMANDING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters but tab and line end, marks that turn the direction of writing, line separators, surrogates."""


def say(line: object = "", err: bool = False) -> None:
    """Print a line; characters that command a terminal are shown by their number."""
    typer.echo(printable(str(line)), err=err)


def printable(text: str) -> str:
    """The text with each commanding character as JSON escapes it, so that JSON stays JSON."""
    return COMMANDING.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
