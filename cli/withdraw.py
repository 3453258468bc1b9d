"""`withdraw`: taking a retailer out of the index that has no spec any more."""

import getpass
from typing import Annotated

import typer

from cli.context import Json, open_night
from cli.night import checked, finish
from jobs.engine.night import Night
from lake import snapshots
from lake.lease import lease
from lake.withdrawals import Withdrawal
from lake.withdrawals import withdraw as note
from schemas.errors import WrongInput
from schemas.retailer import SPEC_FILE


def withdraw(
    retailer: Annotated[str, typer.Argument(help="A retailer that is in the index and has no spec any more.")],
    reason: Annotated[str, typer.Option("--reason", help="Why; kept in the lake.")],
    json: Json = False,
) -> None:
    """Take a retailer that has no spec out of the index, and publish."""
    night = checked(open_night(quiet=json))
    _refuse_others(night, retailer)
    with lease(night.store, night.run, night.settings.lease_seconds):
        note(night.store, retailer, Withdrawal(who=getpass.getuser(), why=reason, at=night.now()))
    finish(night, ("publish",), json)


def _refuse_others(night: Night, retailer: str) -> None:
    if retailer in night.specs:
        spec = night.specs[retailer].folder / SPEC_FILE
        raise WrongInput(spec, None, "set `enabled: false` here; the next night takes the retailer out of the index")
    parent = snapshots.parent(night.store)
    counts = parent.counts if parent else {}
    if retailer not in counts:
        known = ", ".join(sorted(set(counts) - set(night.specs))) or "none"
        raise WrongInput("withdraw", None, f"{retailer}: is not in the index; in it without a spec: {known}")
