"""What most commands share: common options, the settings, and a run based on them."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any
from uuid import uuid4

import typer

from cli.terminal import last_line, say
from jobs.engine.log import JsonLog
from jobs.engine.night import Night
from jobs.engine.progress import Progress
from jobs.engine.records import checked_run
from schemas.errors import WrongInput
from schemas.settings import read_settings

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output.")]
LogJson = Annotated[bool, typer.Option("--log-json", help="Write the log on standard error as one JSON object a line.")]
Retailers = Annotated[
    list[str] | None,
    typer.Option(
        "--retailer", "-r", help="Acquire and parse only this retailer (may be given more than once). Default: all."
    ),
]
Until = Annotated[str | None, typer.Option("--until", help="Stop after this stage.")]
RunId = Annotated[
    str | None, typer.Option("--run", help="Id of the run. A scheduler uses the same id for all stages of one night.")
]
Date = Annotated[str | None, typer.Option("--date", help="Date of the night, YYYY-MM-DD. Default: today (UTC).")]


def open_night(
    run: str | None = None,
    today: str | None = None,
    retailers: list[str] | None = None,
    quiet: bool = False,
    log_json: bool = False,
) -> Night:
    """A run with the settings of this process. Raises WrongInput for a wrong setting, run id or date."""
    last_line.log = JsonLog(None) if log_json else None
    run_id = checked_run(run, "--run") if run is not None else _new_run()
    if last_line.log is not None:
        last_line.log.run = run_id
    return Night(read_settings(), run_id, _date(today), Progress(quiet, last_line.log), tuple(retailers or ()))


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Wraps the writing of a file that the user named: raises WrongInput if it cannot be written."""
    try:
        yield
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError, FileExistsError, PermissionError) as error:
        raise WrongInput(path, None, f"cannot be written: {os.strerror(error.errno or 0)}") from error


def print_json(document: Any) -> None:
    say(json.dumps(document, ensure_ascii=False, indent=2, default=_plain))


def _plain(value: Any) -> Any:
    return value.hex() if isinstance(value, bytes) else str(value)


DAYS_AHEAD = timedelta(days=1)
"""How far `--date` may lie in the future: it is tomorrow already in other time zones."""


def _new_run() -> str:
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{uuid4().hex[:6]}"


def _date(text: str | None) -> date:
    today = datetime.now(UTC).date()
    if text is None:
        return today
    try:
        found = date.fromisoformat(text)
    except ValueError as error:
        raise WrongInput("--date", None, f"{text} is not a date of the form YYYY-MM-DD") from error
    if found > today + DAYS_AHEAD:
        text = f"{found} is in the future (today is {today} UTC), and all that is kept by date would be out of order"
        raise WrongInput("--date", None, text)
    return found
