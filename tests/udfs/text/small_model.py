"""A model of three leaves, written without training: garment names alone carry weight."""

import hashlib
import io
import json
from dataclasses import asdict
from pathlib import Path

import numpy as np

from udfs.runtime.models import Description, digest_of
from udfs.text.features import REVISION, Text, name_key
from udfs.text.model import opened_weights

LEAVES = ["dress", "shirt", "out_of_scope"]
ANSWERS = {
    "leaf": LEAVES,
    "gender": ["women", "men", "unisex", "girls", "boys", "kids", "unsaid"],
    "language": ["en", "ja", "ru", "other"],
}
NAMES = {"dress": 0, "плать*": 0, "ワンピース": 0, "シャツ": 1, "рубашк*": 1, "toner": 2}
DOUBT_DIVISOR = 4.0
PLACES = ("title", "step", "opening")


def write_small_model(root: Path) -> Path:
    """A model folder in which a named leaf gets 6, a named gender 6, and `unsaid` and `en` 2."""
    moved = {}
    for place in PLACES:
        for number, leaf in enumerate(LEAVES):
            moved[name_key(f"{place} only {leaf}")] = number
            moved[name_key(f"{place} names {leaf}")] = number
    for number, gender in enumerate(ANSWERS["gender"][:-1]):
        moved[name_key(f"title for {gender}")] = len(LEAVES) + number
    keys = np.array(sorted(moved), dtype=np.uint64)
    size = sum(map(len, ANSWERS.values()))
    weights = np.zeros((len(keys), size), dtype=np.int8)
    weights[np.arange(len(keys)), [moved[int(key)] for key in keys]] = 6
    bias = np.zeros(size, dtype=np.float32)
    bias[[9, 10]] = 2
    body = io.BytesIO()
    np.savez(
        body,
        keys=keys,
        idf=np.ones(len(keys), np.float16),
        weights=weights,
        scale=np.ones(len(keys), np.float16),
        bias=bias,
        names=np.array(list(NAMES)),
        name_leaves=np.array(list(NAMES.values()), dtype=np.int16),
    )
    return _written(root, body.getvalue())


def _written(root: Path, body: bytes) -> Path:
    sha256 = hashlib.sha256(body).hexdigest()
    heat = dict.fromkeys(ANSWERS["language"], 1.0)
    preprocessing = {"function": "text features", "revision": REVISION, "temperature": heat, "doubt": DOUBT_DIVISOR}
    description = Description(
        name="text",
        digest=digest_of(sha256, preprocessing, "float"),
        task="test",
        weights="weights.npz",
        weights_sha256=sha256,
        numeric_class="float",
        preprocessing=preprocessing,
        batch=1,
        classes=ANSWERS,
        golden="golden.json",
    )
    folder = root / "text" / description.digest[:12]
    folder.mkdir(parents=True)
    scores, _ = opened_weights(body, description).scores([Text("red dress")])
    (folder / "weights.npz").write_bytes(body)
    (folder / "model.json").write_text(json.dumps(asdict(description)))
    (folder / "golden.json").write_text(json.dumps({"texts": [{"title": "red dress"}], "scores": scores.tolist()}))
    return folder
