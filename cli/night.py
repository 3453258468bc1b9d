"""`night`, `stage`, `plan`, `publish` and `report`: run a night or a part of it, and see the result."""

from dataclasses import asdict
from typing import Annotated, Any

import typer

from cli.context import Date, Json, Retailers, RunId, Until, open_night, print_json, writing
from cli.terminal import say
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
Accept = Annotated[list[str] | None, typer.Option(help="Gate to let through: GATE, or RETAILER/GATE for a feed gate.")]
Reason = Annotated[str | None, typer.Option(help="Why the gate is let through (kept in the manifest).")]
WhatIf = Annotated[
    list[str] | None, typer.Option(help="Show the effect of a threshold: SETTING=VALUE, e.g. wanted=0.6.")
]
RunOfReport = Annotated[str | None, typer.Argument(help="Id of the run. Default: the last one.")]


def night(
    retailer: Retailers = None, until_stage: Until = None, run: RunId = None, date: Date = None, json: Json = False
) -> None:
    """Run all stages on everything that is due, then publish."""
    names = until(until_stage)
    finish(checked(open_night(run, date, retailer, quiet=json)), names, json)


def stage(
    name: StageName, retailer: Retailers = None, run: RunId = None, date: Date = None, json: Json = False
) -> None:
    """Run one stage, as a scheduler does."""
    if name not in STAGE_NAMES:
        raise WrongInput("stage", None, f"{name}: there is no such stage; choose one of {', '.join(STAGE_NAMES)}")
    finish(checked(open_night(run, date, retailer, quiet=json)), (name,), json, shared=run is not None)


def plan(what_if: WhatIf = None, date: Date = None, json: Json = False) -> None:
    """Show what is due and how long it will take. With --what-if: what another threshold would keep or reject."""
    today = open_night(None, date, quiet=True)
    if what_if:
        moved = count_moves(today, what_if)
        if json:
            print_json([asdict(row) for row in moved])
        else:
            say("\n".join(lines(moved)))
        return
    rows = make_plan(today)
    if json:
        print_json(rows)
        return
    for row in rows:
        due = "?" if row["due"] is None else row["due"]
        say(f"{row['stage']:<12} {due:>9} due   {row['about']}".rstrip())


def publish(
    accept: Accept = None, reason: Reason = None, run: RunId = None, date: Date = None, json: Json = False
) -> None:
    """Publish the current rows, and let through the gates that an engineer has checked."""
    if accept and not reason:
        raise WrongInput("--accept", None, "needs --reason TEXT")
    whole = checked(open_night(run, date, quiet=json))
    of_feeds: dict[str, set[str]] = {}
    for gate in accept or ():
        retailer, slash, name = gate.rpartition("/")
        if slash:
            of_feeds.setdefault(retailer, set()).add(name)
        elif gate not in GATE_NAMES:
            raise WrongInput(
                "--accept",
                None,
                f"{gate}: there is no such gate; choose one of {', '.join(GATE_NAMES)}, or RETAILER/GATE",
            )
        else:
            whole.accepted[gate] = str(reason)
    if of_feeds:
        accept_feeds(whole, of_feeds, str(reason))
    finish(whole, STAGE_NAMES[1:] if of_feeds else ("publish",), json)


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
    """Check specs, mappings, gates, weights and the report folder before anything starts."""
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
            say(f"held     {name}: {state['reason'].removeprefix(f'{name}: ')}")
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
