"""Text and picture joined where the title does not say the type: `python -m training.text_and_picture --data FOLDER`.

Pictures of single garments are joined to the catalogue by id. Every word that names a garment is taken out of the
titles. A text head learns from the whole catalogue, a picture head from the pictured rows, each without the brands
that it answers for; joined, their log-probabilities are added with weights that the other brands give.
"""

import argparse
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import SGDClassifier
from sklearn.pipeline import make_pipeline

from training.data.corrections import garment_pictures
from training.data.labelled import Kind, Picture, expanded, read_folders
from training.data.split import fraction
from training.data.tables import DataError
from training.linear import logits
from training.progress import Progress
from training.screen.heads import Rows, fit_rows, probabilities
from training.screen.train import features_of
from training.text.data import AMBIGUOUS, STYLE_COLUMNS, Row, article_types, table, tables
from training.text.figures import Weighed, accuracy, figure, macro_f1, right_at_85
from training.text.fit import garment_names
from training.text.linear import softmax
from training.text.score import table_of
from udfs.text.features import Text
from udfs.text.lexicon import Lexicon
from udfs.text.normalise import plain

FOLDS, SALT = 4, "joined"
LEAST_PICTURES = 20
"""Types with fewer pictures cannot be learnt from the others' brands."""

TEXT_PENALTY, PICTURE_PENALTY = 1e-5, 0.2
TITLE_LIMIT, SMALLEST = 300, 1e-6
WEIGHTS = (0.0, 0.1, 0.2, 0.3, 0.45, 0.6, 0.8, 1.0, 1.3)


@dataclass(frozen=True)
class Product:
    """A row of the catalogue: its title without the names of garments, and what it is."""

    number: str
    title: str
    told: str
    brand: str
    leaf: str

    @property
    def fold(self) -> int:
        """All products of a brand are in one fold."""
        return int(fraction(self.brand.lower(), SALT) * FOLDS)


@dataclass(frozen=True)
class Pictured:
    """A product of the catalogue and its picture."""

    product: Product
    picture: Picture


def untyped(title: str, article_type: str, names: Lexicon) -> str:
    """A title without the words of its article type and without the names of garments."""
    said = names.pattern.sub(" ", plain(title, TITLE_LIMIT))
    taken = {form for word in article_type.lower().split() for form in (word, word.rstrip("s"), f"{word}s")}
    return " ".join(word for word in said.split() if word not in taken)


def catalogue(folder: Path) -> list[Product]:
    """Every product of the catalogues in a folder that has one leaf."""
    leaf_of, names = article_types(), garment_names()
    found = []
    for path in tables(folder, STYLE_COLUMNS):
        for row in table(path):
            title = row["productDisplayName"]
            leaf = leaf_of(row["articleType"], title, row.get("brand", ""))
            told = untyped(title, row["articleType"], names)
            found.append(Product(row["id"], title, told, row.get("brand") or title.split(" ")[0], leaf))
    return [item for item in found if item.leaf != AMBIGUOUS]


def joined(products: Sequence[Product], pictures: Sequence[Picture]) -> list[Pictured]:
    """The pictures whose id is in the catalogue, of leaves with enough of them."""
    by_number = {item.number: item for item in products}
    numbered = [(picture.path.stem.rpartition("_")[2], picture) for picture in pictures]
    found = [Pictured(by_number[number], picture) for number, picture in numbered if number in by_number]
    leaves, counts = np.unique([row.product.leaf for row in found], return_counts=True)
    known = set(leaves[counts >= LEAST_PICTURES].tolist())
    return [row for row in found if row.product.leaf in known]


Chances = dict[str, np.ndarray]
"""Probabilities [N, leaves] by way of answering: text, image, joined."""


def answered(products: Sequence[Product], rows: Sequence[Pictured], features: np.ndarray) -> tuple[list[str], Chances]:
    """The leaves, and the chances of every pictured row by heads that saw nothing of its brand."""
    leaves = sorted({row.product.leaf for row in rows})
    truth = np.array([leaves.index(row.product.leaf) for row in rows])
    fold = np.array([row.product.fold for row in rows])
    text, image = np.zeros((len(rows), len(leaves))), np.zeros((len(rows), len(leaves)))
    taught = [item for item in products if item.leaf in leaves]
    progress = Progress("brands left out", FOLDS)
    for number in range(FOLDS):
        asked = fold == number
        by_text = text_head([item for item in taught if item.fold != number], leaves)
        text[asked] = by_text([row.product.told for row, chosen in zip(rows, asked, strict=True) if chosen])
        layer = fit_rows(Rows(features[~asked], truth[~asked]), PICTURE_PENALTY)
        image[asked] = probabilities(logits(layer, features[asked]))
        progress.reached(number + 1)
    both = np.zeros_like(text)
    for number in range(FOLDS):
        asked = fold == number
        weights = weights_of(text[~asked], image[~asked], truth[~asked])
        both[asked] = together((text[asked], image[asked]), weights)
    return leaves, {"text": text, "image": image, "joined": both}


