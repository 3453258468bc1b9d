"""`models list` and `models score`: what is promoted, and how good it is on labelled data."""

from pathlib import Path
from typing import Annotated

import typer

from cli.context import Json, print_json
from jobs.models import MODELS, about, release_folder
from schemas.errors import WrongInput
from schemas.settings import read_settings

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
    json: Json = False,
) -> None:
    """Run a promoted model over labelled data and print its figures with their 95% intervals."""
    from training.scores import score as score_model  # brings what training needs, which no night loads

    missing = [str(folder) for folder in folders if not folder.is_dir()]
    if missing:
        raise WrongInput(missing[0], None, "no such folder")
    figures = score_model(model, folders, read_settings().models)
    if json:
        print_json(figures)
        return
    for name, value in figures.items():
        typer.echo(f"{name:<24} {value}")
