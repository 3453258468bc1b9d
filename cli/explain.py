"""`explain`: why something is, or is not, in the index."""

from dataclasses import asdict
from typing import Annotated

import typer

from cli.context import Json, open_night, print_json
from cli.terminal import say
from jobs.answers.explain import explain as verdicts_on


def explain(
    asked: Annotated[
        str,
        typer.Argument(
            metavar="OFFER|URL|SHA256", help="Offer id, picture URL or picture SHA-256; also a product or garment id."
        ),
    ],
    json: Json = False,
) -> None:
    """Show what each stage decided about an offer or a picture, and what would have to change."""
    found = verdicts_on(open_night(quiet=True), asked)
    if json:
        print_json([asdict(verdict) for verdict in found])
        return
    for verdict in found:
        say(f"{verdict.stage:<12} {verdict.status:<12} {verdict.what}  {verdict.detail}")
        if verdict.change:
            say(f"{'':<26}{verdict.change}")
