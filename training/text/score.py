"""Scores the promoted text model over labelled folders, which are known by the columns of their tables."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from training.data.tables import DataError
from training.text.corrections import corrected_rows
from training.text.data import STYLE_COLUMNS, TITLE_COLUMNS, Row, styles, table, tables, titles
from training.text.export import TRAINED, text_key
from training.text.figures import Answers, column, curve, f1_of_leaves, figures, macro_f1
from udfs.runtime.models import promoted
from udfs.text.classify import NEEDED, classify
from udfs.text.model import load

BATCH = 1000
TOLD = (TITLE_COLUMNS, STYLE_COLUMNS)
_BATCH_SCHEMA = pa.schema(
    [(name, pa.list_(pa.string()) if name == "category_path" else pa.string()) for name in NEEDED]
)


def score(folders: Sequence[Path], models_root: Path, trained_too: bool = False) -> dict[str, Any]:
    """Figures of the promoted model over the texts that it was not trained on; `trained_too`: over all.

    `macro_f1`, `right_at_85`, `answered_at_995`, `gender_accuracy` are of title tables (catalogues of
    `productDisplayName` where there is no other), `leaves` F1 by leaf; the same `by_language` and `by_basis`.
    `left_out` says how many texts do not count, and why. `DataError` where no folder holds a labelled text that counts.
    """
    folder = promoted("text", models_root)
    listed, rows = read_rows(folders)
    counted = rows if trained_too else unseen(rows, folder)
    if not counted:
        places = ", ".join(map(str, folders))
        raise DataError(f"{places}: no labelled text that the model was not trained on")
    left_out = {"trained_on": len(rows) - len(counted), "no_single_leaf": listed - len(rows)}
    return {"model": folder.name, **report(answered(counted, folder)), "left_out": left_out}


def read_rows(folders: Sequence[Path]) -> tuple[int, list[Row]]:
    """How many texts are listed, and those with one leaf, corrected."""
    try:
        listed = sum(len(table(path)) for needed in TOLD for place in folders for path in tables(place, needed))
        return listed, corrected_rows([row for place in folders for row in (*titles(place), *styles(place))])
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{', '.join(map(str, folders))}: a table cannot be read ({error})") from error


def unseen(rows: Sequence[Row], release: Path) -> list[Row]:
    """The rows whose text the release was not trained on."""
    trained = set(np.load(release / TRAINED, allow_pickle=False).tolist())
    return [row for row in rows if text_key(row.text) not in trained]


def answered(rows: Sequence[Row], folder: Path) -> Answers:
    """What the model in a folder says of the rows' texts alone: no category path, no stated gender."""
    return compared(rows, answers_of(rows, folder))


def answers_of(rows: Sequence[Row], folder: Path) -> list[dict[str, Any]]:
    """`leaf`, `probability`, `gender` and the best `leaves` of each row's text."""
    model = load(folder)
    answers: list[dict[str, Any]] = []
    for first in range(0, len(rows), BATCH):
        texts = [row.text for row in rows[first : first + BATCH]]
        batch = pa.RecordBatch.from_pylist(
            [{"title": text.title, "description": text.description, "brand": text.brand} for text in texts],
            schema=_BATCH_SCHEMA,
        )
        answers += classify(batch, model).select(["leaf", "probability", "gender", "leaves"]).to_pylist()
    return answers


def compared(rows: Sequence[Row], answers: Sequence[Mapping[str, Any]]) -> Answers:
    """Rows beside what `answers_of` gave."""
    leaves, probability, genders = ([answer[name] for answer in answers] for name in ("leaf", "probability", "gender"))
    return table_of(rows, leaves, probability, genders)


def table_of(
    rows: Sequence[Row], leaves: Sequence[str | None], probability: Sequence[float], genders: Sequence[str | None]
) -> Answers:
    """Rows beside their answers."""
    brands: dict[str, set[str]] = {}
    for row in rows:
        brands.setdefault(row.source, set()).add(row.text.brand)
    group = [_group(row, number, len(brands[row.source])) for number, row in enumerate(rows)]
    names, place = np.unique(column([*(row.leaf for row in rows), *leaves]), return_inverse=True)
    return Answers(
        names=tuple(map(str, names)),
        leaf=place[: len(rows)],
        found=place[len(rows) :],
        probability=np.array(probability, dtype=float),
        language=column([row.language for row in rows]),
        basis=column([row.basis for row in rows]),
        group=column(group),
        gender=column([row.gender for row in rows]),
        gender_found=column(genders),
    )


def _group(row: Row, number: int, brands: int) -> str:
    """What is drawn together: a catalogue's brand, a shop's brand where it has several, else the row."""
    if row.basis == "styles" or (brands > 1 and row.text.brand):
        return f"{row.source}/{row.text.brand}"
    return f"{row.source}#{number}"


def report(answers: Answers) -> dict[str, Any]:
    """All figures: overall, by language, by basis and of catalogues."""
    catalogue = answers.basis == "styles"
    shops = answers.where(~catalogue)
    leading = shops if (~catalogue).any() else answers
    ones = np.ones(len(leading.leaf))
    return {
        **figures(leading),
        "leaves": {name: round(value, 4) for name, value in f1_of_leaves(leading, ones).items()},
        "by_language": _by(leading, leading.language),
        "by_basis": _by(answers, answers.basis),
    }


def curves(answers: Answers) -> dict[str, dict[str, float]]:
    """How much can be answered at each share right: of the shops, by language, and of each basis."""
    shops = answers.where(answers.basis != "styles")
    parts = {"shops, all languages": shops}
    parts |= {str(name): shops.where(shops.language == name) for name in np.unique(shops.language)}
    parts |= {f"basis {name}": answers.where(answers.basis == name) for name in np.unique(answers.basis)}
    return {name: curve(part) for name, part in parts.items()}


def _by(answers: Answers, names: np.ndarray) -> dict[str, Any]:
    return {str(name): figures(answers.where(names == name), macro_f1) for name in np.unique(names)}
