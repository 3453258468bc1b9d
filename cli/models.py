"""`models list` and `models score`: what is promoted, and how good it is on labelled data."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.context import Json, print_json
from jobs.models import MODELS, about, release_folder
from schemas.errors import WrongInput
from schemas.settings import read_settings
from udfs.runtime.providers import THREADS

app = typer.Typer(help="See the promoted models, and score them.", no_args_is_help=True)


@app.command("list")
def list_models(json: Json = False) -> None:
    """List the promoted models with their digests and figures."""
    root = read_settings().models
    found = [about(release_folder(name, root)) for name in MODELS]
    if json:
        print_json([{name: model.get(name) for name in ("name", "digest", "task", "figures")} for model in found])
        return
    for model in found:
        typer.echo(f"{model['name']:<8} {model['digest'][:12]}  {model['task']}")


@app.command()
def score(
    model: Annotated[str, typer.Argument(help="screen, classify or text.")],
    folders: Annotated[
        list[Path], typer.Argument(help="Labelled data; its form is known by the columns of its index.")
    ],
    everything: Annotated[
        bool, typer.Option("--all", help="Count what the model was trained on too; else it is left out.")
    ] = False,
    json: Json = False,
) -> None:
    """Run a promoted model over labelled data and print its figures with their 95% intervals."""
    from training.scores import score as score_model  # brings what training needs, which no night loads

    os.environ.setdefault(THREADS, str(os.cpu_count() or 1))
    missing = [str(folder) for folder in folders if not folder.is_dir()]
    if missing:
        raise WrongInput(missing[0], None, "no such folder")
    figures = score_model(model, folders, read_settings().models, everything)
    if json:
        print_json(figures)
        return
    for line in _lines(figures):
        typer.echo(line)


def _lines(figures: Mapping[str, Any], indent: str = "") -> Iterator[str]:
    """One line a figure, with its interval where it has one."""
    for name, value in figures.items():
        if isinstance(value, Mapping) and "low" not in value:
            yield f"{indent}{name}"
            yield from _lines(value, indent + "  ")
        elif isinstance(value, Mapping):
            said = "nothing to count" if value["value"] is None else f"{value['value']:.4f}"
            count = f"   of {value['count']}" if "count" in value else ""
            interval = f"   95%: {value['low']} to {value['high']}" if value["value"] is not None else ""
            yield f"{indent + name:<28} {said}{interval}{count}"
        else:
            yield f"{indent + name:<28} {', '.join(map(str, value)) if isinstance(value, list) else value}"
