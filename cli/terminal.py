"""What a terminal is shown: titles and addresses come from strangers, and may hold characters that command it."""

import re
import sys
import traceback
import webbrowser
from threading import Thread

import typer

from jobs.engine.log import JsonLog

COMMANDING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters but tab and line end, marks that turn the direction of writing, line separators, surrogates."""


def say(line: object = "", err: bool = False) -> None:
    """Print a line; characters that command a terminal are shown by their number."""
    typer.echo(printable(str(line)), err=err)


def served_at(what: str, address: str) -> None:
    """Say where a page is served, and open it where a person is at the terminal.

    It is opened beside what serves it: some browsers are waited for until they end.
    """
    say(f"{what:<8} {address}   (Ctrl-C ends it)")
    if sys.stdout.isatty():
        Thread(target=webbrowser.open, args=(address,), daemon=True).start()


def printable(text: str) -> str:
    """The text with each commanding character as JSON escapes it, so that JSON stays JSON."""
    return COMMANDING.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


class LastLine:
    """The line that says why a run ends: plain, or in the log that `--log-json` asks for."""

    def __init__(self) -> None:
        self.log: JsonLog | None = None

    def say(self, line: str) -> None:
        if self.log is not None:
            self.log.write("error", printable(line))
        else:
            say(f"selvedge: {line}", err=True)

    def crash(self, error: Exception) -> bool:
        """Log an error that is a bug of ours; False if no log was asked for, and Python is to print it."""
        if self.log is not None:
            trace = "".join(traceback.format_exception(error))
            self.log.write("error", f"a bug: {type(error).__name__}: {error}", trace=trace)
        return self.log is not None


last_line = LastLine()
