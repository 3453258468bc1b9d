"""Trains the text model: `python -m training.text --data FOLDER --out models`."""

import argparse
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from training.split import Part
from training.text_data import Row, lexicon, names, out_of_scope_feeds, styles, table, titles
from training.text_export import Fitted, promote, weights_file, write
from training.text_linear import Fit, fitted
from training.text_rows import GENDER_ANSWERS, Vocabulary, features, language_of, matrix, one_hot, vocabulary
from training.text_split import part, shop
from udfs.text.classify import UNSAID
from udfs.text.features import Found, Text
from udfs.text.language import LANGUAGES
from udfs.text.lexicon import Lexicon
from udfs.text.normalise import plain

LEAST_ROWS = 3
FEATURES = 110_000
"""Features kept, by how much they move the scores; bounds the file."""

BALANCE = 0.4
NAME_LIMIT = 100


def main(arguments: Sequence[str] | None = None) -> None:
    """Read, fit, write, promote."""
    parser = argparse.ArgumentParser(prog="python -m training.text", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with labelled titles, catalogues and feeds")
    parser.add_argument("--out", type=Path, required=True, help="folder of models")
    options = parser.parse_args(arguments)
    rows = [row for row in labelled(options.data) if part(row) == Part.TRAIN]
    model = fit(rows, named())
    about = {
        "task": "text",
        "answers": model.answers,
        "temperature": {language: 1.0 for language in LANGUAGES},
        "numeric_class": "fp32",
    }
    folder = write(options.out, weights_file(model), about, "# Text model\n")
    promote(options.out, "text", folder.name)
    print(folder)


def labelled(folder: Path) -> list[Row]:
    """Every row that trains or measures: titles, catalogues, category names, garment names and feeds out of scope."""
    listed = [Row(Text(name.rstrip("*")), language, "lexicon", leaf, "name") for leaf, language, name in lexicon()]
    return titles(folder) + styles(folder) + names(folder) + out_of_scope_feeds(folder) + listed


def named() -> Lexicon:
    """The hand-written names as plain text; a name of two leaves goes to the one listed first."""
    leaves: dict[str, str] = {}
    for leaf, _, name in lexicon():
        leaves.setdefault(plain(name, NAME_LIMIT), leaf)
    return Lexicon(leaves)


def row_weights(rows: Sequence[Row], power: float = BALANCE) -> np.ndarray:
    """How much each row counts: rows of a shop's common leaves less, so that no shop and no leaf drowns the rest."""
    counts = Counter((shop(row), row.leaf) for row in rows)
    weight = np.array([counts[shop(row), row.leaf] ** -power for row in rows], dtype=np.float32)
    return weight / weight.mean()


def fit(rows: Sequence[Row], names: Lexicon) -> Fitted:
    """The three heads of a model; the features that matter least to any of them are dropped."""
    found = features(rows, names)
    words = vocabulary(found, len(rows), LEAST_ROWS)
    sparse = matrix(found, len(rows), words)
    leaves = sorted({row.leaf for row in rows})
    answers = {"leaf": leaves, "gender": GENDER_ANSWERS, "language": LANGUAGES}
    weight = row_weights(rows)
    leaf = fitted(sparse, one_hot([row.leaf for row in rows], leaves), weight, Fit())
    language = fitted(sparse, one_hot([language_of(row) for row in rows], LANGUAGES), weight, Fit(epochs=4))
    told = np.flatnonzero([row.gender is not None for row in rows])
    said = one_hot([rows[place].gender or UNSAID for place in told], GENDER_ANSWERS)
    gender = fitted(sparse[told], said, weight[told], Fit(epochs=4))
    weights = np.concatenate([leaf, gender, language], axis=1)
    seen = np.bincount(sparse.indices, minlength=len(words.keys))
    worth = np.abs(weights[:-1]).max(axis=1) * words.idf * np.sqrt(seen)
    kept = np.sort(np.argsort(-worth, kind="stable")[:FEATURES])
    return Fitted(Vocabulary(words.keys[kept], words.idf[kept]), weights[np.append(kept, -1)], names, answers)


if __name__ == "__main__":
    main()
