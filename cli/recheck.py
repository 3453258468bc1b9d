"""`recheck`: finds stored rows that are not what their function makes of their content."""

import json as text_of
from dataclasses import asdict
from typing import Annotated, Any

import typer

from cli.context import Json, open_night, print_json
from cli.terminal import say
from jobs.engine.recheck import Draw
from jobs.recheck import Rechecked
from jobs.recheck import recheck as check_again
from schemas.errors import Stop

SHOWN = 160
"""Characters of a value that are shown; --json shows all."""


def recheck(
    stage: Annotated[str, typer.Argument(help="The stage whose rows are made again, such as map or screen.")],
    retailer: Annotated[str | None, typer.Argument(help="Only what this retailer's live offers need.")] = None,
    repair: Annotated[bool, typer.Option("--repair", help="Drop the wrong rows; the next night makes them.")] = False,
    sample: Annotated[int | None, typer.Option(min=1, help="Check so many rows. Default: all.")] = None,
    seed: Annotated[int | None, typer.Option(help="Which sample. Default: another one each day.")] = None,
    json: Json = False,
) -> None:
    """Make stored rows of a stage again, compare, and with --repair drop those that are wrong. Exit 1: some remain."""
    night = open_night(quiet=True)
    night.check()
    draw = Draw(sample, night.today.toordinal() if seed is None else seed)
    found = check_again(night, stage, retailer, draw, repair)
    if json:
        print_json(asdict(found) | ({"seed": draw.seed} if sample else {}))
    else:
        _say(found, f"a sample of {sample}, seed {draw.seed}" if sample else "all of them")
    if found.differing and not repair:
        raise Stop(
            f"{stage}: {found.differing} of {found.checked} rows are not what the function makes of their content; to "
            f"act: the data engineer (`selvedge recheck {stage} --repair`, then the night)"
        )


def _say(found: Rechecked, draw: str) -> None:
    say(f"{found.stage}: {found.checked} rows checked ({draw}), {found.differing} differ")
    if found.unmade:
        say(f"{found.unmade} could not be made now, and stay as they are")
    for example in found.examples:
        say(f"differs  {_cut(example.key)}")
        say(f"  stored {_cut(example.stored)}")
        say(f"  right  {_cut(example.right)}")
    if found.published:
        versions = ", ".join(map(str, found.published))
        then = "the next one takes none of them over" if found.dropped else "--repair keeps them out of the next one"
        say(f"published in version {versions}; {then}; a rollback brings them back")
    for table, rows in found.dropped.items():
        say(f"dropped  {rows} rows of {table}")
    if found.dropped:
        say("The next night makes them again.")


def _cut(value: Any) -> str:
    said = text_of.dumps(value, ensure_ascii=True, default=lambda v: v.hex() if isinstance(v, bytes) else str(v))
    return said if len(said) <= SHOWN else f"{said[:SHOWN]}…"
