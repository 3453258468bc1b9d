"""Writes a fitted text model as a folder that `udfs.text.model.load` opens."""

import hashlib
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from training.text_rows import Vocabulary
from udfs.text.features import Text
from udfs.text.lexicon import Lexicon
from udfs.text.model import opened

LARGEST = 127
"""Weights are kept as int8, with one scale a feature."""

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
    names = sorted(model.lexicon.leaves)
    leaves = list(model.answers["leaf"])
    body = io.BytesIO()
    np.savez_compressed(
        body,
        keys=model.vocabulary.keys,
        idf=model.vocabulary.idf.astype(np.float16),
        weights=steps.astype(np.int8),
        scale=scale,
        bias=model.weights[-1].astype(np.float32),
        names=np.array(names),
        name_leaves=np.array([leaves.index(model.lexicon.leaves[name]) for name in names], dtype=np.int16),
    )
    return body.getvalue()


def write(root: Path, body: bytes, about: Mapping[str, Any], card: Callable[[Mapping[str, Any]], str]) -> Path:
    """The folder `root/text/<digest12>` with weights, description, golden texts and card."""
    digest = hashlib.sha256(body).hexdigest()
    described = {"name": "text", "digest": digest, "files": {"weights.npz": digest}, "golden": "golden.json", **about}
    scores, _ = opened(body, described).scores(GOLDEN)
    golden = {"texts": [vars(text) for text in GOLDEN], "scores": np.round(scores, 5).tolist()}
    folder = root / "text" / digest[:12]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "weights.npz").write_bytes(body)
    (folder / "model.json").write_text(_json(described), encoding="utf-8")
    (folder / "golden.json").write_text(json.dumps(golden, ensure_ascii=False) + "\n", encoding="utf-8")
    (folder / "card.md").write_text(card(described), encoding="utf-8")
    return folder


def promote(root: Path, name: str, digest12: str) -> None:
    """Makes a model the one that the night uses; the others' entries stay as they are."""
    path = root / "promoted.json"
    promoted = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    path.write_text(_json({**promoted, name: digest12}), encoding="utf-8")


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True) + "\n"
