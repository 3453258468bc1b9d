"""`models score`: figures of labelled folders, what is left out, and one line where a folder is of no use."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from cli.main import program
from cli.models import SCORED, _lines
from schemas.errors import Stop, WrongInput
from tests.training.data.test_labelled import folders, photo, write
from training.data.trained import TRAINED, content_key
from training.quality.score import score
from training.text.score import score as score_texts

__all__ = ["folders"]  # a fixture of pictures

MODELS = Path(__file__).resolve().parents[3] / "models"
SCREEN_KEYS = {f"{name}_rejected" for name in ("sizechart", "texture", "closeup", "banner", "logo")} | {"wanted_kept"}


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """The promoted models, less what they were trained on."""
    root = tmp_path / "models"
    root.mkdir()
    shutil.copyfile(MODELS / "promoted.json", root / "promoted.json")
    for name, digest in json.loads((MODELS / "promoted.json").read_text()).items():
        shutil.copytree(MODELS / name / digest, root / name / digest)
    return root


def test_screen_has_its_keys_with_intervals_and_says_what_it_left_out(folders: list[Path], models: Path) -> None:
    (release,) = (models / "screen").iterdir()
    np.save(release / TRAINED, np.array([content_key(folders[0] / "images" / "1.jpg")]))
    (folders[1] / "logo" / "x.jpg").write_bytes(b"no picture")
    figures = score("screen", folders, models)
    assert set(figures) >= SCREEN_KEYS
    assert figures["wanted_kept"]["count"] == 2, "1.jpg trained the model; 3.jpg also stands among close-ups"
    assert figures["closeup_rejected"]["count"] == 1
    left_out = {"trained_on": 1, "unreadable": 1, "other_label": 2}
    assert figures["left_out"] == left_out, "a later view has no label of its own"
    assert score("screen", folders, models, trained_too=True)["wanted_kept"]["count"] == 3


def test_classify_counts_by_class(folders: list[Path], models: Path) -> None:
    figures = score("classify", [folders[0].parent], models)
    assert figures["accuracy"]["count"] == 2
    assert figures["by_class"]["hat"]["count"] == 1
    assert 0 <= figures["accuracy"]["low"] <= figures["accuracy"]["value"] <= figures["accuracy"]["high"] <= 1


def test_text_has_its_keys_whatever_the_file_is_called(tmp_path: Path, models: Path) -> None:
    write(tmp_path / "shop" / "rows.tsv", "source|title|category", *(f"s|青いワンピース {n}|d" for n in range(20)),
          "s|Кожаные ботинки|b", "s|something|unknown")  # fmt: skip
    write(tmp_path / "shop" / "names.tsv", "source|category|leaf|basis", "s|d|dress|stated", "s|b|boots|stated")
    figures = score_texts([tmp_path / "shop"], models)
    keys = {"macro_f1", "right_at_85", "answered_at_995", "gender_accuracy", "leaves", "by_language", "by_basis"}
    assert keys <= set(figures)
    assert {
        "macro_f1",
        "right_at_85",
        "answered_at_995",
        "gender_accuracy",
        "leaves",
        "by_language",
        "by_basis",
    } <= set(figures)
    assert figures["rows"] == 21
    assert set(figures["by_language"]) == {"ja", "ru"}
    assert figures["left_out"]["no_single_leaf"] == 1


@pytest.mark.parametrize("model", SCORED)
def test_a_folder_of_no_use_is_one_line(tmp_path: Path, model: str) -> None:
    for place in (tmp_path, tmp_path / "nowhere"):
        result = CliRunner().invoke(program(), ["models", "score", model, str(place)])
        assert isinstance(result.exception, Stop)
        assert result.exception.exit_code == 2
        assert "\n" not in str(result.exception)
    photo(tmp_path / "x.jpg", 1)


def test_a_table_that_is_cut_short_is_named(tmp_path: Path, models: Path) -> None:
    write(tmp_path / "index.tsv", "file|class|sender", "a.jpg|top")
    with pytest.raises(Stop, match=r"index\.tsv:2"):
        score("classify", [tmp_path], models)
    with pytest.raises(Stop, match="no such model"):
        from training.quality.scores import score as score_any

        score_any("nose", [tmp_path], models)


def test_a_folder_without_labels_is_told_what_was_looked_for(
    tmp_path: Path, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SELVEDGE_MODELS", str(models))
    for model, sought in (("screen", "index.tsv with class, file, sender"), ("text", "a table with category, source")):
        done = CliRunner().invoke(program(), ["models", "score", model, str(tmp_path)])
        assert isinstance(done.exception, WrongInput)
        assert sought in str(done.exception)


def test_help_and_error_name_the_same_models(tmp_path: Path) -> None:
    done = CliRunner().invoke(program(), ["models", "score", "nosuch", str(tmp_path)])
    assert str(done.exception).endswith(f"one of {', '.join(SCORED)}")


def test_a_group_of_no_figures_has_no_line() -> None:
    assert list(_lines({"at_995": {}, "model": "0"})) == [f"{'model':<28} 0"]


def views_and_pairs(root: Path) -> list[Path]:
    """Two products with three photos, and a pair whose worn photo is one of them."""
    catalog, pairs = root / "products", root / "pairs"
    write(catalog / "views.tsv", "source|product_id|file|view|width|height", "s|a|1.jpg|front|1|1",
          "s|a|2.jpg|worn|1|1", "s|b|3.jpg|front|1|1", "t|c|4.jpg|front|1|1", "t|c|5.jpg|back|1|1")  # fmt: skip
    write(catalog / "views_colour.tsv", "source|product_id|file|colour_similarity_to_view_1", "s|a|2.jpg|0.9",
          "t|c|5.jpg|0.9")  # fmt: skip
    write(pairs / "pairs.tsv", "source|product_id|cloth_file|worn_file|category|note",
          "s|a|../products/images/1.jpg|../products/images/2.jpg|top|")  # fmt: skip
    for name, seed in (("1", 1), ("2", 1), ("3", 3), ("4", 4), ("5", 5)):
        photo(catalog / "images" / f"{name}.jpg", seed)
    return [catalog, pairs]


def test_embed_counts_views_by_source_and_worn_pairs(tmp_path: Path, models: Path) -> None:
    catalog, pairs = views_and_pairs(tmp_path)
    figures = score("embed", [catalog, pairs], models)
    assert figures["recall_at_1"]["count"] == 2
    assert set(figures["recall_at_by_source"]) == {"s", "t"}
    assert figures["recall_at_by_source"]["s"]["recall_at_1"]["value"] == 1.0, "the same picture twice"
    for code in ("code", "shape_code", "colour_code"):
        assert (figures[f"{code}_recall_at_5"]["value"], figures[f"{code}_recall_at_5"]["count"]) == (1.0, 2)
    assert figures["worn_recall_at_1"]["count"] == 1
    assert figures["worn_recall_at_5"]["value"] == 1.0
    assert "class_precision_at_5" not in figures
    (release,) = (models / "embed").iterdir()
    np.save(release / TRAINED, np.array([content_key(catalog / "images" / "2.jpg")]))
    trained = score("embed", [tmp_path], models)
    assert trained["recall_at_1"]["count"] == 1
    assert trained["left_out"] == {"trained_on": 3}, "1.jpg has the pixels of 2.jpg, and is the pair's other half"
    assert "worn_recall_at_1" not in trained


def test_embed_asks_whether_the_nearest_garments_are_of_the_same_class(tmp_path: Path, models: Path) -> None:
    rows = [(f"{n}.jpg", "hat" if n < 4 else "bag", "Red" if n % 2 else "") for n in range(8)]
    write(tmp_path / "index.tsv", "file|label|class|sender|source|colour",
          *(f"{file}|x|{name}|{place}||{colour}" for place, (file, name, colour) in enumerate(rows)))  # fmt: skip
    for place, (file, name, _) in enumerate(rows):
        photo(tmp_path / "images" / file, 100 + (name == "bag") * 50, quality=90 - place)
    photo(tmp_path / "images" / "8.jpg", 100)
    with (tmp_path / "index.tsv").open("a") as index:
        index.write("8.jpg\tBody\tignore\t9\t\t\n")
    figures = score("embed", [tmp_path], models)
    assert figures["class_precision_at_5"] == {"value": 0.6, "low": 0.6, "high": 0.6, "count": 8}, "three of five"
    assert set(figures["class_precision_by_class"]) == {"hat", "bag"}
    assert figures["shape_code_class_precision_at_5"] == figures["class_precision_at_5"], "plain grounds of two greys"
    assert "shape_code_colour_precision_at_5" not in figures
    assert 0 < figures["ndcg_at_5"]["value"] <= 1
    assert "colour_precision_at_5" not in figures, "four have a colour: none has five neighbours"


def test_a_pair_outside_its_folder_is_refused(tmp_path: Path, models: Path) -> None:
    write(tmp_path / "pairs" / "pairs.tsv", "source|product_id|cloth_file|worn_file|category|note",
          "s|a|../../1.jpg|2.jpg|top|")  # fmt: skip
    with pytest.raises(Stop, match="outside"):
        score("embed", [tmp_path / "pairs"], models)
