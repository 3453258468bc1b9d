"""Released models: what a folder under `models/` holds, checked, and the network behind it, loaded once a process.

A release is `models/<name>/<first 12 digits of its digest>/` with the weights, `model.json`, `golden.npz` and
`card.md`; `models/promoted.json` names the release of each model that the night uses. Reading a release loads no
network, so that the driver can take digests from here.

Content is read once: a `Release` holds what its `model.json` said and the digest of every other file. It travels to the
workers, and whoever loads it runs exactly the bytes that have these digests.
"""

import hashlib
import io
import json
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from schemas.errors import Stop, WrongInput
from udfs.runtime.cards import this_process
from udfs.runtime.device import ON_CARD, Device
from udfs.runtime.errors import WeightsChanged
from udfs.runtime.sessions import Session, open_session

__all__ = [
    "SCORE_FLOOR",
    "Description",
    "GoldenDiffers",
    "Model",
    "ModelError",
    "Release",
    "WeightsChanged",
    "body_in",
    "describe",
    "digest_of",
    "load",
    "opened",
    "promoted",
    "read_release",
    "release_of",
    "share",
]

DIGEST_LENGTH = 12
SAME_NUMERIC_CLASS = 0.999
"""Golden outputs must agree to this cosine: fp32 and fp16 do, int8 does not."""
SCORE_FLOOR = 0.05
"""Boxes with a lower score are dropped: the thresholds of the night are higher."""
NUMERIC_CLASSES = ("float", "int8")

_log = logging.getLogger("selvedge.models")


class ModelError(Stop):
    """A model cannot be used; the message says which one, where it is, and what is wrong."""

    exit_code = 2


class GoldenDiffers(ModelError):
    """This machine's answers to the golden inputs differ from the release: it has another numeric class."""


@dataclass(frozen=True)
class Description:
    """The content of `model.json`. Only weights, preprocessing and numeric class enter the digest."""

    name: str
    digest: str
    task: str
    weights: str
    weights_sha256: str
    numeric_class: str
    preprocessing: Mapping[str, Any]
    batch: int
    classes: Mapping[str, list[str]]
    golden: str | None = None
    thresholds: Mapping[str, float] = field(default_factory=dict)
    split: Mapping[str, Any] = field(default_factory=dict)
    figures: Mapping[str, Any] = field(default_factory=dict)

    @property
    def side(self) -> int:
        """Width and height in pixels of what the network reads."""
        return int(self.preprocessing["side"])


