"""The baseline for the text model: TF-IDF of characters (2-5) and words (1-2), logistic regression by SGD.

`python -m training.text.baseline --data FOLDER --out training/text/baseline.json` measures it on the splits of the
model, title and description as one text. Only the figures are kept.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import SGDClassifier
from sklearn.pipeline import make_pipeline, make_union

from training.data.split import Part
from training.progress import Progress
from training.text.card import groups
from training.text.corrections import corrected_rows
from training.text.data import Row, styles, titles
from training.text.figures import Answers
from training.text.score import report, table_of
from training.text.split import FOLDS, folds, part, shop
from training.text.train import thinned

EPOCHS, PENALTY, SEED = 6, 1e-6, 7
DESCRIPTION_LIMIT = 500


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(prog="python -m training.text.baseline", description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args(arguments)
    rows = corrected_rows(titles(options.data) + styles(options.data))
    figures = {"unseen_shops": _short(report(unseen_shops(rows))), "validation": _short(report(validation(rows)))}
    options.out.write_text(json.dumps(figures, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def unseen_shops(rows: Sequence[Row]) -> Answers:
    """Every row answered by a fit without its shop."""
    fold = folds(rows)
    progress = Progress("baseline: shops left out", FOLDS)
    asked: list[Row] = []
    answers: list[tuple[str, float]] = []
    for number in range(FOLDS):
        test = [row for row in rows if fold[shop(row)] == number]
        answers += _answered(thinned([row for row in rows if fold[shop(row)] != number]), test)
        asked += test
        progress.reached(number + 1)
    return _table(asked, answers)


def validation(rows: Sequence[Row]) -> Answers:
    """The kept rows answered by a fit on the rest."""
    kept = [row for row in rows if part(row) == Part.VALIDATION]
    return _table(kept, _answered([row for row in rows if part(row) == Part.TRAIN], kept))


def _answered(train: Sequence[Row], test: Sequence[Row]) -> list[tuple[str, float]]:
    words = TfidfVectorizer(ngram_range=(1, 2), min_df=3, sublinear_tf=True, dtype=np.float32)
    letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), min_df=3, sublinear_tf=True, dtype=np.float32)
    learner = SGDClassifier(loss="log_loss", alpha=PENALTY, max_iter=EPOCHS, tol=None, random_state=SEED)
    model = make_pipeline(make_union(letters, words), learner)
    model.fit([_text(row) for row in train], [row.leaf for row in train])
    chances = model.predict_proba([_text(row) for row in test])
    best = chances.argmax(axis=1)
    return [(str(model.classes_[place]), float(chances[row, place])) for row, place in enumerate(best)]


def _text(row: Row) -> str:
    return f"{row.text.title} {row.text.description[:DESCRIPTION_LIMIT]}"


def _table(rows: Sequence[Row], answers: Sequence[tuple[str, float]]) -> Answers:
    nobody = [None] * len(rows)
    return table_of(rows, [leaf for leaf, _ in answers], [chance for _, chance in answers], nobody)


def _short(figures: dict[str, Any]) -> dict[str, Any]:
    """The figures without gender, which the baseline does not predict, and without single leaves."""
    kept = ("macro_f1", "accuracy", "right_at_85", "answered_at_995")
    return {name: {key: values[key]["value"] for key in kept} for name, values in groups(figures).items()}


if __name__ == "__main__":
    main()
