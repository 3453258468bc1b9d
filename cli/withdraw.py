"""`withdraw`: removes a retailer without a spec from the index."""

import getpass
from typing import Annotated

import typer

from cli.context import Json, open_night
from cli.night import checked, finish, measured
from jobs.engine.night import Night
from lake import snapshots
from lake.lease import lease
from lake.withdrawals import Withdrawal
from lake.withdrawals import withdraw as note
from schemas.errors import WrongInput
from schemas.retailer import SPEC_FILE


def withdraw(
    retailer: Annotated[str, typer.Argument(help="A retailer that is in the index but no longer has a spec.")],
    reason: Annotated[str, typer.Option("--reason", help="Why the retailer is withdrawn (kept in the lake).")],
    json: Json = False,
) -> None:
    """Remove a retailer that no longer has a spec from the index, and publish."""
    night = checked(open_night(quiet=json))
    version = _published_with(night, retailer)
    with lease(night.store, night.run, night.settings.lease_seconds):
        note(night.store, retailer, _withdrawal(night, version, reason))
    with measured(night):
        finish(night, ("publish",), json)


def _withdrawal(night: Night, version: int, reason: str) -> Withdrawal:
    return Withdrawal(version=version, who=getpass.getuser(), why=reason, at=night.now())


def _published_with(night: Night, retailer: str) -> int:
    """The version that the retailer is to leave. Raises WrongInput if the command is not the way to remove it."""
    if retailer in night.specs:
        spec = night.specs[retailer].folder / SPEC_FILE
        raise WrongInput(
            spec, None, "set `enabled: false` in this spec; the next night then removes the retailer from the index"
        )
    if retailer in night.broken:
        raise night.broken[retailer]
    parent = snapshots.parent(night.store)
    counts = parent.counts if parent else {}
    if parent is None or retailer not in counts:
        known = ", ".join(sorted(set(counts) - set(night.specs))) or "none"
        raise WrongInput(
            "withdraw", None, f"{retailer} is not in the index; retailers in the index without a spec: {known}"
        )
    return parent.version