def digest_of(weights_sha256: str, preprocessing: Mapping[str, Any], numeric_class: str) -> str:
    """The digest of a model: sha256 over weights, preprocessing and numeric class."""
    parts = {"weights": weights_sha256, "preprocessing": preprocessing, "numeric_class": numeric_class}
    return hashlib.sha256(json.dumps(parts, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def promoted(name: str, root: Path) -> Path:
    """The folder of the promoted release of model `name` under `root` (the folder `models/`)."""
    index = root / "promoted.json"
    try:
        releases = json.loads(index.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ModelError(f"{index}: does not exist; it must name the promoted release of each model") from None
    except (OSError, ValueError) as error:
        raise ModelError(f"{index}: cannot be read ({error})") from error
    if name not in releases:
        raise ModelError(f"{index}: no release of {name!r} is promoted")
    return root / name / releases[name]


def release_of(model: str, digest: str, root: Path) -> Path:
    """The folder of the one release of a model whose digest begins so; raises WrongInput."""
    found = sorted(path for path in (root / model).glob(f"{digest[:DIGEST_LENGTH]}*") if path.is_dir())
    if len(found) != 1 or not digest:
        have = ", ".join(path.name for path in sorted((root / model).glob("*"))) or "none"
        raise WrongInput(
            root / model, None, f"{digest or 'no digest'}: does not name exactly one release; there are: {have}"
        )
    return found[0]


def describe(folder: Path) -> Description:
    """Read `model.json` of a release and check its digest against what it is made of."""
    path = folder / "model.json"
    try:
        return _described(path, path.read_bytes())
    except OSError as error:
        raise ModelError(f"{path}: not a model description ({error})") from error


def _described(path: Path, body: bytes) -> Description:
    try:
        description = Description(**json.loads(body))
    except (ValueError, TypeError) as error:
        raise ModelError(f"{path}: not a model description ({error})") from error
    if description.numeric_class not in NUMERIC_CLASSES:
        raise ModelError(f"{path}: numeric_class {description.numeric_class!r} is unknown")
    for name in filter(None, (description.weights, description.golden)):
        if Path(name).name != name:
            raise ModelError(f"{path}: {name!r} must be a file in the same folder")
    found = digest_of(description.weights_sha256, description.preprocessing, description.numeric_class)
    if found != description.digest:
        raise ModelError(
            f"{path}: its digest is {description.digest[:DIGEST_LENGTH]}…, but its parts give {found[:12]}…"
        )
    return description


@dataclass(frozen=True)
class Release:
    """A release as it was read, to be sent to workers. Equal if the folder is the same and the answers are."""

    folder: Path
    described: bytes
    """What decides on the answers and is not in the digest (`answering`)."""
    description: Description = field(compare=False)
    files: Mapping[str, str] = field(compare=False)
    """sha256 of every file that is loaded, by name."""

    @property
    def digest(self) -> str:
        """sha256 (hex) over weights, preprocessing and numeric class."""
        return self.description.digest


def read_release(folder: Path, body: bytes | None = None) -> Release:
    """The release of a folder; `body`: its `model.json` where that was read before. Reads no weights."""
    folder = folder.resolve()
    description = describe(folder) if body is None else _described(folder / "model.json", body)
    files = {description.weights: description.weights_sha256}
    if description.golden is not None:
        files[description.golden] = hashlib.sha256(_read(folder / description.golden)).hexdigest()
    return Release(folder, answering(description, files), description, files)


def answering(description: Description, files: Mapping[str, str]) -> bytes:
    """JSON of what decides on a release's answers beside its digest: files, batch and the names of its classes."""
    said = {"digest": description.digest, "files": files, "batch": description.batch, "classes": description.classes}
    return json.dumps(said, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


Body = Callable[[str, str], bytes]
"""Gives the bytes of a release's file that have the sha256 asked for, by name and sha256."""


def body_in(folder: Path) -> Body:
    """The files of a folder. What it gives raises WeightsChanged where a file has another digest than asked for."""

    def body(name: str, sha256: str) -> bytes:
        found = _read(folder / name)
        if (digest := hashlib.sha256(found).hexdigest()) != sha256:
            raise WeightsChanged(folder / name, sha256, digest)
        return found

    return body


class Model:
    """A release, loaded: each file is read once, and these bytes run. The network opens at the first `run`."""

    def __init__(self, release: Release, body: Body | None = None) -> None:
        self.release, self.folder, self.description = release, release.folder, release.description
        body = body or body_in(release.folder)
        self.files: dict[str, bytes] = {name: body(name, sha256) for name, sha256 in release.files.items()}
        self._sessions: dict[Device, Session] = {}

    @property
    def digest(self) -> str:
        """sha256 (hex) over weights, preprocessing and numeric class."""
        return self.description.digest

    @property
    def session(self) -> Session:
        """The network on the device that this process has now, its golden inputs checked."""
        device = this_process()
        if device not in self._sessions:
            self._sessions[device] = self._opened(device)
        return self._sessions[device]

    def _opened(self, device: Device) -> Session:
        weights = self.files[self.description.weights]
        session = open_session(weights, device)
        try:
            self._check_golden(session)
        except GoldenDiffers as differs:
            if device.kind not in ON_CARD:
                raise
            _log.warning("in fp16 %s; it runs in fp32", differs)
            session = open_session(weights, device, half=False)
            self._check_golden(session)
        return session

    def run(self, inputs: np.ndarray) -> dict[str, np.ndarray]:
        """Outputs by name for any number of inputs [N, ...]."""
        return self.session.run(inputs)

    def _check_golden(self, session: Session) -> None:
        if self.description.golden is None:
            return
        path = self.folder / self.description.golden
        with np.load(io.BytesIO(self.files[path.name]), allow_pickle=False) as golden:
            inputs = golden["inputs"]
            expected = {name.removeprefix("output_"): golden[name] for name in golden.files if name != "inputs"}
        found = session.run(inputs)
        for name, values in expected.items():
            likeness = cosine(*(read_from(name, answers) for answers in (values, found[name])))
            if likeness < SAME_NUMERIC_CLASS:
                raise GoldenDiffers(
                    f"{path}: {name} has cosine {likeness:.4f} to the golden answers, below {SAME_NUMERIC_CLASS}"
                )


@cache
def share(first: Model, second: Model) -> None:
    """On a CPU, run layers that both networks begin with once for a picture that both look at, `first` before `second`.

    Answers stay the same. Nothing is shared where a graph cannot be cut so, or does not give its golden answers then.
    """
    device = this_process()
    if device.kind != "cpu":
        return
    from udfs.runtime.shared_layers import together

    bodies = [model.files[model.description.weights] for model in (first, second)]
    with suppress(Exception):  # a graph that counts on its batch inside says so in many ways
        sessions = together(bodies[0], bodies[1], device)
        if sessions is not None:
            for model, session in zip((first, second), sessions, strict=True):
                model._check_golden(session)
            first._sessions[device], second._sessions[device] = sessions


def read_from(name: str, values: np.ndarray) -> np.ndarray:
    """What the stages read of an output: of the detector's peaks those from SCORE_FLOOR on."""
    return np.where(values < SCORE_FLOOR, 0.0, values) if name == "scores" else values


def cosine(first: np.ndarray, second: np.ndarray) -> float:
    """Lowest cosine between the rows of two arrays [N, ...]; rows that are equal agree to 1, NaN to nothing."""
    if first.shape != second.shape or not np.isfinite(second).all():
        return 0.0
    left, right = (values.reshape(len(values), -1).astype(np.float64) for values in (first, second))
    norms = np.linalg.norm(left, axis=1) * np.linalg.norm(right, axis=1)
    products = np.divide((left * right).sum(axis=1), norms, out=np.zeros(len(left)), where=norms > 0)
    products[(left == right).all(axis=1)] = 1.0
    return float(products.min())


@cache
def _loaded(release: Release, body: Body | None) -> Model:
    return Model(release, body)


def opened(release: Release, body: Body | None = None) -> Model:
    """The model of a release, the same object for every call in this process. `body` (hashable) gives its files."""
    return _loaded(release, body)


def load(folder: Path) -> Model:
    """The model of a release folder, as it is now."""
    return opened(read_release(folder))


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ModelError(
            f"{path}: cannot be read ({error.strerror or error}); to act: the data engineer (restore the file, or "
            "promote a release)"
        ) from error
