"""Figures of a promoted picture model over labelled folders: what `selvedge models score` prints and reports show.

Folders are known by the columns of their tables. A picture that the model was trained on never counts; of the data
beside the project that leaves the validation part, of any other folder everything.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from schemas.tables import SCREEN_CLASSES
from training.data.labelled import Kind, expanded, kind_of
from training.data.street import read_street
from training.data.tables import pixels_of
from training.detect.average_precision import by_class
from training.detect.score import found_in
from training.quality.asked import CHUNK, Asked, garments_of
from training.quality.embedded import score_embed
from training.screen.classes import screen_pictures
from training.screen.report import at_kept, class_figures, figures
from udfs.pictures.screen import screen
from udfs.runtime.models import Model, load, promoted


def score(model_name: str, folders: Sequence[Path], models_root: Path, trained_too: bool = False) -> dict[str, Any]:
    """Figures with 95% intervals of the promoted model; `DataError` where no folder holds anything to score it by.

    `model_name`: screen, classify (the class of a single garment, in the same release as screen), detect, embed.
    `left_out` says how many pictures do not count, and why.
    """
    scorers: dict[str, Callable[[Asked], dict[str, Any]]] = {
        "screen": score_screen,
        "classify": score_classify,
        "detect": score_detect,
        "embed": score_embed,
    }
    if model_name not in scorers:
        raise ValueError(f"{model_name}: no such model; there are {', '.join(scorers)}")
    model = load(promoted("screen" if model_name == "classify" else model_name, models_root))
    return {"model": model.digest[:12], **scorers[model_name](Asked(model, expanded(folders), trained_too))}


class Seen(NamedTuple):
    """Answers of the filter to N readable pictures: `places` [N] among those asked for."""

    places: np.ndarray
    probabilities: np.ndarray
    depicts: list[str]


def look(model: Model, paths: Sequence[Path]) -> Seen:
    """Screen the files that can be read."""
    places: list[int] = []
    depicts: list[str] = []
    probabilities = [np.zeros((0, len(SCREEN_CLASSES)), np.float32)]
    for start in range(0, len(paths), CHUNK):
        read = [(place, pixels_of(paths[place])) for place in range(start, min(start + CHUNK, len(paths)))]
        good = [(place, pixels) for place, pixels in read if pixels is not None]
        found = screen([pixels for _, pixels in good], model)
        places.extend(place for place, _ in good)
        probabilities.append(found.probabilities)
        depicts.extend(found.depicts)
    return Seen(np.array(places, dtype=np.int64), np.concatenate(probabilities), depicts)


def score_screen(asked: Asked) -> dict[str, Any]:
    """`wanted_kept` and `<class>_rejected` at the release's own threshold; the same at 99.5% kept under `at_995`."""
    found = asked.pictures(tuple(Kind))
    labelled = dict(screen_pictures(found))
    pictures = asked.counting(labelled, "picture")
    seen = look(asked.model, [picture.path for picture in pictures])
    classes = np.array([labelled[picture] for picture in pictures])[seen.places]
    bound = asked.model.description.thresholds["reject_below"]
    return {
        **figures(seen.probabilities, classes, bound),
        "reject_below": bound,
        "at_995": at_kept(seen.probabilities, classes, 0.995) if (classes == 0).any() else {},
        "classes": list(SCREEN_CLASSES),
        "left_out": {
            "trained_on": len(labelled) - len(pictures),
            "unreadable": len(pictures) - len(classes),
            "other_label": sum(map(len, found.values())) - len(labelled),
        },
    }


def score_classify(asked: Asked) -> dict[str, Any]:
    """`accuracy` and `by_class` over pictures of single garments."""
    names = list(asked.model.description.classes["depicts"])
    found = garments_of(asked)
    labelled = [picture for picture in found if picture.label in names]
    pictures = asked.counting(labelled, "picture of a single garment")
    seen = look(asked.model, [picture.path for picture in pictures])
    truth = np.array([names.index(pictures[place].label) for place in seen.places])
    return {
        **class_figures(np.array([names.index(name) for name in seen.depicts]), truth, names),
        "left_out": {
            "trained_on": len(labelled) - len(pictures),
            "unreadable": len(pictures) - len(truth),
            "other_label": len(found) - len(labelled),
        },
    }


def score_detect(asked: Asked) -> dict[str, Any]:
    """`map50`, `map75` and average precision by class."""
    labelled = [photo for folder in asked.folders if kind_of(folder) is Kind.STREET for photo in read_street(folder)]
    photos = asked.counting(labelled, "photo")
    found = found_in(photos, asked.model)
    figures_at = {name: by_class(photos, found, bound) for name, bound in (("map50", 0.5), ("map75", 0.75))}
    means = {name: round(float(np.nanmean(list(classes.values()))), 4) for name, classes in figures_at.items()}
    averages = {name: round(value, 4) for name, value in figures_at["map50"].items()}
    left_out = {"trained_on": len(labelled) - len(photos)}
    return {**means, "photos": len(photos), "by_class": averages, "left_out": left_out}
