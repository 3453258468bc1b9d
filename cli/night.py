"""`night`, `stage`, `publish` and `report`: run a night or a part of it, and see the result."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Annotated, Any

import typer

from cli.context import Date, Json, LogJson, Retailers, RunId, Until, open_night, print_json, writing
from cli.terminal import say
from jobs.answers.metrics import write_metrics
from jobs.answers.report import report_file, write_report
from jobs.answers.summary import summary
from jobs.engine.night import Night
from jobs.engine.records import last_run, of_run
from jobs.live.second import second
from jobs.run import Outcome, as_json, fill_embedding, run_stages, until
from jobs.stage_list import STAGE_NAMES
from jobs.stages.acquire import accept as accept_feeds
from jobs.stages.acquire import gates_by_feed
from jobs.stages.gates import GATE_NAMES
from schemas.errors import RefusedByGate, Stop, WrongInput

StageName = Annotated[str, typer.Argument(help=f"One of {', '.join(STAGE_NAMES)}.")]
Accept = Annotated[list[str] | None, typer.Option(help="Gate to let through: GATE, or RETAILER/GATE for a feed gate.")]
Reason = Annotated[str | None, typer.Option(help="Why the gate is let through (kept in the manifest).")]
RunOfReport = Annotated[str | None, typer.Argument(help="Id of the run. Default: the last one.")]


def night(
    retailer: Retailers = None,
    until_stage: Until = None,
    run: RunId = None,
    date: Date = None,
    json: Json = False,
    log_json: LogJson = False,
) -> None:
    """Run all stages on everything that is due, then publish."""
    names = until(until_stage)
    whole = open_night(run, date, retailer, json, log_json)
    with measured(whole):
        try:
            finish(checked(whole), names, json)
        except typer.Exit:  # all of it has run
            if "publish" in names:
                _fill_second(whole)
            raise


def stage(  # noqa: PLR0913
    name: StageName,
    retailer: Retailers = None,
    run: RunId = None,
    date: Date = None,
    accept: Accept = None,
    reason: Reason = None,
    json: Json = False,
    log_json: LogJson = False,
) -> None:
    """Run one stage, as a scheduler does. `acquire` and `publish` let through gates that an engineer has checked."""
    if name not in STAGE_NAMES:
        raise WrongInput("stage", None, f"{name}: there is no such stage; choose one of {', '.join(STAGE_NAMES)}")
    whole = open_night(run, date, retailer, json, log_json)
    whole.accepted = _accepted(accept, reason)
    with measured(whole):
        finish(checked(whole), (name,), json, shared=run is not None)


def publish(
    accept: Accept = None, reason: Reason = None, run: RunId = None, date: Date = None, json: Json = False
) -> None:
    """Publish the current rows, and let through the gates that an engineer has checked."""
    whole = checked(open_night(run, date, quiet=json))
    whole.accepted = _accepted(accept, reason)
    of_feeds = gates_by_feed(whole.accepted)
    if of_feeds:
        accept_feeds(whole, of_feeds, str(reason))
    with measured(whole):
        finish(whole, STAGE_NAMES[1:] if of_feeds else ("publish",), json)


def _accepted(gates: list[str] | None, reason: str | None) -> dict[str, str]:
    """The gates that are let through, with the reason."""
    if gates and not reason:
        raise WrongInput("--accept", None, "needs --reason TEXT")
    for gate in gates or ():
        if "/" not in gate and gate not in GATE_NAMES:
            raise WrongInput(
                "--accept",
                None,
                f"{gate}: there is no such gate; choose one of {', '.join(GATE_NAMES)}, or RETAILER/GATE",
            )
    return dict.fromkeys(gates or (), str(reason))


def report(run: RunOfReport = None) -> None:
    """Print the path of a run's report. The report of the last run is written again from the current tables."""
    whole = open_night(quiet=True)
    last = last_run(whole.tables)
    if last is None:
        raise WrongInput(whole.settings.lake, None, "no run has been recorded in this lake yet")
    if run in (None, last):
        say(write_report(whole, last))
        return
    path = report_file(whole, str(run))
    if not of_run(whole.tables, str(run)):
        raise WrongInput(
            "report", None, f"{run}: there is no such run in {whole.settings.lake}; the last run is {last}"
        )
    if not path.exists():
        raise WrongInput(
            path,
            None,
            "the report was deleted, and the tables have changed since that run, so it cannot be written again",
        )
    say(path)


def checked(night: Night) -> Night:
    """Check retailers, mappings, gates, weights and the report folder before anything starts."""
    night.check_names(night.only, "--retailer")
    night.check()
    with writing(night.settings.reports):
        night.settings.reports.mkdir(parents=True, exist_ok=True)
    return night


@contextmanager
def measured(night: Night) -> Iterator[None]:
    """Writes the numbers of the run, however it ends."""
    try:
        yield
    except BaseException as end:
        refused = end.gates if isinstance(end, RefusedByGate) else {}
        write_metrics(night, _exit_code(end), refused)
        raise


def _exit_code(end: BaseException) -> int:
    """The code with which the process will end."""
    found = end.code if isinstance(end, SystemExit) else getattr(end, "exit_code", Stop.exit_code)
    return int(found or 0)


def finish(night: Night, names: tuple[str, ...], json: bool, shared: bool = False) -> None:
    outcome = run_stages(night, names, shared)
    path = write_report(night, night.run) if "publish" in names else None
    found = summary(night, outcome, path)
    if json:
        print_json(as_json(outcome, found))
    else:
        _say(outcome, found)
    for name, reason in _held(outcome, found).items():
        night.progress.warn(f"held: {reason}", name)
    for note in found["notes"]:
        night.progress.warn(note)
    raise typer.Exit(outcome.exit_code)


def _fill_second(night: Night) -> None:
    """Spend what is left of the night on the vectors of the second embedding; a failure is told, and no more."""
    until, release = night.began.timestamp() + night.settings.second.night_seconds, second(night)
    if release is None or time.time() >= until:
        return
    rest = replace(night, candidates={"embed": release.folder}, until=until)
    try:
        counts = fill_embedding(rest)
    except Stop as stop:
        night.progress.warn(f"second embedding: {stop}")
        return
    night.progress.say(f"second       {counts.due} due: {counts.done} done, {counts.pending} left for the next night")


def _held(outcome: Outcome, found: dict[str, Any]) -> dict[str, str]:
    """Why retailers are held, by name; the stages between the first and the last do not repeat it."""
    if outcome.publication is None and "acquire" not in outcome.counts:
        return {}
    reasons = {name: state["reason"] for name, state in found["retailers"].items()}
    return {name: reason.removeprefix(f"{name}: ") for name, reason in reasons.items() if reason}


def _say(outcome: Outcome, found: dict[str, Any]) -> None:
    publication = outcome.publication
    for name, reason in _held(outcome, found).items():
        say(f"held     {name}: {reason}")
    if publication is None:
        return
    for note in found["notes"]:
        say(f"note     {note}")
    if not found["published"]:
        say(f"Nothing new: version {found['snapshot']} stays live." if found["snapshot"] else "Nothing to publish.")
    else:
        say(f"Published version {found['snapshot']}: {found['garments']} garments of {found['products']} products.")
    if publication.place:
        say(f"snapshot {publication.place}")
    say(f"report   {found['report']}")
