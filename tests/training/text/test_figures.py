"""Figures beside values worked out by hand."""

import numpy as np
import pytest

from training.text.figures import (
    Answers,
    answered_at_995,
    curve,
    f1_of_leaves,
    figure,
    gender_accuracy,
    macro_f1,
    mean_of_languages,
    right_at_85,
)


def answers(leaf: list[str], found: list[str], probability: list[float] | None = None, **columns: list[str]) -> Answers:
    count = len(leaf)
    strings = {
        name: np.array(columns.get(name, [default] * count))
        for name, default in (("language", "en"), ("basis", "stated"), ("gender", ""), ("gender_found", ""))
    }
    names, place = np.unique([*leaf, *found], return_inverse=True)
    return Answers(
        names=tuple(map(str, names)),
        leaf=place[:count],
        found=place[count:],
        probability=np.array(probability or [0.5] * count),
        group=np.array([str(number) for number in range(count)]),
        **strings,
    )


def ones(table: Answers) -> np.ndarray:
    return np.ones(len(table.leaf))


def test_f1_leaves_out_leaves_with_few_rows() -> None:
    table = answers(["dress"] * 20 + ["tie"] * 19, ["dress"] * 10 + ["tie"] * 29)
    assert f1_of_leaves(table, ones(table)) == {"dress": pytest.approx(2 * 10 / 30)}
    assert macro_f1(table, ones(table)) == pytest.approx(2 / 3)


def test_the_mean_of_languages_weighs_them_alike() -> None:
    table = answers(["dress"] * 120, ["dress"] * 100 + ["tie"] * 20, language=["en"] * 100 + ["ja"] * 20)
    assert mean_of_languages(table, ones(table)) == pytest.approx(0.5)


def test_a_curve_says_how_much_is_answered_at_each_share_right() -> None:
    found = ["dress"] * 50 + ["tie"] + ["dress"] * 48 + ["tie"]
    table = answers(["dress"] * 100, found, np.linspace(1, 0.1, 100).tolist())
    assert curve(table) == {"0.995": 0.5, "0.99": 0.5, "0.98": 1.0, "0.95": 1.0}


def test_right_at_85_takes_the_most_certain() -> None:
    table = answers(["dress"] * 100, ["dress"] * 85 + ["tie"] * 15, [0.9] * 85 + [0.1] * 15)
    assert right_at_85(table, ones(table)) == 1
    worse = answers(["dress"] * 100, ["tie"] * 15 + ["dress"] * 85, [0.9] * 15 + [0.1] * 85)
    assert right_at_85(worse, ones(worse)) == pytest.approx(70 / 85)


def test_answered_at_995() -> None:
    table = answers(["dress"] * 400, ["dress"] * 299 + ["tie"] * 101, list(np.linspace(1, 0, 400)))
    assert answered_at_995(table, ones(table)) == pytest.approx(300 / 400)
    wrong = answers(["dress"], ["tie"])
    assert answered_at_995(wrong, ones(wrong)) == 0


def test_gender_counts_where_it_is_stated() -> None:
    table = answers(["dress"] * 3, ["dress"] * 3, gender=["women", "men", ""], gender_found=["women", "", "men"])
    assert gender_accuracy(table, ones(table)) == 0.5


def test_an_interval_holds_its_value_and_draws_groups_whole() -> None:
    table = answers(["dress"] * 40, ["dress"] * 30 + ["tie"] * 10)
    found = figure(table, macro_f1)
    assert found["low"] < found["value"] < found["high"]
    together = Answers(**{**vars(table), "group": np.array(["one"] * 40)})
    alone = figure(together, macro_f1)
    assert alone["low"] == alone["value"] == alone["high"]


def test_figures_of_no_leaf_with_enough_rows() -> None:
    assert figure(answers(["dress"], ["dress"]), macro_f1) == {"value": None, "low": None, "high": None}
