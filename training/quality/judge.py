"""Runs a release over labelled folders, row by row, for its quality report."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from schemas.errors import WrongInput
from schemas.tables import SCREEN_CLASSES
from training.data.corrections import sha256_of
from training.data.labelled import Kind, Picture, expanded
from training.data.tables import DataError, pixels_of
from training.quality.asked import CHUNK, Asked, garments_of
from training.quality.judged import Judged
from training.quality.report import Judgement, Page, previous_of, write_report
from training.release.promotion import promoted_digest
from training.screen.classes import screen_pictures
from training.screen.report import TARGETS, class_figures, figures
from training.text.corrections import key_of
from training.text.data import Row
from training.text.figures import Answers
from training.text.score import answers_of, compared, read_rows, unseen
from training.text.score import report as text_figures
from udfs.pictures.screen import chances
from udfs.runtime.models import Model, load, release_of

TEXT_TARGETS = {"macro_f1": 0.80, "right_at_85": 0.995, "answered_at_995": 0.85}
SCREEN_TARGETS = {"wanted_kept": 0.995} | {f"{name}_rejected": value for name, value in TARGETS.items()}
CLASS_TARGETS = {"accuracy": 0.92}
MODELS = ("screen", "classify", "text")

SHOWN = 90
"""Letters of a description that stand under a title."""

UNKNOWN = "unknown"
"""The answer to a text in which the model knows nothing."""


@dataclass(frozen=True)
class Subject:
    """A model over labelled folders; `digest` None is the promoted release, `rows` as in `Page`."""

    model: str
    folders: Sequence[Path]
    digest: str | None = None
    rows: int | None = None


def report(subject: Subject, root: Path, out: Path) -> Path:
    """Write the quality report of a release to a folder; returns the file."""
    model, folders = subject.model, subject.folders
    if model not in MODELS:
        raise WrongInput("models report", None, f"{model}: no such report; one of {', '.join(MODELS)}")
    name = "screen" if model == "classify" else model
    release = release_of(name, subject.digest or promoted_digest(name, root) or "", root)
    earlier = previous_of(name, release.name, root)
    releases = [release] + ([root / name / earlier] if earlier else [])
    places = list(folders) if model == "text" else expanded(folders)
    judged = _texts(places, releases) if model == "text" else _pictures(model, places, releases)
    key, targets = ("text_key", TEXT_TARGETS) if model == "text" else ("sha256", SCREEN_TARGETS | CLASS_TARGETS)
    before = (str(earlier), judged[1]) if earlier else None
    page = Page(model, key, targets, folders, False, subject.rows)
    return write_report(page, (release.name, judged[0]), before, out / f"{model}-{release.name}.html")


def _pictures(model: str, folders: Sequence[Path], releases: Sequence[Path]) -> list[Judgement]:
    """Judgements by each release of the pictures that the first was not trained on."""
    asked = Asked(load(releases[0]), folders)
    rows = _screened(asked) if model == "screen" else _single(asked)
    counted = set(asked.counting([picture for picture, _ in rows], "picture"))
    readable = [(picture, name) for picture, name in rows if picture in counted and pixels_of(picture.path) is not None]
    pictures, labels = [picture for picture, _ in readable], [name for _, name in readable]
    output = "screen" if model == "screen" else "depicts"
    return [_judged_pictures(load(release), output, pictures, labels) for release in releases]


def _screened(asked: Asked) -> list[tuple[Picture, str]]:
    return [(picture, SCREEN_CLASSES[name]) for picture, name in screen_pictures(asked.pictures(tuple(Kind)))]


def _single(asked: Asked) -> list[tuple[Picture, str]]:
    known = asked.model.description.classes["depicts"]
    return [(picture, picture.label) for picture in garments_of(asked) if picture.label in known]


def _judged_pictures(model: Model, output: str, pictures: Sequence[Picture], labels: Sequence[str]) -> Judgement:
    names = list(model.description.classes[output])
    chances = _chances(model, output, pictures)
    truth = np.array([names.index(label) for label in labels])
    if output == "screen":
        bound = model.description.thresholds["reject_below"]
        answer = np.where(chances[:, 0] >= bound, 0, 1 + chances[:, 1:].argmax(axis=1))
        found = figures(chances, truth, bound)
    else:
        answer = chances.argmax(axis=1)
        counted = class_figures(answer, truth, names)
        found = {"accuracy": counted["accuracy"], **counted["by_class"]}
    sources = [picture.source for picture in pictures]
    keys = [sha256_of(picture.path) for picture in pictures]
    judged = Judged(names, truth, answer, chances, sources)
    return Judgement(judged, found, keys, [picture.path for picture in pictures], [])


def _chances(model: Model, output: str, pictures: Sequence[Picture]) -> np.ndarray:
    """Probabilities float [N, C]."""
    found = []
    for start in range(0, len(pictures), CHUNK):
        opened = [pixels_of(picture.path) for picture in pictures[start : start + CHUNK]]
        found.append(getattr(chances([pixels for pixels in opened if pixels is not None], model), output))
    return np.concatenate(found)


def _texts(folders: Sequence[Path], releases: Sequence[Path]) -> list[Judgement]:
    """Judgements by each release of the texts that the first was not trained on."""
    rows = unseen(read_rows(folders)[1], releases[0])
    if not rows:
        raise DataError(f"{', '.join(map(str, folders))}: no labelled text that the model was not trained on")
    return [_judged_texts(release, rows) for release in releases]


def _judged_texts(release: Path, rows: Sequence[Row]) -> Judgement:
    answers = answers_of(rows, release)
    named = {row.leaf for row in rows} | {best["leaf"] for answer in answers for best in answer["leaves"]}
    place = {name: at for at, name in enumerate([*sorted(named), UNKNOWN])}
    chances = np.zeros((len(rows), len(place)))
    for at, answer in enumerate(answers):
        for best in answer["leaves"]:
            chances[at, place[best["leaf"]]] = best["probability"]
    truth = np.array([place[row.leaf] for row in rows])
    said = np.array([place[found["leaf"] or UNKNOWN] for found in answers])
    judged = Judged(list(place), truth, said, chances, [row.source for row in rows])
    texts = [" · ".join(filter(None, (row.text.title, row.text.brand, row.text.description[:SHOWN]))) for row in rows]
    return Judgement(judged, _text_figures(compared(rows, answers)), [key_of(row) for row in rows], [], texts)


def _text_figures(table: Answers) -> dict[str, Any]:
    found = text_figures(table)
    leading = ("macro_f1", "accuracy", "right_at_85", "answered_at_995", "gender_accuracy")
    rows = {name: found[name] for name in leading}
    for language, values in found["by_language"].items():
        rows |= {f"{name}, {language}": values[name] for name in leading}
    return rows
