"""Classifies texts: category and gender. Takes an Arrow batch of texts, gives an Arrow batch of answers."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from schemas.tables import TEXTS
from udfs.text.features import OPENING_LIMIT, TITLE_LIMIT, Text
from udfs.text.gender import named, stated
from udfs.text.language import LATIN, by_letters
from udfs.text.model import TextModel
from udfs.text.normalise import plain

BEST = 5
"""Leaves kept of each text."""

OTHER = "other"
UNSAID = "unsaid"
"""The model's answer for a text that does not say for whom; null in the table."""

NAMED = 4.0
"""Added to the score of a gender that the title names: it is right 98% of the time where shops state one too."""

NEEDED = ("title", "description", "brand", "category_path", "gender")
ANSWERS = pa.schema(
    [TEXTS.schema.field(name) for name in ("language", "leaf", "probability", "gender", "gender_probability", "leaves")]
)


def classify(batch: pa.RecordBatch, model: TextModel) -> pa.RecordBatch:
    """`ANSWERS` of the texts in columns `NEEDED`, row by row.

    The best leaf is always given, with its calibrated probability: what is too doubtful is decided where it is read.
    A text in which the model knows nothing has no leaf, and probability 0. A stated gender that is understood goes
    before the text's, with probability 1.
    """
    texts = [
        Text(title or "", description or "", brand or "", tuple(step for step in path or () if step))
        for title, description, brand, path in zip(
            *(batch.column(name).to_pylist() for name in NEEDED[:-1]), strict=True
        )
    ]
    scores, known = model.scores(texts)
    languages = _languages(texts, scores[:, model.head("language")], model.answers["language"])
    leaves = _leaves(model, scores[:, model.head("leaf")], languages, known)
    raised = gender_scores(texts, scores[:, model.head("gender")], model.answers["gender"])
    genders = _genders(model, raised, known, batch.column("gender").to_pylist())
    return pa.RecordBatch.from_arrays(
        [
            pa.array(languages, pa.string()),
            pa.array([best[0]["leaf"] if best else None for best in leaves], pa.string()),
            pa.array([best[0]["probability"] if best else 0.0 for best in leaves], pa.float32()),
            pa.array([gender for gender, _ in genders], pa.string()),
            pa.array([probability for _, probability in genders], pa.float32()),
            pa.array(leaves, ANSWERS.field("leaves").type),
        ],
        schema=ANSWERS,
    )


def probabilities(scores: np.ndarray) -> np.ndarray:
    """Softmax of each row alone, float64 (N, K)."""
    raised = np.exp(scores.astype(np.float64) - scores.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)


def calibrated(chances: np.ndarray, certainty: Sequence[Sequence[float]]) -> np.ndarray:
    """Probabilities (N, K) whose largest is moved along the knots of `certainty`; the others share what it leaves.

    The knots rise, so that which answer is surer than which stays as it was.
    """
    best = chances.argmax(axis=1)[:, None]
    said = np.take_along_axis(chances, best, axis=1)
    right = np.interp(said, certainty[0], certainty[1])
    moved = np.minimum(chances * ((1 - right) / np.maximum(1 - said, 1e-12)), right)
    np.put_along_axis(moved, best, right, axis=1)
    return moved


def _languages(texts: Sequence[Text], scores: np.ndarray, names: Sequence[str]) -> list[str]:
    latin = [names.index(name) for name in LATIN]
    guessed = scores[:, latin].argmax(axis=1)
    found = []
    for text, guess in zip(texts, guessed, strict=True):
        read = f"{plain(text.title, TITLE_LIMIT)} {plain(text.description, OPENING_LIMIT)}"
        found.append(by_letters(read) or (LATIN[guess] if read.strip() else OTHER))
    return found


def _leaves(
    model: TextModel, scores: np.ndarray, languages: Sequence[str], known: np.ndarray
) -> list[list[dict[str, Any]]]:
    temperature = np.array([model.temperature[language] for language in languages])
    chances = calibrated(probabilities(scores / temperature[:, None]), model.certainty)
    order = np.argsort(-chances, axis=1, kind="stable")[:, :BEST]
    names = model.answers["leaf"]
    return [
        [{"leaf": names[place], "probability": chances[row, place]} for place in order[row]] if known[row] else []
        for row in range(len(scores))
    ]


def gender_scores(texts: Sequence[Text], scores: np.ndarray, names: Sequence[str]) -> np.ndarray:
    """Gender scores (N, K) in which the gender that a title names is raised, and `UNSAID` is out where one is named.

    The names are in many languages, the labelled rows in three: what is learnt alone would not carry over.
    """
    raised = scores.copy()
    for row, text in enumerate(texts):
        gender = named(plain(text.title, TITLE_LIMIT))
        if gender:
            raised[row, names.index(gender)] += NAMED
            raised[row, names.index(UNSAID)] = -np.inf
    return raised


def _genders(
    model: TextModel, scores: np.ndarray, known: np.ndarray, said: Sequence[str | None]
) -> list[tuple[str | None, float]]:
    chances = probabilities(scores)
    best = chances.argmax(axis=1)
    names = model.answers["gender"]
    answers: list[tuple[str | None, float]] = []
    for row, value in enumerate(said):
        gender = stated(value)
        if gender:
            answers.append((gender, 1.0))
        elif known[row]:
            found = names[best[row]]
            answers.append((None if found == UNSAID else found, float(chances[row, best[row]])))
        else:
            answers.append((None, 0.0))
    return answers
