"""`models score`: which command scores which model."""

from pathlib import Path
from typing import Any

from schemas.errors import WrongInput
from training.data.split import Part

PICTURE_MODELS = ("screen", "classify", "detect", "embed")


def score(model: str, folders: list[Path], models_root: Path, trained_too: bool = False) -> dict[str, Any]:
    """Figures of a promoted model over labelled data; `left_out` in them says what does not count.

    `trained_too`: what the model was trained on counts as well.
    """
    if model == "text":
        from training.text.score import score as score_texts

        return score_texts(folders, models_root, trained_too)
    if model == "dedup":
        from training.quality.copies import score_copies

        return score_copies(folders, None if trained_too else Part.VALIDATION)
    if model in PICTURE_MODELS:
        from training.quality.score import score as score_pictures

        return score_pictures(model, folders, models_root, trained_too)
    known = ", ".join((*PICTURE_MODELS, "text", "dedup"))
    raise WrongInput("models score", None, f"{model}: no such model; one of {known}")
