"""The `selvedge` command: its subcommands, and the exit code and last line of a run."""

import errno
import os
import signal
import sys
import threading
from types import FrameType
from typing import Annotated, NoReturn

import typer

from cli import (
    doctor,
    explain,
    feeds,
    letter,
    mapping,
    models,
    night,
    pictures,
    recheck,
    search,
    snapshots,
    vacuum,
    whatif,
    withdraw,
)
from cli.terminal import last_line, say
from schemas.errors import LakeFull, Stop
from schemas.version import program_version
from shops.commands import shop
from udfs.runtime.isolation import SAFE_PATH

INTERRUPTED = 130

app = typer.Typer(
    name="selvedge",
    help="Every night, turn retailers' XML feeds into one versioned, checked table of garment vectors.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _say_version(wanted: bool) -> None:
    if wanted:
        say(f"selvedge {program_version()}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", callback=_say_version, is_eager=True)
    ] = False,
) -> None:
    pass


app.command("night")(night.night)
app.command("stage")(night.stage)
app.command("plan")(night.plan)
app.add_typer(feeds.app, name="feeds")
app.add_typer(mapping.app, name="mapping")
app.command("snapshots")(snapshots.snapshots)
app.command("describe")(snapshots.describe)
app.command("rollback")(snapshots.rollback)
app.command("live")(snapshots.live)
app.command("publish")(night.publish)
app.command("withdraw")(withdraw.withdraw)
app.command("doctor")(doctor.doctor)
app.command("whatif")(whatif.whatif)
app.command("explain")(explain.explain)
app.command("report")(night.report)
app.command("letter")(letter.letter)
app.command("recheck")(recheck.recheck)
app.command("vacuum")(vacuum.vacuum)
app.command("picture")(pictures.picture)
app.command("search")(search.search)
app.add_typer(models.app, name="models")
app.add_typer(shop, name="shop")


def main() -> None:
    """Run a command and exit with its code; an error that ends it is one line on standard error."""
    os.environ[SAFE_PATH] = "1"  # inherited by the workers: import nothing from the current folder
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    _interrupted.clear()
    last_line.log = None
    try:
        app()
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
