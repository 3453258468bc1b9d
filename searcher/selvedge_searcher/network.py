"""A network of an encoder folder, described by its model.json. Its golden answers are checked on loading."""

import io
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import onnxruntime
import pyarrow as pa

from selvedge_searcher.errors import EncoderMismatch
from selvedge_searcher.preprocessing import KNOWN

SAME_ANSWER = 0.999
"""Lowest cosine to the golden answers: fp32 and fp16 reach it, other numeric classes do not."""


class Network:
    """Runs batches of the network's fixed shape. Raises EncoderMismatch if its answers are not the expected ones."""

    def __init__(self, name: str, files: Mapping[str, pa.Buffer], threads: int) -> None:
        self.name = name
        try:
            self.card: dict[str, Any] = json.loads(files["model.json"].to_pybytes())
            weights, golden = files[self.card["weights"]], files[self.card["golden"]]
            preprocessing = self.card["preprocessing"]
            self.side, self.batch = int(preprocessing["side"]), int(self.card["batch"])
        except (KeyError, ValueError) as error:
            raise EncoderMismatch(f"{name}: the encoder folder lacks {error}") from error
        if KNOWN.get(preprocessing["function"]) != preprocessing["revision"]:
            raise EncoderMismatch(f"{name}: this package does not know the preprocessing {preprocessing}; upgrade it")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # a service has other work
        self._session = onnxruntime.InferenceSession(weights.to_pybytes(), options, ["CPUExecutionProvider"])
        self._check(golden)

    def run(self, inputs: np.ndarray) -> dict[str, np.ndarray]:
        """Outputs by name for inputs (N, side, side, 3) uint8, N >= 1; the last batch is padded."""
        names = [output.name for output in self._session.get_outputs()]
        asked = self._session.get_inputs()[0].name
        parts = []
        for start in range(0, len(inputs), self.batch):
            rows = inputs[start : start + self.batch]
            padding = np.zeros((self.batch - len(rows), *rows.shape[1:]), rows.dtype)
            answers = self._session.run(names, {asked: np.concatenate([rows, padding])})
            parts.append([answer[: len(rows)] for answer in answers])
        return {name: np.concatenate(answers) for name, answers in zip(names, zip(*parts, strict=True), strict=True)}

    def _check(self, golden: pa.Buffer) -> None:
        with np.load(io.BytesIO(golden), allow_pickle=False) as kept:
            answers = self.run(kept["inputs"])
            for name, answer in answers.items():
                likeness = _cosine(kept[f"output_{name}"], answer)
                if likeness < SAME_ANSWER:
                    raise EncoderMismatch(f"{self.name}: cosine of {name} to the golden answers is only {likeness:.4f}")


def _cosine(one: np.ndarray, other: np.ndarray) -> float:
    """The lowest cosine between the rows of two arrays: 1 for equal rows, 0 if there is a NaN."""
    if one.shape != other.shape or not np.isfinite(other).all():
        return 0.0
    left, right = (values.reshape(len(values), -1).astype(np.float64) for values in (one, other))
    norms = np.linalg.norm(left, axis=1) * np.linalg.norm(right, axis=1)
    products = np.divide((left * right).sum(axis=1), norms, out=np.zeros(len(left)), where=norms > 0)
    products[(left == right).all(axis=1)] = 1.0
    return float(products.min())
