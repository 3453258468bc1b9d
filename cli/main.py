"""The `selvedge` command: its subcommands, and the exit code and last line of a run."""

import errno
import os
import signal
import sys
import threading
from collections.abc import Iterable
from importlib import import_module
from types import FrameType
from typing import Annotated, NoReturn

import typer

from cli.terminal import last_line, say
from schemas.errors import LakeFull, Stop
from schemas.version import program_version
from udfs.runtime.isolation import SAFE_PATH

INTERRUPTED = 130

COMMANDS = {
    "night": "cli.night:night", "stage": "cli.night:stage", "plan": "cli.plan:plan", "feeds": "cli.feeds:app",
    "mapping": "cli.mapping:app", "snapshots": "cli.snapshots:snapshots", "describe": "cli.snapshots:describe",
    "rollback": "cli.snapshots:rollback", "live": "cli.snapshots:live", "publish": "cli.night:publish",
    "withdraw": "cli.withdraw:withdraw", "doctor": "cli.doctor:doctor", "whatif": "cli.whatif:whatif",
    "explain": "cli.explain:explain", "report": "cli.night:report", "letter": "cli.letter:letter",
    "recheck": "cli.recheck:recheck", "vacuum": "cli.vacuum:vacuum", "picture": "cli.pictures:picture",
    "search": "cli.search:search", "models": "cli.models:app", "shop": "shops.commands:shop",
}  # fmt: skip
"""Where each command or group of commands is; to import all of them takes half a second."""


def program(names: Iterable[str] = COMMANDS) -> typer.Typer:
    """`selvedge` with some of its commands."""
    app = typer.Typer(
        name="selvedge",
        help="Every night, turn retailers' XML feeds into one versioned, checked table of garment vectors.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_options)
    for name in names:
        module, _, attribute = COMMANDS[name].partition(":")
        found = getattr(import_module(module), attribute)
        if isinstance(found, typer.Typer):
            app.add_typer(found, name=name)
        else:
            app.command(name)(found)
    return app


def _say_version(wanted: bool) -> None:
    if wanted:
        say(f"selvedge {program_version()}")
        raise typer.Exit


def _options(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", callback=_say_version, is_eager=True)
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run a command and exit with its code; an error that ends it is one line on standard error."""
    os.environ[SAFE_PATH] = "1"  # inherited by the workers: import nothing from the current folder
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    _interrupted.clear()
    last_line.log = None
    try:
        named = [word for word in sys.argv[1:2] if word in COMMANDS]
        program(named or COMMANDS)()
    except Stop as stop:
        _end(str(stop), stop.exit_code)
    except Exception as error:
        if _interrupted.is_set():  # an error while shutting down: Spark's JVM gets the signal too
            sys.exit(INTERRUPTED)
        if not isinstance(error, OSError):
            if last_line.crash(error):
                sys.exit(Stop.exit_code)
            raise
        if error.errno == errno.ENOSPC:
            _end(
                "the disk is full, the last snapshot stays live; to act: the data engineer (free space and run again)",
                LakeFull.exit_code,
            )
        _end(
            f"{error}; to act: the data engineer (check the disk, the network and the store, then run again)",
            Stop.exit_code,
        )


_interrupted = threading.Event()


def _interrupt(number: int, frame: FrameType | None) -> None:
    """Exits through SystemExit, so that every `with` block is closed in order and no handler catches it."""
    _interrupted.set()
    _end("interrupted; committed work is kept, and the next run continues from there", INTERRUPTED)


def _end(line: str, code: int) -> NoReturn:
    last_line.say(line)
    sys.exit(code)
