"""Puts today's garment names into the promoted release: `python -m training.text.rename --data FOLDER --out models`.

The weights stay, byte for byte, so that only texts in which another name is found are answered otherwise. The figures
of held-out titles are measured anew; those of unseen shops stay those of the fits that learnt the names before.
"""

import argparse
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from training.data.split import Part
from training.release.release import promote
from training.text.export import TRAINED, Findings, Fitted, packed, write
from training.text.fit import garment_names, scores
from training.text.rows import Vocabulary
from training.text.split import part
from training.text.train import NAMED, Scale, labelled, measured, recommended
from udfs.runtime.models import opened, promoted, read_release
from udfs.text.model import text_model

_NAMES = {"names", "name_leaves", "yields"}


def main(arguments: Sequence[str] | None = None) -> None:
    """Read, measure, write, promote."""
    parser = argparse.ArgumentParser(prog="python -m training.text.rename", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with labelled titles, catalogues and feeds")
    parser.add_argument("--out", type=Path, required=True, help="folder of models")
    options = parser.parse_args(arguments)
    folder = renamed(options.out, options.data)
    promote("text", folder, options.out)
    print(folder)


def renamed(root: Path, data: Path) -> Path:
    """The folder of the new release."""
    release = opened(read_release(promoted("text", root)))
    description, old = release.description, text_model(release)
    lexicon, answers = garment_names(), description.classes
    with np.load(io.BytesIO(release.files[description.weights]), allow_pickle=False) as arrays:
        learnt = {name: arrays[name] for name in arrays.files if name not in _NAMES}
    said = {name: value for name, value in description.preprocessing.items() if name not in ("function", "revision")}
    kept = [row for row in labelled(data) if row.basis not in NAMED and part(row) == Part.VALIDATION]
    kinds = np.zeros(len(old.weights.keys), np.int8)
    words = Vocabulary(old.weights.keys, old.weights.idf, kinds)
    model = Fitted(words, np.vstack([old.weights.weights, old.weights.bias]), lexicon, answers)
    scale = Scale(said["temperature"], said["doubt"], lexicon, said["certainty"])
    figures = {**description.figures, "validation": measured(kept, scores(model, kept), answers, scale)}
    found = Findings(answers, said, recommended(figures), description.split, figures)
    trained = np.load(release.folder / TRAINED, allow_pickle=False)
    return write(root, packed(learnt, lexicon, answers["leaf"]), found, trained)


if __name__ == "__main__":
    main()
