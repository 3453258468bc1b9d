"""Writes a fitted text model as a folder that `udfs.text.model.load` opens."""

import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from training.text.card import card
from training.text.data import Row
from training.text.rows import Vocabulary
from udfs.runtime.models import DIGEST_LENGTH, Description, digest_of
from udfs.text.features import REVISION, Text
from udfs.text.lexicon import NOTHING, Lexicon
from udfs.text.model import NO_LEAF, opened_weights
from udfs.text.normalise import text_name

LARGEST = 127
"""Weights are kept as int8, with one scale a feature."""

NUMERIC_CLASS = "float"
TRAINED = "trained.npy"
"""Keys of the texts that trained the weights, so that no score counts them."""


GOLDEN = (
    Text("Floral midi wrap dress"),
    Text("Men's slim fit stretch jeans", "Five-pocket jeans in washed denim."),
    Text("Model 1042", "", "", ("Женская одежда", "Платья")),
    Text("Кроссовки мужские беговые, размер 42"),
    Text("レディース ニットワンピース 長袖"),
    Text("Тонер-картридж для лазерного принтера"),
    Text("ダウンジャケット メンズ 黒 L"),
    Text("Сукня жіноча літня"),
    Text("Borsa a tracolla in pelle", "", "", ("Donna", "Borse")),
    Text("12345"),
    Text(""),
)
"""Made-up texts whose scores are kept beside the weights and checked whenever the model is loaded."""


@dataclass(frozen=True)
class Fitted:
    """A fitted model. `weights` (F + 1, K): bias last, answers of all heads side by side."""

    vocabulary: Vocabulary
    weights: np.ndarray
    lexicon: Lexicon
    answers: Mapping[str, Sequence[str]]


def weights_file(model: Fitted) -> bytes:
    """`weights.npz`: the same bytes for the same model."""
    weights = model.weights[:-1]
    scale = (np.abs(weights).max(axis=1) / LARGEST + 1e-8).astype(np.float16)
    steps = np.clip(np.rint(weights / np.maximum(scale, 1e-7)[:, None].astype(np.float32)), -LARGEST, LARGEST)
    learnt = {
        "keys": model.vocabulary.keys,
        "idf": model.vocabulary.idf.astype(np.float16),
        "weights": steps.astype(np.int8),
        "scale": scale,
        "bias": model.weights[-1].astype(np.float32),
    }
    return packed(learnt, model.lexicon, model.answers["leaf"])


def packed(learnt: Mapping[str, np.ndarray], lexicon: Lexicon, leaves: Sequence[str]) -> bytes:
    """`weights.npz` of what was learnt and the names beside it."""
    names = sorted(lexicon.leaves)
    place = {leaf: number for number, leaf in enumerate(leaves)} | {NOTHING: NO_LEAF}
    pairs = [(leaf, other) for leaf, others in lexicon.yields.items() for other in sorted(others)]
    arrays: dict[str, Any] = {
        **learnt,
        "names": np.array(names),
        "name_leaves": np.array([place[lexicon.leaves[name]] for name in names], dtype=np.int16),
        "yields": np.array([[place[leaf] for leaf in pair] for pair in pairs if place.keys() >= {*pair}], np.int16),
    }
    body = io.BytesIO()
    np.savez_compressed(body, **arrays)
    return body.getvalue()


@dataclass(frozen=True)
class Findings:
    """What a training run found out beside the weights."""

    answers: Mapping[str, Sequence[str]]
    scale: Mapping[str, Any]
    thresholds: Mapping[str, float]
    split: Mapping[str, Any]
    figures: Mapping[str, Any]


def write(root: Path, body: bytes, found: Findings, trained: np.ndarray) -> Path:
    """The folder `root/text/<digest12>` of a `weights_file`, its description, golden texts, card and trained keys.

    trained int64 (N,): `trained_keys`.
    """
    sha256 = hashlib.sha256(body).hexdigest()
    preprocessing = {"function": "text features", "revision": REVISION, **found.scale}
    description = Description(
        name="text",
        digest=digest_of(sha256, preprocessing, NUMERIC_CLASS),
        task="what a text says is sold, for whom, in which language",
        weights="weights.npz",
        weights_sha256=sha256,
        numeric_class=NUMERIC_CLASS,
        preprocessing=preprocessing,
        batch=1,
        classes={head: list(answers) for head, answers in found.answers.items()},
        golden="golden.json",
        thresholds=found.thresholds,
        split=found.split,
        figures=found.figures,
    )
    folder = root / "text" / description.digest[:DIGEST_LENGTH]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "weights.npz").write_bytes(body)
    (folder / "model.json").write_text(_json(asdict(description)), encoding="utf-8")
    scores, _ = opened_weights(body, description).scores(GOLDEN)
    golden = {"texts": [vars(text) for text in GOLDEN], "scores": np.round(scores, 5).tolist()}
    (folder / "golden.json").write_text(json.dumps(golden, ensure_ascii=False) + "\n", encoding="utf-8")
    (folder / "card.md").write_text(card(description), encoding="utf-8")
    np.save(folder / TRAINED, trained)
    return folder


def trained_keys(rows: Sequence[Row]) -> np.ndarray:
    """The keys of the rows' texts, int64 (N,), each once."""
    return np.unique(np.array([text_key(row.text) for row in rows], dtype=np.int64))


def text_key(text: Text) -> int:
    """63 bits that name a text, so that a score can leave out what trained the model."""
    return text_name(text.title, text.description, text.brand)


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True) + "\n"
