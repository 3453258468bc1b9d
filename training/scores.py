"""`models score`: which command scores which model."""

from pathlib import Path
from typing import Any

from schemas.errors import WrongInput

PICTURE_MODELS = ("screen", "classify", "detect", "embed")


def score(model: str, folders: list[Path], models_root: Path) -> dict[str, Any]:
    """Figures of a promoted model over labelled data; folders of a form that it cannot use are named in the figures."""
    if model == "text":
        from training.text_score import score as score_texts

        return score_texts(folders, models_root)
    if model in PICTURE_MODELS:
        from training.score import score as score_pictures

        return score_pictures(model, folders, models_root)
    raise WrongInput("models score", None, f"{model}: no such model; one of {', '.join((*PICTURE_MODELS, 'text'))}")
