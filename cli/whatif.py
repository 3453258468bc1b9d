"""`whatif`: what another mapping file or threshold would change in the index, in products and pictures."""

from pathlib import Path
from typing import Annotated

import typer

from cli.context import Json, open_night, print_json, writing
from cli.terminal import say
from schemas.errors import WrongInput


def whatif(
    mapping: Annotated[Path | None, typer.Option(help="A mapping file, wherever it lies.")] = None,
    threshold: Annotated[str | None, typer.Option(help="NAME=VALUE, such as text=0.7.")] = None,
    export: Annotated[Path | None, typer.Option(help="Write a page with pictures to this one file.")] = None,
    json: Json = False,
) -> None:
    """Show which products a mapping file or a threshold would add, take out and move. Nothing is changed."""
    from desk.loading import shops_of
    from desk.thumbnails import reader
    from desk.what_if import lines, of_mapping, of_threshold, page
    from jobs.answers.thumbnails import stored_places

    if (mapping is None) == (threshold is None):
        raise WrongInput("whatif", None, "give either --mapping FILE or --threshold NAME=VALUE")
    night = open_night(quiet=True)
    shops = shops_of(night)
    found = of_mapping(night, shops, mapping) if mapping else of_threshold(night, shops, str(threshold))
    if export is not None:
        title = f"What if: {mapping.name if mapping else threshold}"
        with writing(export):
            export.write_text(page(title, found, reader(night.store, stored_places(night.tables))), encoding="utf-8")
    if json:
        named = {name.replace(" ", "_"): changes for name, changes in found.parts}
        print_json({name: [{"product": c.product.id, "before": c.before, "after": c.after} for c in changes]
                    for name, changes in named.items()})  # fmt: skip
        return
    say("\n".join(lines(found)))
    if export is not None:
        say(f"page     {export}")
