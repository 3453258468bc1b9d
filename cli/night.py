"""`night`, `stage`, `plan`, `publish` and `report`: doing a night, or a part of it."""

from dataclasses import asdict
from typing import Annotated, Any

import typer

from cli.context import Date, Json, Retailers, RunId, Until, open_night, print_json, writing
from jobs.answers.plan import plan as make_plan
from jobs.answers.report import report_file, write_report
from jobs.answers.summary import summary
from jobs.answers.what_if import lines
from jobs.answers.what_if import what_if as count_moves
from jobs.engine.night import Night
from jobs.engine.records import last_run, of_run
from jobs.run import Outcome, as_json, run_stages, until
from jobs.stage_list import STAGE_NAMES
from jobs.stages.acquire import accept as accept_feeds
from jobs.stages.gates import GATE_NAMES
from schemas.errors import WrongInput

StageName = Annotated[str, typer.Argument(help=f"One of {', '.join(STAGE_NAMES)}.")]
Accept = Annotated[list[str] | None, typer.Option(help="A gate to let through: NAME, or RETAILER/NAME of a feed.")]
Reason = Annotated[str | None, typer.Option(help="Why; kept in the manifest.")]
WhatIf = Annotated[list[str] | None, typer.Option(help="A threshold to move: SETTING=VALUE, as wanted=0.6.")]
RunOfReport = Annotated[str | None, typer.Argument(help="A run's id; the last one where it is left out.")]


def night(
    retailer: Retailers = None, until_stage: Until = None, run: RunId = None, date: Date = None, json: Json = False
) -> None:
    """Do everything that is due, and publish it."""
    names = until(until_stage)
    finish(checked(open_night(run, date, retailer, quiet=json)), names, json)


def stage(
    name: StageName, retailer: Retailers = None, run: RunId = None, date: Date = None, json: Json = False
) -> None:
    """Run one stage alone, as a scheduler does."""
    if name not in STAGE_NAMES:
        raise WrongInput("stage", None, f"{name}: no such stage; one of {', '.join(STAGE_NAMES)}")
    finish(checked(open_night(run, date, retailer, quiet=json)), (name,), json, shared=run is not None)


def plan(what_if: WhatIf = None, date: Date = None, json: Json = False) -> None:
    """Say what is due and how long it will take, or what a moved threshold would let in or turn away."""
    today = open_night(None, date, quiet=True)
    if what_if:
        moved = count_moves(today, what_if)
        if json:
            print_json([asdict(row) for row in moved])
        else:
            typer.echo("\n".join(lines(moved)))
        return
    rows = make_plan(today)
    if json:
        print_json(rows)
        return
    for row in rows:
        due = "?" if row["due"] is None else row["due"]
        typer.echo(f"{row['stage']:<12} {due:>9} due   {row['about']}".rstrip())


def publish(
    accept: Accept = None, reason: Reason = None, run: RunId = None, date: Date = None, json: Json = False
) -> None:
    """Publish what stands, and let gates through that an engineer has looked at."""
    if accept and not reason:
        raise WrongInput("--accept", None, "give the reason with --reason")
    whole = checked(open_night(run, date, quiet=json))
    of_feeds: dict[str, set[str]] = {}
    for gate in accept or ():
        retailer, slash, name = gate.rpartition("/")
        if slash:
            of_feeds.setdefault(retailer, set()).add(name)
        elif gate not in GATE_NAMES:
            raise WrongInput("--accept", None, f"{gate}: not one of {', '.join(GATE_NAMES)}, or RETAILER/GATE")
        else:
            whole.accepted[gate] = str(reason)
    if of_feeds:
        accept_feeds(whole, of_feeds, str(reason))
    finish(whole, STAGE_NAMES[1:] if of_feeds else ("publish",), json)


def report(run: RunOfReport = None) -> None:
    """Say where the report of a run is; the last run's is written again, from the tables as they are now."""
    whole = open_night(quiet=True)
    last = last_run(whole.tables)
    if last is None:
        raise WrongInput(whole.settings.lake, None, "no run has been recorded here yet")
    if run in (None, last):
        typer.echo(write_report(whole, last))
        return
    path = report_file(whole, str(run))
    if not of_run(whole.tables, str(run)):
        raise WrongInput("report", None, f"{run}: no such run in {whole.settings.lake}; the last one is {last}")
    if not path.exists():
        raise WrongInput(path, None, "is gone; it cannot be written again, the tables have changed since that run")
    typer.echo(path)


def checked(night: Night) -> Night:
    """Specs, mappings, gates and weights are read before anything starts, and the report has a place."""
    night.check()
    with writing(night.settings.reports):
        night.settings.reports.mkdir(parents=True, exist_ok=True)
    return night


def finish(night: Night, names: tuple[str, ...], json: bool, shared: bool = False) -> None:
    outcome = run_stages(night, names, shared)
    path = write_report(night, night.run) if "publish" in names else None
    found = summary(night, outcome, path)
    if json:
        print_json(as_json(outcome, found))
    else:
        _say(outcome, found)
    raise typer.Exit(outcome.exit_code)


def _say(outcome: Outcome, found: dict[str, Any]) -> None:
    publication = outcome.publication
    for name, state in found["retailers"].items():
        if state["reason"] and (publication or "acquire" in outcome.counts):
            typer.echo(f"held     {name}: {state['reason'].removeprefix(f'{name}: ')}")
    if publication is None:
        return
    for note in found["notes"]:
        typer.echo(f"note     {note}")
    if not found["published"]:
        typer.echo(
            f"Nothing new: version {found['snapshot']} stays live." if found["snapshot"] else "Nothing to publish."
        )
    else:
        typer.echo(
            f"Published version {found['snapshot']}: {found['garments']} garments of {found['products']} products."
        )
    if publication.place:
        typer.echo(f"snapshot {publication.place}")
    typer.echo(f"report   {found['report']}")