def text_head(products: Sequence[Product], leaves: Sequence[str]) -> Callable[[Sequence[str]], np.ndarray]:
    """Words and pairs of words, logistic regression; every leaf counts alike, so that the answer holds no prior."""
    words = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True, dtype=np.float32)
    learner = SGDClassifier(
        loss="log_loss", alpha=TEXT_PENALTY, class_weight="balanced", max_iter=12, tol=None, random_state=7
    )
    model = make_pipeline(words, learner)
    model.fit([item.told for item in products], [leaves.index(item.leaf) for item in products])
    places = model.classes_

    def chances(titles: Sequence[str]) -> np.ndarray:
        found = np.zeros((len(titles), len(leaves)))
        found[:, places] = model.predict_proba(titles)
        return found

    return chances


def together(chances: Sequence[np.ndarray], weights: Sequence[float]) -> np.ndarray:
    """Weighted sum of log-probabilities [N, C], each row brought to probabilities again."""
    total = sum(weight * np.log(np.maximum(chance, SMALLEST)) for weight, chance in zip(weights, chances, strict=True))
    return softmax(np.asarray(total))


def weights_of(text: np.ndarray, image: np.ndarray, truth: np.ndarray) -> tuple[float, float]:
    """How much text and picture count: the weights under which the truth [N] is likeliest."""

    def surprise(weights: tuple[float, float]) -> float:
        right = together((text, image), weights)[np.arange(len(truth)), truth]
        return float(-np.log(np.maximum(right, SMALLEST)).mean())

    return min(product(WEIGHTS, WEIGHTS), key=surprise)


MEASURES: dict[str, Weighed] = {"macro_f1": macro_f1, "accuracy": accuracy, "right_at_85": right_at_85}


def figures(leaves: Sequence[str], chances: Chances, rows: Sequence[Pictured]) -> dict[str, dict[str, dict[str, Any]]]:
    """Each measure with its interval, by way of answering; brands are drawn for the interval."""
    told = [
        Row(
            Text(row.product.told, "", row.product.brand),
            "en",
            f"styles:{row.product.brand}",
            row.product.leaf,
            "styles",
        )
        for row in rows
    ]
    found = {}
    for way, chance in chances.items():
        answers = [leaves[place] for place in chance.argmax(axis=1)]
        answer = table_of(told, answers, chance.max(axis=1).tolist(), [None] * len(told))
        found[way] = {name: figure(answer, measure) for name, measure in MEASURES.items()}
    return found


def settled(leaves: Sequence[str], chances: Chances, rows: Sequence[Pictured]) -> list[tuple[Pictured, str, str]]:
    """Rows that the text alone gets wrong and both together right: the row, the text's answer, the right one."""
    text, both = (chances[way].argmax(axis=1) for way in ("text", "joined"))
    cases = []
    for row, by_text, by_both in zip(rows, text, both, strict=True):
        if leaves[by_both] == row.product.leaf != leaves[by_text]:
            cases.append((row, leaves[by_text], leaves[by_both]))
    return cases


def markdown(found: dict[str, dict[str, dict[str, Any]]], cases: Sequence[tuple[Pictured, str, str]]) -> str:
    """The table of all three ways, and what the picture settles most often."""
    lines = ["| answered by | " + " | ".join(MEASURES) + " |", "| --- " * (len(MEASURES) + 1) + "|"]
    for way, values in found.items():
        cells = [f"{value['value']:.3f} ({value['low']:.3f} to {value['high']:.3f})" for value in values.values()]
        lines.append(f"| {way} | " + " | ".join(cells) + " |")
    pairs = Counter((by_text, right) for _, by_text, right in cases).most_common(12)
    most = [f"{count} {right} that the text takes for {by_text}" for (by_text, right), count in pairs]
    return "\n".join([*lines, "", f"The picture settles {len(cases)}: " + ", ".join(most) + "."])


def main() -> None:
    """Print the table, then the titles that the picture settled."""
    parser = argparse.ArgumentParser(prog="python -m training.text_and_picture", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with a catalogue and single garments")
    parser.add_argument("--work", type=Path, default=Path(".train"), help="cache of features")
    parser.add_argument("--cases", type=Path, help="file for the titles that the picture settled")
    options = parser.parse_args()
    products = catalogue(options.data)
    pictures = garment_pictures(read_folders(expanded([options.data])).get(Kind.GARMENTS, []))
    rows = joined(products, pictures)
    if not rows:
        raise DataError(f"{options.data}: no picture whose name ends with an id of a catalogue")
    features = features_of([row.picture for row in rows], options.work)
    leaves, chances = answered(products, rows, np.stack([features[row.picture.path] for row in rows]))
    cases = settled(leaves, chances, rows)
    print(f"{len(rows)} pictured products of {len({row.product.brand for row in rows})} brands, {len(leaves)} leaves\n")
    print(markdown(figures(leaves, chances, rows), cases))
    if options.cases:
        lines = [f"{row.product.title}\t{row.product.told}\t{by_text}\t{right}" for row, by_text, right in cases]
        options.cases.write_text("\n".join(["title\ttold\ttext\tjoined", *lines]) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
