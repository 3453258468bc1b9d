"""The whole run on made-up shops: train, resume, score, promote."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from training.data.tables import DataError
from training.text import fit as text_fit
from training.text import rename
from training.text import train as run
from training.text.data import lexicon
from training.text.score import score
from udfs.text.features import Text
from udfs.text.lexicon import NOTHING
from udfs.text.model import load

from .samples import GOODS, write_samples


@pytest.fixture(scope="module", autouse=True)
def few_names() -> Iterator[None]:
    """The names of the leaves in the samples alone teach: the whole list would take most of the time."""
    few = [name for name in lexicon() if name[0] in {*GOODS, NOTHING} and name[1] in {"en", "ru"}]
    with pytest.MonkeyPatch.context() as patch:
        for module in (run, text_fit):
            patch.setattr(module, "lexicon", lambda: few)
        yield


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, few_names: None) -> Path:
    root = tmp_path_factory.mktemp("run")
    write_samples(root / "data")
    run.main(["--data", str(root / "data"), "--out", str(root / "models"), "--work", str(root / "work")])
    return root


def promoted(root: Path) -> Path:
    return root / "models" / "text" / json.loads((root / "models" / "promoted.json").read_text())["text"]


def test_the_promoted_model_answers(trained: Path) -> None:
    model = load(promoted(trained))
    scores, _ = model.scores([Text("yellow dress"), Text("Рубашка новая"), Text("Toner cartridge XL")])
    leaves = [model.answers["leaf"][place] for place in scores[:, model.head("leaf")].argmax(axis=1)]
    assert leaves == ["dress", "shirt", "out_of_scope"]


def test_the_names_come_back_with_what_they_yield_to(trained: Path) -> None:
    model, written = load(promoted(trained)), text_fit.garment_names()
    assert model.lexicon.leaves == written.leaves
    assert NOTHING in model.lexicon.leaves.values()
    assert model.lexicon.yields == {
        leaf: kept for leaf, others in written.yields.items() if (kept := {*others} & {*GOODS}) and leaf in GOODS
    }


def test_names_are_put_into_a_release_and_its_weights_stay(trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = promoted(trained)
    assert rename.renamed(trained / "models", trained / "data") == before, "the same names make the same release"
    listed = [*text_fit.lexicon(), ("dress", "en", "gownette")]
    monkeypatch.setattr(text_fit, "lexicon", lambda: listed)
    old, new = load(before), load(rename.renamed(trained / "models", trained / "data"))
    assert new.digest != old.digest
    assert (new.weights.keys == old.weights.keys).all() and (new.weights.weights == old.weights.weights).all()
    said = [model.scores([Text("Nora gownette")])[0][0, model.head("leaf")] for model in (old, new)]
    dress = new.answers["leaf"].index("dress")
    assert said[1][dress] > said[0][dress] + 1
    assert json.loads((trained / "models" / "promoted.json").read_text())["text"] == before.name


def test_the_card_says_what_was_measured(trained: Path) -> None:
    card = (promoted(trained) / "card.md").read_text()
    about = json.loads((promoted(trained) / "model.json").read_text())
    assert promoted(trained).name in card
    assert f"{about['figures']['unseen_shops']['macro_f1']['value']:.3f}" in card
    assert "{" not in card


def test_a_killed_run_goes_on_to_the_same_weights(trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = sorted((trained / "work").glob("*.npy"))
    before = [np.load(step) for step in steps]
    steps[1].unlink()
    fits = []
    fit = run.fit
    monkeypatch.setattr(run, "fit", lambda *arguments: fits.append(1) or fit(*arguments))
    name = promoted(trained).name
    run.main(["--data", str(trained / "data"), "--out", str(trained / "models"), "--work", str(trained / "work")])
    assert promoted(trained).name == name
    assert len(fits) == 2  # the step that was lost, and the promoted model
    assert all(np.array_equal(np.load(step), old) for step, old in zip(steps, before, strict=True))


def test_promotion_leaves_other_models_alone(trained: Path) -> None:
    path = trained / "models" / "promoted.json"
    before, folder = path.read_text(), promoted(trained)
    path.write_text(json.dumps({"screen": "abc"}))
    run.promote("text", folder, trained / "models")
    assert json.loads(path.read_text()) == {"screen": "abc", "text": folder.name}
    path.write_text(before)


def test_scoring_counts_rows_that_did_not_train(trained: Path, tmp_path: Path) -> None:
    seen = score([trained / "data"], trained / "models")
    assert 0 < seen["rows"] < 300
    other = write_samples(tmp_path / "elsewhere")
    for file in ("en.tsv", "ru.tsv", "labels.tsv"):
        text = (other / file).read_text()
        for old, new in {
            " Dress": " maxi Dress",
            " Shirt": " maxi Shirt",
            "Toner": "Old toner",
        }.items():
            text = text.replace(old, new)
        for word in ("Платье", "Рубашка", "Картридж"):
            text = text.replace(word, f"{word} новое")
        (other / file).write_text(text)
    (other / "styles.csv").unlink()
    unseen = score([other], trained / "models")
    assert unseen["rows"] == 6 * 180
    assert set(unseen["by_language"]) == {"en", "ru"}
    assert set(unseen["by_basis"]) == {"stated"}
    assert unseen["macro_f1"]["value"] > 0.9
    assert set(unseen["leaves"]) == {"dress", "shirt", "out_of_scope"}


def test_scoring_nothing_is_said_in_one_line(trained: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no labelled text"):
        score([tmp_path], trained / "models")
