"""The promoted models on the driver: each release is read once a run and checked, but no network is loaded."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from lake.models import check_note, keep_file, keep_note, missing_files, model_file
from lake.store import Store, open_store
from schemas.errors import WrongInput
from udfs.runtime.models import Model, ModelError, Release, body_in, opened, promoted, read_release

MODELS = ("screen", "text", "detect", "embed")
"""Every model that a night uses."""

DESCRIPTION = "model.json"

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


@dataclass(frozen=True)
class ModelSource:
    """What workers get of a release, and load a model from."""

    release: Release
    lake: str | None
    """The lake from which a cluster's workers load it; None if all workers have the driver's folder of models."""

    def load(self) -> Model:
        """The model, the same object for every call in this process. Raises ModelError, WeightsChanged, DamagedLake."""
        return opened(self.release, self if self.lake is not None else None)

    def __call__(self, name: str, sha256: str) -> bytes:
        """The bytes of a file, from the lake."""
        return model_file(open_store(str(self.lake)), self.release.digest, name, sha256)


class PromotedModel:
    """A release as a run uses it. `model.json` is read once, so that digest, classes and weights belong together."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._body = _description(folder)

    @property
    def digest(self) -> bytes:
        """It changes whenever the release may answer differently."""
        return bytes.fromhex(_said(self.folder, self._body)["digest"])

    @cached_property
    def release(self) -> Release:
        """What the workers load. Raises ModelError if the description does not hold."""
        return read_release(self.folder, self._body)

    @property
    def files(self) -> Mapping[str, str]:
        """sha256 of its description and its weights, by name."""
        said = _said(self.folder, self._body)
        weights = {said["weights"]: said["weights_sha256"]} if "weights" in said else {}
        return weights | {DESCRIPTION: hashlib.sha256(self._body).hexdigest()}

    def verify(self) -> dict[str, bytes]:
        """The files that are loaded. Raises ModelError or WeightsChanged if one is missing or not the released one."""
        body = body_in(self.release.folder)
        return {name: body(name, sha256) for name, sha256 in self.release.files.items()}

    def check(self, store: Store) -> None:
        """Like `verify`; raises WrongInput too if the lake has answers of another release under its digest."""
        self.verify()
        check_note(store, self.release.digest, self.release.described, self._described)

    def keep(self, store: Store, with_files: bool) -> None:
        """Put into the lake what it lacks of the release. The caller holds the lease."""
        digest = self.release.digest
        keep_note(store, digest, self.release.described, self._described)
        if with_files:
            bodies = self.verify()
            for name in missing_files(store, digest, {name: len(body) for name, body in bodies.items()}):
                keep_file(store, digest, name, bodies[name])

    @property
    def _described(self) -> Path:
        return self.folder / DESCRIPTION


def live_releases(name: str, root: Path) -> list[bytes]:
    """Digests of the releases that may yet be promoted; one that was promoted once and is not any more is old."""
    history = root / "promotions.jsonl"
    said = [json.loads(line) for line in history.read_text(encoding="utf-8").splitlines()] if history.exists() else []
    old = {one[kind] for one in said if one["model"] == name for kind in ("digest", "previous")}
    folders = sorted(folder for folder in (root / name).iterdir() if (folder / DESCRIPTION).is_file())
    return [release_digest(folder) for folder in folders if folder.name not in old]


def about(folder: Path) -> dict[str, Any]:
    """The content of a release's `model.json`."""
    return _said(folder, _description(folder))


def _description(folder: Path) -> bytes:
    try:
        return (folder / DESCRIPTION).read_bytes()
    except OSError as error:
        raise WrongInput(folder / DESCRIPTION, None, f"cannot be read ({error.strerror})") from error


def _said(folder: Path, body: bytes) -> dict[str, Any]:
    try:
        said: dict[str, Any] = json.loads(body)
    except ValueError as error:
        raise WrongInput(folder / DESCRIPTION, None, f"not a model description ({error})") from error
    return said
