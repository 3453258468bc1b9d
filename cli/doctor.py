"""`doctor`: what is wrong with the lake, what it costs, and mending it."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from cli.context import Json, print_json
from cli.terminal import say
from lake.doctor import other_files
from lake.doctor.finding import LOST, Finding, Lake
from lake.doctor.rounds import examine
from lake.doctor.rounds import repair as mend
from lake.lease import lease
from lake.store import open_store
from schemas.errors import DamagedLake
from schemas.settings import read_settings


def doctor(
    repair: Annotated[bool, typer.Option("--repair", help="Mend what can be mended. Nothing is deleted.")] = False,
    json: Json = False,
) -> None:
    """Check every file of the lake: what is damaged, what it costs, and what mends it."""
    settings = read_settings()
    lake = Lake(open_store(settings.lake), settings.models, settings.lease_seconds)
    if not repair:
        _end(examine(lake), [], json)
    broken = other_files.lease_findings(lake)
    for finding in broken:
        other_files.mend_lease(lake, finding.place)
    with lease(lake.store, f"doctor-{datetime.now(UTC):%Y%m%dT%H%M%S}", settings.lease_seconds):
        done = mend(lake)
    mended = [finding for finding in done.found if finding not in done.remaining]
    _end(done.remaining, [*broken, *mended], json)


def _end(remaining: list[Finding], mended: list[Finding], json: bool) -> None:
    if json:
        print_json({"findings": list(map(_plain, remaining)), "mended": list(map(_plain, mended))})
    else:
        for finding in mended:
            say(f"mended   {finding.place}: {finding.wrong}; {finding.cost}")
        for finding in remaining:
            say(f"{'damage' if finding.is_damage else 'leftover':<8} {finding.line}")
        if mended:
            say(f"Files that were taken out of use are in {LOST}/. Now run `selvedge night`.")
        elif not remaining:
            say("Nothing is wrong.")
    raise typer.Exit(DamagedLake.exit_code if any(finding.is_damage for finding in remaining) else 0)


def _plain(finding: Finding) -> dict[str, Any]:
    return asdict(finding) | {"kind": str(finding.kind)}
