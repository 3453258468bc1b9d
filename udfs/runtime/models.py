"""Released models: what a folder under `models/` holds, checked, and the network behind it, loaded once a process.

A release is `models/<name>/<first 12 digits of its digest>/` with the weights, `model.json`, `golden.npz` and
`card.md`; `models/promoted.json` names the release of each model that the night uses. Reading a description and
checking weights loads no network, so that the driver can take digests from here.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np

from schemas.errors import Stop
from udfs.runtime.device import this_process
from udfs.runtime.errors import WeightsChanged
from udfs.runtime.sessions import Session, open_session

__all__ = [
    "Description",
    "GoldenDiffers",
    "Model",
    "ModelError",
    "WeightsChanged",
    "describe",
    "digest_of",
    "load",
    "promoted",
    "run_in_batches",
]

DIGEST_LENGTH = 12
SAME_NUMERIC_CLASS = 0.999
"""Golden outputs must agree to this cosine: fp32 and fp16 do, int8 does not."""
NUMERIC_CLASSES = ("float", "int8")


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


def describe(folder: Path) -> Description:
    """Read `model.json` of a release and check its digest against what it is made of."""
    path = folder / "model.json"
    try:
        description = Description(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise ModelError(f"{path}: not a model description ({error})") from error
    if description.numeric_class not in NUMERIC_CLASSES:
        raise ModelError(f"{path}: numeric_class {description.numeric_class!r} is unknown")
    if Path(description.weights).name != description.weights:
        raise ModelError(f"{path}: weights {description.weights!r} must be a file in the same folder")
    found = digest_of(description.weights_sha256, description.preprocessing, description.numeric_class)
    if found != description.digest:
        raise ModelError(
            f"{path}: its digest is {description.digest[:DIGEST_LENGTH]}…, but its parts give {found[:12]}…"
        )
    return description


class Model:
    """A release whose weights are those that were released; its network loads at the first `run`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.description = describe(folder)
        self.weights = folder / self.description.weights
        found = _sha256(self.weights)
        if found != self.description.weights_sha256:
            raise WeightsChanged(self.weights, self.description.weights_sha256, found)

    @property
    def digest(self) -> str:
        """sha256 (hex) over weights, preprocessing and numeric class."""
        return self.description.digest

    @cached_property
    def session(self) -> Session:
        """The network on this process's device, its golden inputs checked."""
        session = open_session(self.weights, this_process())
        self._check_golden(session)
        return session

    def run(self, inputs: np.ndarray) -> dict[str, np.ndarray]:
        """Outputs by name for any number of inputs [N, ...], batch by batch of the fixed shape, the last one padded."""
        return run_in_batches(self.session, inputs, self.description.batch)

    def _check_golden(self, session: Session) -> None:
        if self.description.golden is None:
            return
        path = self.folder / self.description.golden
        with np.load(path, allow_pickle=False) as golden:
            inputs = golden["inputs"]
            expected = {name.removeprefix("output_"): golden[name] for name in golden.files if name != "inputs"}
        found = run_in_batches(session, inputs, self.description.batch)
        for name, values in expected.items():
            likeness = cosine(values, found[name])
            if likeness < SAME_NUMERIC_CLASS:
                raise GoldenDiffers(
                    f"{path}: {name} has cosine {likeness:.4f} to the golden answers, below {SAME_NUMERIC_CLASS}"
                )


def cosine(first: np.ndarray, second: np.ndarray) -> float:
    """Lowest cosine between the rows of two arrays [N, ...]; rows that are equal agree to 1, NaN to nothing."""
    if first.shape != second.shape or not np.isfinite(second).all():
        return 0.0
    left, right = (values.reshape(len(values), -1).astype(np.float64) for values in (first, second))
    norms = np.linalg.norm(left, axis=1) * np.linalg.norm(right, axis=1)
    products = np.divide((left * right).sum(axis=1), norms, out=np.zeros(len(left)), where=norms > 0)
    products[(left == right).all(axis=1)] = 1.0
    return float(products.min())


def run_in_batches(session: Session, inputs: np.ndarray, batch: int) -> dict[str, np.ndarray]:
    """Run `session` over inputs [N, ...] in batches of exactly `batch`; padding rows are zero and dropped."""
    if len(inputs) == 0:
        raise ValueError("a network needs at least one input")
    collected: dict[str, list[np.ndarray]] = {}
    for start in range(0, len(inputs), batch):
        rows = np.ascontiguousarray(inputs[start : start + batch])
        count = len(rows)
        if count < batch:
            rows = np.concatenate((rows, np.zeros((batch - count, *rows.shape[1:]), rows.dtype)))
        for name, values in session.run(rows).items():
            collected.setdefault(name, []).append(values[:count])
    return {name: np.concatenate(parts) for name, parts in collected.items()}


@cache
def _loaded(folder: Path) -> Model:
    return Model(folder)


def load(folder: Path) -> Model:
    """The model of a release folder, the same object for every call in this process; checks digest and weights."""
    return _loaded(folder.resolve())


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error})") from error
