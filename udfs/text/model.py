"""A promoted text model: a folder with `weights.npz`, `model.json` and `golden.json`; numpy alone, no code in it."""

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import numpy as np

from udfs.runtime.models import Description, GoldenDiffers, Model, ModelError, opened, read_release
from udfs.text.features import KINDS, REVISION, Found, Text, doubtful, found
from udfs.text.lexicon import NOTHING, Lexicon

HEADS = ("leaf", "gender", "language")
GOLDEN_TOLERANCE = 1e-3
_NAMES = KINDS.index("name")

NO_DOUBT = 1.0
"""Divisor of releases made before doubt was measured."""

AS_SAID = ((0.0, 1.0), (0.0, 1.0))
"""Knots of releases made before certainty was measured: a probability is what the softmax says."""

NO_LEAF = -1
"""Stands for `NOTHING` among the leaves of a weights file."""


@dataclass(frozen=True)
class Weights:
    """What was learnt. F features, K answers of all heads side by side.

    keys uint64 (F,), sorted; idf float32 (F,); weights float32 (F, K); bias float32 (K,).
    """

    keys: np.ndarray
    idf: np.ndarray
    weights: np.ndarray
    bias: np.ndarray


@dataclass(frozen=True)
class Sparse:
    """Rows in CSR form: row i holds features `index[starts[i]:starts[i + 1]]` with as many values."""

    starts: np.ndarray
    index: np.ndarray
    values: np.ndarray


@dataclass(frozen=True)
class TextModel:
    """A loaded model. `answers` names the answers of each head; `temperature` divides the leaf scores, by language.

    `doubt` divides them too, where a text leaves open which of several garments is sold. `certainty`: knots of the
    line that turns the best leaf's softmax into the share of such answers that was right in shops never seen.
    """

    digest: str
    weights: Weights
    lexicon: Lexicon
    answers: Mapping[str, Sequence[str]]
    temperature: Mapping[str, float]
    doubt: float
    certainty: Sequence[Sequence[float]] = AS_SAID

    def scores(self, texts: Sequence[Text]) -> tuple[np.ndarray, np.ndarray]:
        """Scores float32 (N, K) before any softmax, and how many known features each text has, int64 (N,).

        Each text is summed alone, so that its scores do not depend on the batch.
        """
        features = found(texts, self.lexicon)
        rows = valued(features, len(texts), self.weights.keys, self.weights.idf)
        scores = np.tile(self.weights.bias, (len(texts), 1))
        for row, (first, last) in enumerate(pairwise(rows.starts.tolist())):
            scores[row] += rows.values[first:last] @ self.weights.weights[rows.index[first:last]]
        scores[doubtful(features, len(texts)), self.head("leaf")] /= np.float32(self.doubt)
        return scores, np.diff(rows.starts)

    def head(self, name: str) -> slice:
        """The columns of a head."""
        first = sum(len(self.answers[head]) for head in HEADS[: HEADS.index(name)])
        return slice(first, first + len(self.answers[name]))


def valued(features: Found, rows: int, keys: np.ndarray, idf: np.ndarray) -> Sparse:
    """Known features with their values: (1 + log count) x idf, of unit length within a row and kind; names count 1."""
    place = np.minimum(np.searchsorted(keys, features.key), len(keys) - 1)
    known = keys[place] == features.key
    row, place, kind = features.row[known], place[known], features.kind[known]
    values = (1 + np.log(features.count[known])) * idf[place]
    block = row * len(KINDS) + kind
    length = np.sqrt(np.bincount(block, values**2, minlength=rows * len(KINDS)))
    values = np.where(kind == _NAMES, 1.0, values / length[block]).astype(np.float32)
    starts = np.searchsorted(row, np.arange(rows + 1))
    return Sparse(starts, place, values)


def load(folder: Path) -> TextModel:
    """The model of a folder as it is now; raises what `text_model` raises."""
    return text_model(opened(read_release(folder)))


@lru_cache(maxsize=4)
def text_model(model: Model) -> TextModel:
    """The text model of a release, made once a process.

    Raises `GoldenDiffers` where the golden texts get other answers than when the model was made, `ModelError` where it
    is no text model of this program.
    """
    folder, description = model.folder, model.description
    if description.preprocessing["revision"] != REVISION:
        raise ModelError(
            f"{folder}: made for another revision of the text features; to act: the data engineer (retrain it)"
        )
    made = opened_weights(model.files[description.weights], description)
    golden = json.loads(model.files[str(description.golden)])
    scores, _ = made.scores([Text(**text) for text in golden["texts"]])
    worst = float(np.abs(scores - np.array(golden["scores"], dtype=np.float32)).max())
    if not worst <= GOLDEN_TOLERANCE:
        raise GoldenDiffers(
            f"{folder}: answers to the golden texts differ by {worst:.4f}; "
            "to act: the data engineer (retrain or roll back)"
        )
    return made


def opened_weights(body: bytes, description: Description) -> TextModel:
    """The model of the bytes of a `weights.npz` and its description."""
    with np.load(io.BytesIO(body), allow_pickle=False) as arrays:
        scale = arrays["scale"].astype(np.float32)
        weights = Weights(
            keys=arrays["keys"],
            idf=arrays["idf"].astype(np.float32),
            weights=arrays["weights"].astype(np.float32) * scale[:, None],
            bias=arrays["bias"].astype(np.float32),
        )
        lexicon = _lexicon(arrays, description.classes["leaf"])
    return TextModel(
        digest=description.digest,
        weights=weights,
        lexicon=lexicon,
        answers=description.classes,
        temperature=description.preprocessing["temperature"],
        doubt=description.preprocessing.get("doubt", NO_DOUBT),
        certainty=description.preprocessing.get("certainty", AS_SAID),
    )


def _lexicon(arrays: Mapping[str, np.ndarray], leaves: Sequence[str]) -> Lexicon:
    """The names of a weights file; one made before names could yield has no `yields`."""
    names = zip(arrays["names"].tolist(), arrays["name_leaves"].tolist(), strict=True)
    yields: dict[str, set[str]] = {}
    for leaf, other in arrays["yields"].tolist() if "yields" in arrays else ():
        yields.setdefault(leaves[leaf], set()).add(leaves[other])
    listed = {name: NOTHING if leaf == NO_LEAF else leaves[leaf] for name, leaf in names}
    return Lexicon(listed, yields)
