"""`models`: which releases are promoted, how good they are on labelled data, and promotion and rollback."""

import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.context import Json, open_night, print_json
from cli.terminal import say
from jobs.engine.models import MODELS, PromotedModel, about, release_folder
from jobs.live.functions import embed_function
from jobs.live.second import filled
from jobs.run import fill_embedding, run_stages
from schemas.errors import WrongInput
from schemas.settings import read_settings
from training.release import promotion
from udfs.runtime.device import THREADS
from udfs.runtime.models import release_of


def _known(model: str) -> str:
    if model not in MODELS:
        raise WrongInput("models", None, f"{model}: there is no such model; choose one of {', '.join(MODELS)}")
    return model


ModelName = Annotated[str, typer.Argument(help=f"One of {', '.join(MODELS)}.", callback=_known)]
SCORED = ("screen", "classify", "detect", "embed", "text", "dedup")
"""What can be scored. `classify` is the garment class, which the release of `screen` also predicts; `dedup` is a rule,
and what is scored is the one of this program."""
STAGE_OF = {"screen": "screen", "text": "classify", "detect": "detect", "embed": "embed"}
"""The stage that each model's answers belong to."""

app = typer.Typer(help="List, score, fill, promote and roll back models.", no_args_is_help=True)


@app.command("list")
def list_models(json: Json = False) -> None:
    """List the promoted models with their digests and tasks; --json adds their figures."""
    root = read_settings().models
    found = [about(release_folder(name, root)) for name in MODELS]
    if json:
        print_json([{name: model.get(name) for name in ("name", "digest", "task", "figures")} for model in found])
        return
    for model in found:
        say(f"{model['name']:<8} {model['digest'][:12]}  {model['task']}")


@app.command()
def score(
    model: Annotated[str, typer.Argument(help=f"One of {', '.join(SCORED)}.")],
    folders: Annotated[
        list[Path], typer.Argument(help="Folders of labelled data; the columns of their tables tell the kind of data.")
    ],
    everything: Annotated[
        bool, typer.Option("--all", help="Include the training data too. Default: held-out data only.")
    ] = False,
    json: Json = False,
) -> None:
    """Run a promoted model on labelled data and print its figures with 95% intervals."""
    from training.quality.scores import score as score_model  # brings what training needs, which no night loads

    os.environ.setdefault(THREADS, str(os.cpu_count() or 1))
    _there(folders)
    if model in SCORED:
        _labelled(model, folders)
    figures = score_model(model, folders, read_settings().models, everything)
    if json:
        print_json(figures)
        return
    for line in _lines(figures):
        say(line)


@app.command()
def promote(
    model: ModelName,
    digest: Annotated[
        str, typer.Argument(help="Digest of the release (its folder under models/MODEL), or its first characters.")
    ],
    because: Annotated[
        str | None, typer.Option(help="Promote even if the release is worse, for this reason (kept in the history).")
    ] = None,
) -> None:
    """Make a release the one that nights use. Refused if a guarded figure is worse than its interval allows, and for
    an embedding while a live garment has no vector by it."""
    root = read_settings().models
    folder = release_of(model, digest, root)
    PromotedModel(folder).verify()
    if model == "embed" and not because:
        _check_filled(folder)
    done = promotion.promote(model, digest, root, because)
    say(f"{model}: {done.digest} is promoted; before it: {done.previous or 'none'}")


@app.command()
def rollback(model: ModelName) -> None:
    """Promote the previous release again."""
    root = read_settings().models
    done = promotion.rollback(model, root)
    say(f"{model}: {done.digest} is promoted again ({done.because})")


@app.command()
def fill(
    model: ModelName,
    digest: Annotated[
        str, typer.Argument(help="Digest of the candidate (its folder under models/MODEL), or its first characters.")
    ],
    seconds: Annotated[
        float | None,
        typer.Option(min=0, help="Stop after about so long; the next call goes on. Default: when all is done."),
    ] = None,
) -> None:
    """Run a candidate on everything that is live, so that the night after its promotion is short."""
    night = open_night()
    night.candidates[model] = release_of(model, digest, night.settings.models)
    night.until = None if seconds is None else time.time() + seconds
    night.check()
    if model != "embed":
        run_stages(night, [STAGE_OF[model]])
        return
    counts = fill_embedding(night)
    have, garments = filled(night, embed_function(night))
    night.progress.say(
        f"embed {night.candidates[model].name}: {have} of {garments} live garments have a vector "
        f"({counts.done} made, {counts.rejected} rejected)"
    )


def _check_filled(folder: Path) -> None:
    """Raises PromotionRefused while a live garment has no vector by an embedding."""
    night = open_night(quiet=True)
    night.candidates["embed"] = folder
    have, garments = filled(night, embed_function(night))
    if have < garments:
        text = (
            f"{garments - have} of {garments} live garments have no vector by it; first `selvedge models fill embed "
            f"{folder.name}`; to promote it anyway, give --because REASON"
        )
        raise promotion.PromotionRefused(folder, None, text)


@app.command()
def report(
    model: Annotated[str, typer.Argument(help="screen, classify or text.")],
    folders: Annotated[list[Path], typer.Argument(help="Labelled data, as for score.")],
    release: Annotated[str | None, typer.Option(help="Digest of the release. Default: the promoted one.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the page. Default: the folder of the run reports.")
    ] = None,
    rows: Annotated[
        int | None,
        typer.Option(min=0, help="Largest number of mistakes, and of rows worth labelling, to show. 0: figures only."),
    ] = None,
) -> None:
    """Write the quality report of a release: figures next to the previous release, mistakes, rows worth labelling."""
    from training.quality.judge import Subject
    from training.quality.judge import report as write_report

    settings = read_settings()
    os.environ.setdefault(THREADS, str(os.cpu_count() or 1))
    _there(folders)
    say(write_report(Subject(model, folders, release, rows), settings.models, out or settings.reports))


def _there(folders: list[Path]) -> None:
    for folder in folders:
        if not folder.is_dir():
            raise WrongInput(folder, None, "there is no such folder")


def _labelled(model: str, folders: list[Path]) -> None:
    """Raises WrongInput if no folder has a table of the kind that the model needs."""
    from training.data.labelled import SIGNS, expanded, kind_of
    from training.text.data import tables
    from training.text.score import TOLD

    if model == "text":
        known = any(tables(folder, columns) for folder in folders for columns in TOLD)
        sought = [f"a table with {', '.join(sorted(columns))}" for columns in TOLD]
    else:
        known = any(map(kind_of, expanded(folders)))
        sought = [f"{name} with {', '.join(sorted(columns))}" for _, name, columns in SIGNS]
    if not known:
        places = ", ".join(map(str, folders))
        raise WrongInput(places, None, f"no labelled data found; looked for {'; '.join(sought)}")


def _lines(figures: Mapping[str, Any], indent: str = "") -> Iterator[str]:
    """One line per figure, with its interval if it has one."""
    for name, value in figures.items():
        if value == {}:  # a group that nothing was counted for
            continue
        if isinstance(value, Mapping) and "low" not in value:
            yield f"{indent}{name}"
            yield from _lines(value, indent + "  ")
        elif isinstance(value, Mapping):
            said = "no rows" if value["value"] is None else f"{value['value']:.4f}"
            count = f"   of {value['count']}" if "count" in value else ""
            interval = f"   95%: {value['low']} to {value['high']}" if value["value"] is not None else ""
            yield f"{indent + name:<28} {said}{interval}{count}"
        else:
            yield f"{indent + name:<28} {', '.join(map(str, value)) if isinstance(value, list) else value}"
