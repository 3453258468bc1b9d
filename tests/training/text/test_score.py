"""The promoted model over the real data, as far as it was kept from training."""

from pathlib import Path

import pytest

from training.text.score import score

MODELS = Path(__file__).resolve().parents[3] / "models"


@pytest.mark.field
def test_the_promoted_model_keeps_its_figures(shared_data: Path) -> None:
    figures = score([shared_data / "titles"], MODELS)
    assert set(figures) >= {"macro_f1", "right_at_85", "answered_at_995", "gender_accuracy", "leaves", "by_language"}
    assert figures["macro_f1"]["value"] > 0.85
    assert {name: values["macro_f1"]["value"] > 0.8 for name, values in figures["by_language"].items()} == {
        "en": True,
        "ja": True,
        "ru": True,
    }
    assert figures["by_basis"]["styles"]["macro_f1"]["value"] > 0.9
    assert figures["by_basis"]["styles"]["gender_accuracy"]["value"] > 0.95
