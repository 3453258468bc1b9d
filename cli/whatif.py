"""`whatif`: what another mapping file, threshold or release would change in the index, in products and pictures."""

import re
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.context import Json, open_night, print_json, writing
from cli.terminal import say
from jobs.answers import thresholds
from jobs.engine.models import MODELS
from jobs.engine.night import Night
from reports.facts import ThresholdRow
from schemas.errors import WrongInput
from udfs.runtime.models import release_of

if TYPE_CHECKING:
    from desk.candidate import Tried


def whatif(
    mapping: Annotated[Path | None, typer.Option(help="A mapping file, wherever it lies.")] = None,
    threshold: Annotated[
        list[str] | None, typer.Option(help="NAME=VALUE, such as text=0.7. Several are moved together.")
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="MODEL=DIGEST of a kept release, which `models fill` has filled.")
    ] = None,
    export: Annotated[Path | None, typer.Option(help="Write a page with pictures to this one file.")] = None,
    json: Json = False,
) -> None:
    """Show which products a mapping file, a threshold or a release would add, take out and move. Nothing is changed."""
    from desk.thumbnails import reader
    from desk.what_if import lines, of_mapping, of_thresholds, page
    from jobs.answers.thumbnails import stored_places

    if sum(map(bool, (mapping, threshold, model))) != 1:
        raise WrongInput("whatif", None, "give one of --mapping FILE, --threshold NAME=VALUE, --model MODEL=DIGEST")
    night = open_night(quiet=True)
    counts = _counts(night, threshold or ())
    notes = thresholds.lines(counts)
    if mapping is not None:
        found = of_mapping(night, mapping)
    elif threshold:
        found = of_thresholds(night, threshold)
    else:
        tried = _tried(night, str(model))
        found = tried.found
        if tried.waiting:
            notes.append(f"nothing is said of {tried.waiting:,} products: the last night has not chosen them, or "
                         "pictures that only this release wants have no boxes yet")  # fmt: skip
    if export is not None:
        title = f"What if: {mapping.name if mapping else model or ', '.join(threshold or ())}"
        with writing(export):
            made = page(title, found, reader(night.store, stored_places(night.tables)), notes)
            export.write_text(made, encoding="utf-8")
    if json:
        named = {name.replace(" ", "_"): changes for name, changes in found.parts}
        rows = {name: [{"product": c.product.id, "before": c.before, "after": c.after} for c in changes]
                for name, changes in named.items()}  # fmt: skip
        print_json(rows | {"notes": notes, "counts": [asdict(row) for row in counts]})
        return
    say("\n".join([*notes, *lines(found)]))
    if export is not None:
        say(f"page     {export}")


def _counts(night: Night, moves: Sequence[str]) -> list[ThresholdRow]:
    """How many scores each moved threshold lets in or turns away."""
    return thresholds.counted(night, thresholds.moved(night.settings.choice, moves)) if moves else []


def _tried(night: Night, asked: str) -> "Tried":
    from desk.candidate import of_model

    model, _, digest = asked.partition("=")
    if model not in MODELS or not re.fullmatch("[0-9a-f]{1,64}", digest):
        names = ", ".join(MODELS)
        raise WrongInput("--model", None, f"{asked[:60]}: must be MODEL=DIGEST, such as text=1989bd8e; models: {names}")
    return of_model(night, model, release_of(model, digest, night.settings.models))
