"""The promoted models on the driver: digests and weights are checked, but no network is loaded."""

import hashlib
import json
from pathlib import Path
from typing import Any

from schemas.errors import WrongInput
from udfs.runtime.models import ModelError, promoted

MODELS = ("screen", "text", "detect", "embed")
"""Every model that a night uses."""

ENCODER_PARTS = ("detect", "embed")
"""Those that the search tier needs too, to embed a customer's photo."""


def release_folder(name: str, root: Path) -> Path:
    """The folder of a model's promoted release. Raises WrongInput if there is none."""
    try:
        return promoted(name, root)
    except ModelError as error:
        raise WrongInput(root / "promoted.json", None, str(error)) from error


def release_digest(folder: Path) -> bytes:
    """The digest of a release; it changes whenever the release may answer differently."""
    return bytes.fromhex(about(folder)["digest"])


def verify_weights(folder: Path) -> None:
    """Raises WrongInput if a weight file is missing or differs from the released one."""
    said = about(folder)
    files = said.get("files") or {said["weights"]: said["weights_sha256"]}
    for name, expected in files.items():
        path = folder / Path(name).name
        if not path.is_file():
            raise WrongInput(
                path,
                None,
                "the weights are missing; to act: the data engineer (restore the file, or promote a release)",
            )
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != expected:
            raise WrongInput(
                path, None, f"sha256 is {found[:12]}, released was {expected[:12]}; the data engineer restores it"
            )


def live_releases(name: str, root: Path) -> list[bytes]:
    """Digests of the releases that may yet be promoted; one that was promoted once and is not any more is old."""
    history = root / "promotions.jsonl"
    said = [json.loads(line) for line in history.read_text(encoding="utf-8").splitlines()] if history.exists() else []
    old = {one[kind] for one in said if one["model"] == name for kind in ("digest", "previous")}
    folders = sorted(folder for folder in (root / name).iterdir() if (folder / "model.json").is_file())
    return [release_digest(folder) for folder in folders if folder.name not in old]


def about(folder: Path) -> dict[str, Any]:
    """The content of a release's `model.json`."""
    path = folder / "model.json"
    try:
        said: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise WrongInput(path, None, f"not a model description ({error})") from error
    return said
