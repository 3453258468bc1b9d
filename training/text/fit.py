"""Fits the three heads of a text model, and answers rows with a fit that is not yet a file."""

from collections import Counter
from collections.abc import Hashable, Sequence

import numpy as np

from training.text.augment import told_genders, with_paths, without_lone_descriptions
from training.text.data import Row, lexicon, yields
from training.text.export import Fitted
from training.text.linear import Fit, Lesson, fitted
from training.text.rows import (
    GENDER_ANSWERS,
    Vocabulary,
    features,
    language_of,
    matrix,
    one_hot,
    vocabulary,
)
from training.text.spellings import with_spellings
from training.text.split import shop
from udfs.text.language import ANSWERS as LANGUAGE_ANSWERS
from udfs.text.lexicon import Lexicon, in_its_place
from udfs.text.normalise import plain

LEAST_ROWS = 4
"""Rows that a feature must have: rarer ones are model numbers."""

FEATURES = 110_000
"""Features kept, by how much they move the scores; bounds the file to about 6 MB."""

BALANCE = 0.6

COPIES_WEIGHT = 0.3
"""Of a row learnt once more on its path: at 1 the titles of unseen shops lose 1.2 points of F1."""

NAME_LIMIT = 100


def garment_names() -> Lexicon:
    """The hand-written names and their other spellings; a name of two leaves goes to the one listed first."""
    leaves: dict[str, str] = {}
    languages: dict[str, str] = {}
    for leaf, language, name in lexicon():
        written = in_its_place(plain(name, NAME_LIMIT))
        leaves.setdefault(written, leaf)
        languages.setdefault(written, language)
    return Lexicon(with_spellings(leaves, languages), yields())


def row_weights(keys: Sequence[Hashable]) -> np.ndarray:
    """How much each row counts, mean 1: rows of what is common less, so that no shop and no answer drowns the rest."""
    counts = Counter(keys)
    weight = np.array([counts[key] ** -BALANCE for key in keys], dtype=np.float32)
    return weight / weight.mean()


def fit(rows: Sequence[Row], names: Lexicon, leaves: Sequence[str], seed: int) -> Fitted:
    """The heads over leaf, gender and language; the features that matter least to any of them are dropped."""
    told = without_lone_descriptions(rows)
    rows = with_paths(told)
    copied = np.arange(len(rows)) >= len(told)
    found = features(rows, names)
    words = vocabulary(found, len(rows), LEAST_ROWS)
    sparse = matrix(found, len(rows), words)
    shops = [shop(row) for row in rows]

    def head(answers: Sequence[str | None], of: Sequence[str], pace: Fit) -> np.ndarray:
        place = [number for number, answer in enumerate(answers) if answer is not None]
        given = [answer for answer in answers if answer is not None]
        copies = copied[place]
        weight = row_weights(list(zip((shops[number] for number in place), given, copies.tolist(), strict=True)))
        weight = weight * np.where(copies, np.float32(COPIES_WEIGHT), np.float32(1))
        return fitted(Lesson(sparse[place], one_hot(given, of), weight, words.kinds), pace)

    weights = np.concatenate(
        [
            head([row.leaf for row in rows], leaves, Fit(seed=seed)),
            head(told_genders(rows), GENDER_ANSWERS, Fit(epochs=4, seed=seed)),
            head([language_of(row) for row in rows], LANGUAGE_ANSWERS, Fit(epochs=4, seed=seed)),
        ],
        axis=1,
    )
    seen = np.bincount(sparse.indices, minlength=len(words.keys))
    worth = np.abs(weights[:-1]).max(axis=1) * words.idf * np.sqrt(seen)
    kept = np.sort(np.argsort(-worth, kind="stable")[:FEATURES])
    answers = {"leaf": list(leaves), "gender": list(GENDER_ANSWERS), "language": list(LANGUAGE_ANSWERS)}
    return Fitted(
        Vocabulary(words.keys[kept], words.idf[kept], words.kinds[kept]), weights[np.append(kept, -1)], names, answers
    )


def scores(model: Fitted, rows: Sequence[Row]) -> np.ndarray:
    """Scores (N, K) of rows by a fit."""
    sparse = matrix(features(rows, model.lexicon), len(rows), model.vocabulary)
    return sparse @ model.weights[:-1] + model.weights[-1]
