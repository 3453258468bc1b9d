"""Figures of a promoted picture model over labelled folders: what `selvedge models score` prints and reports show.

Folders are known by the columns of their tables. A picture that the model was trained on never counts; of the data
beside the project that leaves the validation part, of any other folder everything.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from schemas.tables import SCREEN_CLASSES
from training.average_precision import by_class
from training.intervals import share
from training.labelled import Kind, Picture, kind_of, read_folders
from training.screen_classes import screen_pictures
from training.screen_report import at_kept, class_figures, figures
from training.street import read_street
from training.tables import DataError, read_picture
from training.trained import unseen
from training.views import read_views, recall
from udfs.pictures.crops import WHOLE, crop
from udfs.pictures.detect import detect
from udfs.pictures.embed import embed
from udfs.pictures.screen import screen
from udfs.runtime.models import Model, load, promoted

CHUNK = 64
"""Pictures decoded at once: memory stays flat."""


def score(model_name: str, folders: Sequence[Path], models_root: Path) -> dict[str, Any]:
    """Figures with 95% intervals of the promoted model; `DataError` where no folder holds anything to score it by.

    `model_name`: screen, classify (the class of a single garment, in the same release as screen), detect, embed.
    """
    scorers: dict[str, Callable[[Model, Sequence[Path]], dict[str, Any]]] = {
        "screen": score_screen,
        "classify": score_classify,
        "detect": score_detect,
        "embed": score_embed,
    }
    if model_name not in scorers:
        raise ValueError(f"{model_name}: no such model; there are {', '.join(scorers)}")
    model = load(promoted("screen" if model_name == "classify" else model_name, models_root))
    return {"model": model.digest[:12], **scorers[model_name](model, folders)}


def _pictures(folders: Sequence[Path], kinds: Sequence[Kind]) -> dict[Kind, list[Picture]]:
    return read_folders([folder for folder in folders if kind_of(folder) in kinds])


def _nothing(folders: Sequence[Path], what: str) -> DataError:
    return DataError(f"{', '.join(map(str, folders))}: no labelled {what} that the model was not trained on")


def _screened(model: Model, paths: Sequence[Path]) -> tuple[np.ndarray, list[str]]:
    probabilities, depicts = [], []
    for start in range(0, len(paths), CHUNK):
        found = screen([read_picture(path) for path in paths[start : start + CHUNK]], model)
        probabilities.append(found.probabilities)
        depicts.extend(found.depicts)
    return np.concatenate(probabilities), depicts


def score_screen(model: Model, folders: Sequence[Path]) -> dict[str, Any]:
    """`wanted_kept` and `<class>_rejected` at the release's own threshold; the same at 99.5% kept under `at_995`."""
    labelled = dict(screen_pictures(_pictures(folders, tuple(Kind))))
    pictures = unseen(model.folder, labelled)
    if not pictures:
        raise _nothing(folders, "picture")
    probabilities, _ = _screened(model, [picture.path for picture in pictures])
    classes = np.array([labelled[picture] for picture in pictures])
    bound = model.description.thresholds["reject_below"]
    return {
        **figures(probabilities, classes, bound),
        "reject_below": bound,
        "at_995": at_kept(probabilities, classes, 0.995) if (classes == 0).any() else {},
        "classes": list(SCREEN_CLASSES),
    }


def score_classify(model: Model, folders: Sequence[Path]) -> dict[str, Any]:
    """`accuracy` and `by_class` over pictures of single garments."""
    names = list(model.description.classes["depicts"])
    found = _pictures(folders, (Kind.GARMENTS,)).get(Kind.GARMENTS, [])
    rows = unseen(model.folder, [picture for picture in found if picture.label in names])
    if not rows:
        raise _nothing(folders, "picture")
    _, depicts = _screened(model, [picture.path for picture in rows])
    truth = np.array([names.index(picture.label) for picture in rows])
    return class_figures(np.array([names.index(name) for name in depicts]), truth, names)


def score_detect(model: Model, folders: Sequence[Path]) -> dict[str, Any]:
    """`map50`, `map75` and average precision by class."""
    photos = [photo for folder in folders if kind_of(folder) is Kind.STREET for photo in read_street(folder)]
    photos = unseen(model.folder, photos)
    if not photos:
        raise _nothing(folders, "photo")
    found = []
    for start in range(0, len(photos), CHUNK):
        found.extend(detect([read_picture(photo.path) for photo in photos[start : start + CHUNK]], model))
    figures_at = {name: by_class(photos, found, bound) for name, bound in (("map50", 0.5), ("map75", 0.75))}
    means = {name: round(float(np.nanmean(list(classes.values()))), 4) for name, classes in figures_at.items()}
    return {**means, "photos": len(photos), "by_class": {k: round(v, 4) for k, v in figures_at["map50"].items()}}


def score_embed(model: Model, folders: Sequence[Path]) -> dict[str, Any]:
    """`recall_at_1`, `_5`, `_10` of a further view finding its product's first view; whole pictures are embedded."""
    views = [view for folder in folders if kind_of(folder) is Kind.CATALOG for view in read_views(folder)]
    asked = set(unseen(model.folder, views))
    if not asked:
        raise _nothing(folders, "view of a product")
    vectors = []
    for start in range(0, len(views), CHUNK):
        crops = [crop(read_picture(view.path), WHOLE) for view in views[start : start + CHUNK]]
        vectors.append(embed(crops, model).embedding)
    found = recall(np.concatenate(vectors), views, np.array([view in asked for view in views]))
    hits = {count: int(found.hits[:, :count].any(axis=1).sum()) for count in (1, 5, 10)}
    return {f"recall_at_{count}": share(hit, len(found.hits)) for count, hit in hits.items()}
