"""Rates by category, curves, and which rows are worth a look; and the whole report of the promoted models."""

from pathlib import Path

import numpy as np
import pytest

from tests.training.data.test_labelled import folders, write
from tests.training.quality.test_scores import MODELS
from training.quality.judge import Subject, report
from training.quality.judged import A_GROUP, Judged, class_rows

__all__ = ["folders"]


@pytest.fixture
def judged() -> Judged:
    chances = np.array([[0.9, 0.1], [0.2, 0.8], [0.4, 0.6], [0.45, 0.55], [0.05, 0.95]])
    truth = np.array([0, 0, 0, 1, 1])
    return Judged(["top", "dress"], truth, chances.argmax(axis=1), chances, ["a", "a", "b", "b", "b"])


def test_rates_count_rows_of_a_category_and_rows_taken_for_it(judged: Judged) -> None:
    assert judged.rates(0) == (1 / 3, 0.0, 1.0)
    assert judged.rates(1) == (1.0, 2 / 3, 0.5)


def test_a_curve_falls_from_all_to_none(judged: Judged) -> None:
    curve = judged.curve(1)
    assert (curve.true_positive[0], curve.false_positive[0]) == (1.0, 1.0)
    assert (curve.true_positive[-1], curve.false_positive[-1]) == (0.0, 0.0)
    assert all(later <= earlier for earlier, later in zip(curve.true_positive, curve.true_positive[1:], strict=False))


def test_the_surest_mistake_comes_first(judged: Judged) -> None:
    assert judged.wrong().tolist() == [1, 2]


def test_what_teaches_is_doubtful_and_stands_for_many() -> None:
    chances = np.array([[0.52, 0.48]] + [[0.4, 0.6]] * 40)
    answers = chances.argmax(axis=1)
    many = Judged(["top", "dress"], answers, answers, chances, ["one"] + ["shop"] * 40)
    assert 0 not in many.teaching(A_GROUP).tolist(), "in more doubt, but it stands for itself alone"
    assert len(many.teaching(100)) == A_GROUP + 1


def test_the_release_before_stands_beside(judged: Judged) -> None:
    before = Judged(["dress", "top"], 1 - judged.truth, 1 - judged.truth, judged.chances[:, ::-1], judged.source)
    rows = class_rows(judged, before)
    assert [(row.name, row.true_positive, row.before_true_positive) for row in rows] == [
        ("top", 1 / 3, 1.0),
        ("dress", 1.0, 1.0),
    ]


def test_each_model_has_a_report(folders: list[Path], tmp_path: Path) -> None:
    for model in ("screen", "classify"):
        page = report(Subject(model, folders), MODELS, tmp_path / "out").read_text(encoding="utf-8")
        assert "data:image/jpeg;base64," in page
    write(tmp_path / "shop" / "en.tsv", "source|title|category", *(f"s|zorblax {n}|d" for n in range(3)))
    write(tmp_path / "shop" / "labels.tsv", "source|category|leaf|basis", "s|d|dress|stated")
    page = report(Subject("text", [tmp_path / "shop"]), MODELS, tmp_path / "out").read_text(encoding="utf-8")
    assert "zorblax 2" in page
    bare = report(Subject("text", [tmp_path / "shop"], rows=0), MODELS, tmp_path / "bare").read_text(encoding="utf-8")
    assert "zorblax" not in bare
    assert "dress" in bare
