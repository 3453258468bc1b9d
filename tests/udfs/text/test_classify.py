"""Batches of texts through a small model that is made here."""

import json
import math
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.tables import TEXTS
from udfs.runtime.errors import WeightsChanged
from udfs.runtime.models import GoldenDiffers, ModelError, digest_of
from udfs.text.classify import ANSWERS, NEEDED, calibrated, classify
from udfs.text.features import Text
from udfs.text.model import TextModel, load

from .small_model import DOUBT_DIVISOR, write_small_model

STRINGS = st.one_of(st.none(), st.text(max_size=80))
OFFERS = st.lists(
    st.tuples(STRINGS, STRINGS, STRINGS, st.one_of(st.none(), st.lists(STRINGS, max_size=3)), STRINGS), max_size=6
)
SCHEMA = pa.schema([(name, pa.list_(pa.string()) if name == "category_path" else pa.string()) for name in NEEDED])
DRESS = ("Летнее платье", None, None, None, None)
SHIRT = ("ワイシャツ", "", "", [], "")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> TextModel:
    return load(write_small_model(tmp_path_factory.mktemp("models")))


def batch(*offers: tuple) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist([dict(zip(NEEDED, offer, strict=True)) for offer in offers], schema=SCHEMA)


def test_answers_have_the_tables_types(model: TextModel) -> None:
    answers = classify(batch(DRESS), model)
    assert answers.schema == ANSWERS
    assert all(answers.schema.field(name).type == TEXTS.schema.field(name).type for name in answers.schema.names)


def test_three_languages(model: TextModel) -> None:
    answers = classify(batch(DRESS, SHIRT, ("red dress", None, None, None, None)), model).to_pylist()
    assert [answer["leaf"] for answer in answers] == ["dress", "shirt", "dress"]
    assert [answer["language"] for answer in answers] == ["ru", "ja", "en"]


def test_best_leaves_in_order_and_a_distribution(model: TextModel) -> None:
    (answer,) = classify(batch(DRESS), model).to_pylist()
    chances = [leaf["probability"] for leaf in answer["leaves"]]
    assert chances == sorted(chances, reverse=True)
    assert sum(chances) == pytest.approx(1, abs=1e-5)
    assert answer["probability"] == pytest.approx(chances[0])


def test_certainty_moves_the_best_leaf_and_the_others_share_the_rest() -> None:
    chances = np.array([[0.6, 0.3, 0.1], [0.2, 0.5, 0.3], [1.0, 0.0, 0.0]])
    moved = calibrated(chances, ([0.0, 0.5, 1.0], [0.0, 0.7, 0.95]))
    assert moved == pytest.approx(np.array([[0.75, 0.1875, 0.0625], [0.12, 0.7, 0.18], [0.95, 0, 0]]))
    assert calibrated(chances, ([0.0, 1.0], [0.0, 1.0])) == pytest.approx(chances)


def test_a_text_that_leaves_open_what_is_sold_is_answered_with_doubt(model: TextModel) -> None:
    sure, open_ = classify(batch(("dress", "A dress", "", [], ""), ("dress", "A toner", "", [], "")), model).to_pylist()
    assert sure["probability"] > 0.999
    scores, _ = model.scores([Text("dress", "A toner")])
    named = 6 * (2 / DOUBT_DIVISOR)
    assert scores[0, :3].tolist() == [named, 0, named]
    assert open_["probability"] == pytest.approx(1 / (2 + math.exp(-named)), abs=1e-4)


def test_the_path_decides_where_the_title_is_a_number(model: TextModel) -> None:
    (answer,) = classify(batch(("5420", None, None, ["Женщинам", "Платья"], None)), model).to_pylist()
    assert answer["leaf"] == "dress"


@pytest.mark.parametrize("title", [None, "", "   ", "🤣🤣", "\x00\x01", "<p></p>"])
def test_a_text_without_a_word_has_no_leaf(model: TextModel, title: str | None) -> None:
    (answer,) = classify(batch((title, None, None, None, None)), model).to_pylist()
    assert (answer["leaf"], answer["probability"], answer["leaves"]) == (None, 0, [])
    assert answer["gender"] is None


def test_a_stated_gender_goes_first(model: TextModel) -> None:
    (answer,) = classify(batch(("рубашка женская", None, None, None, "мужской")), model).to_pylist()
    assert (answer["gender"], answer["gender_probability"]) == ("men", 1)


def test_the_text_says_for_whom(model: TextModel) -> None:
    titles = ("рубашка женская", "рубашка", "Сорочка чоловіча", "Camicia uomo")
    answers = classify(batch(*((title, *[None] * 4) for title in titles)), model).to_pylist()
    assert [answer["gender"] for answer in answers] == ["women", None, "men", "men"]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(OFFERS)
def test_any_text_gets_an_answer_that_no_neighbour_changes(model: TextModel, offers: list[tuple]) -> None:
    together = classify(batch(*offers), model).to_pylist()
    assert len(together) == len(offers)
    for offer, answer in zip(offers, together, strict=True):
        assert classify(batch(offer), model).to_pylist() == [answer]
        assert 0 <= answer["probability"] <= 1
        assert not math.isnan(answer["gender_probability"])


def test_100_kb_of_html_and_mixed_scripts(model: TextModel) -> None:
    offers = [
        ("<div class='x'>" * 7000, "<b>dress</b>" * 9000, "", [], ""),
        ("платье dress ワンピース" * 9000, *[None] * 4),
    ]
    answers = classify(batch(*offers), model).to_pylist()
    assert answers[1]["leaf"] == "dress"


def test_input_is_not_changed(model: TextModel) -> None:
    given_batch = batch(DRESS, SHIRT)
    copy = batch(DRESS, SHIRT)
    classify(given_batch, model)
    assert given_batch.equals(copy)


def test_changed_weights_are_refused(tmp_path: Path) -> None:
    folder = write_small_model(tmp_path)
    weights = folder / "weights.npz"
    weights.write_bytes(weights.read_bytes() + b"x")
    with pytest.raises(WeightsChanged, match=r"weights\.npz"):
        load(folder)


def test_other_golden_answers_are_refused(tmp_path: Path) -> None:
    folder = write_small_model(tmp_path)
    golden = json.loads((folder / "golden.json").read_text())
    golden["scores"] = (np.array(golden["scores"]) + 0.5).tolist()
    (folder / "golden.json").write_text(json.dumps(golden))
    with pytest.raises(GoldenDiffers, match="golden texts differ"):
        load(folder)


def test_weights_for_other_features_are_refused(tmp_path: Path) -> None:
    folder = write_small_model(tmp_path)
    about = json.loads((folder / "model.json").read_text())
    about["preprocessing"]["revision"] += 1
    about["digest"] = digest_of(about["weights_sha256"], about["preprocessing"], about["numeric_class"])
    (folder / "model.json").write_text(json.dumps(about))
    with pytest.raises(ModelError, match="another revision of the text features"):
        load(folder)
