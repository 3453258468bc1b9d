"""Fits how text and pictures are joined to a category: `python -m training.joined --data FOLDER`.

The first views of products of `joined.tsv`, whose category the shop states or a person read off title and picture. The
released text model, filter and detector answer for them; texts with their shop's category, and again without it. Shops
marked `kept` are measured alone: nothing is chosen on them. What is fitted goes to `udfs/rules/joined.json`.
"""

import argparse
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from scipy.optimize import minimize

from schemas.settings import ChoiceSettings
from training.data.tables import pixels_of, read_rows
from udfs.pictures.detect import detect
from udfs.pictures.screen import screen
from udfs.rules.joined import FEATURES, FILE, Case, Weights
from udfs.rules.taxonomy import Taxonomy
from udfs.runtime.models import load, promoted
from udfs.text import model as texts
from udfs.text.classify import NEEDED, classify
from udfs.text.language import by_letters

TRUTH = Path(__file__).with_suffix(".tsv")
ROOT = Path(__file__).parents[1]
PENALTY = 1e-3
AT_ONCE = 16
COVERAGES = (0.2, 0.4, 0.6, 0.7, 0.8, 0.9, 1.0)
_TEXT = pa.schema([(name, pa.list_(pa.string()) if name == "category_path" else pa.string()) for name in NEEDED])


@dataclass(frozen=True)
class Product:
    """A product with its picture. `nodes`: the categories of which any is right."""

    source: str
    language: str
    nodes: tuple[str, ...]
    is_kept: bool
    text: dict[str, Any]
    picture: Path


@dataclass(frozen=True)
class Example:
    """A product and what the models make of it."""

    product: Product
    case: Case

    @property
    def right(self) -> np.ndarray:
        """bool (candidates,): the category, or the rest of its class where no other candidate is the category."""
        taxonomy, nodes = self.case.taxonomy, self.product.nodes
        found = [not one.is_rest and is_right(one.node, nodes, taxonomy, coarse=False) for one in self.case.candidates]
        named = {one.around for one, right in zip(self.case.candidates, found, strict=True) if right}
        return np.array([
            is_right(one.node, nodes, taxonomy) and one.around not in named if one.is_rest else right
            for one, right in zip(self.case.candidates, found, strict=True)
        ], bool)  # fmt: skip


def is_right(node: str, nodes: Sequence[str], taxonomy: Taxonomy, coarse: bool = True) -> bool:
    """Whether a category is, or lies within, one of `nodes`; `coarse`: or around it."""
    return any(taxonomy.is_within(node, one) or (coarse and taxonomy.is_within(one, node)) for one in nodes)


def main(arguments: Sequence[str] | None = None) -> None:
    """Read, fit, measure, write."""
    parser = argparse.ArgumentParser(prog="python -m training.joined", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, nargs="+", help="folders of products with pictures")
    parser.add_argument("--work", type=Path, default=Path("var/training/joined"), help="folder for a run's steps")
    options = parser.parse_args(arguments)
    taxonomy = Taxonomy.read(ROOT / "mappings" / "taxonomy.xml")
    listed = [product for folder in options.data for product in products(folder)]
    seen = answers_of(listed, options.work)
    by_path = {path: examples(listed, seen, taxonomy, path) for path in (True, False)}
    weights = fitted([one for path in by_path for one in by_path[path] if not one.product.is_kept])
    for path, found in by_path.items():
        kept = [one for one in found if one.product.is_kept]
        print(f"\n{'with' if path else 'without'} the shop's category\n\n{report(kept, weights)}")
    said = {"coefficients": {name: round(value, 4) for name, value in weights.coefficients.items()}}
    FILE.write_text(json.dumps(said, indent=2) + "\n", encoding="utf-8")


def products(folder: Path) -> list[Product]:
    """The products of a folder that `joined.tsv` names."""
    truth = {(row["source"], row["product_id"]): row for row in read_rows(TRUTH)}
    views: dict[tuple[str, str], str] = {}
    for row in read_rows(folder / "views.tsv"):
        views.setdefault((row["source"], row["product_id"]), row["file"])
    found = []
    for row in read_rows(folder / "products.tsv"):
        key = (row["source"], row["product_id"])
        if key in truth and key in views:
            path = [step for step in row["category"].split("/") if step]
            text = {name: row[name] for name in ("title", "description", "brand")} | {"category_path": path}
            nodes, kept = tuple(truth[key]["nodes"].split("|")), truth[key]["kept"] == "1"
            language = by_letters(row["title"].lower()) or "latin"
            found.append(Product(row["source"], language, nodes, kept, text, folder / "images" / views[key]))
    return found


def answers_of(listed: Sequence[Product], work: Path) -> dict[str, dict[str, Any]]:
    """By file what filter and detector say; kept in `work`, so that a killed run goes on."""
    work.mkdir(parents=True, exist_ok=True)
    step = work / "pictures.jsonl"
    lines = step.read_text(encoding="utf-8").splitlines() if step.exists() else []
    seen = {row.pop("file"): row for row in map(json.loads, lines)}
    due = [one.picture for one in listed if one.picture.name not in seen]
    filtering, detecting = (load(promoted(name, ROOT / "models")) for name in ("screen", "detect"))
    with step.open("a", encoding="utf-8") as out:
        for first in range(0, len(due), AT_ONCE):
            read = ((path, pixels_of(path)) for path in due[first : first + AT_ONCE])
            opened = [(path, pixels) for path, pixels in read if pixels is not None]
            pictures = [pixels for _, pixels in opened]
            shown, boxes = screen(pictures, filtering), detect(pictures, detecting)
            for at, (path, _) in enumerate(opened):
                said = {"depicts": shown.depicts[at], "depicts_score": float(shown.depicts_score[at])}
                said["wanted"] = float(shown.probabilities[at, 0])
                row = said | {"boxes": [{"class": box.name, "score": box.score} for box in boxes[at]]}
                seen[path.name] = row
                out.write(json.dumps({"file": path.name, **row}) + "\n")
    return seen


def examples(
    listed: Sequence[Product], seen: dict[str, dict[str, Any]], taxonomy: Taxonomy, with_path: bool
) -> list[Example]:
    """The products whose picture is kept, with the answers of their texts."""
    wanted = ChoiceSettings().wanted
    shown = [one for one in listed if one.picture.name in seen and seen[one.picture.name]["wanted"] >= wanted]
    rows = [one.text | {"gender": None, "category_path": one.text["category_path"] if with_path else []}
            for one in shown]  # fmt: skip
    answers = classify(pa.RecordBatch.from_pylist(rows, _TEXT), texts.load(promoted("text", ROOT / "models")))
    leaves = answers["leaves"].to_pylist()
    return [
        Example(one, Case([(leaf["leaf"], leaf["probability"]) for leaf in said], [seen[one.picture.name]], taxonomy))
        for one, said in zip(shown, leaves, strict=True)
    ]


def fitted(taught: Sequence[Example]) -> Weights:
    """The coefficients under which the right categories are likeliest; shops count by the root of their products."""
    sizes = Counter(one.product.source for one in taught)
    cases = [(np.array(one.case.features()), right, sizes[one.product.source] ** -0.5)
             for one in taught if one.case.candidates and (right := one.right).any()]  # fmt: skip
    total = sum(weight for _, _, weight in cases)

    def surprise(coefficients: np.ndarray) -> tuple[float, np.ndarray]:
        value, slope = PENALTY * float(coefficients @ coefficients), 2 * PENALTY * coefficients
        for rows, right, weight in cases:
            scores = rows @ coefficients
            chances = np.exp(scores - scores.max())
            chances /= chances.sum()
            good = chances[right].sum()
            value -= weight / total * float(np.log(max(good, 1e-12)))
            slope = slope + weight / total * rows.T @ (chances - np.where(right, chances / max(good, 1e-12), 0.0))
        return value, slope

    found = minimize(surprise, np.zeros(len(FEATURES)), jac=True, method="L-BFGS-B").x
    return Weights(dict(zip(FEATURES, map(float, found), strict=True)))


def report(kept: Sequence[Example], weights: Weights) -> str:
    """Share right where the text alone is not sure, by the picture alone and joined, of the products with the surest
    pictures."""
    choice = ChoiceSettings()
    unsure = [one for one in kept if one.case.candidates and not _is_sure(one, choice)]
    unsure = [one for one in unsure if one.case.pictures[0]["depicts_score"] >= choice.image]
    right: dict[str, list[bool]] = {"picture": [], "joined": []}
    for one in sorted(unsure, key=lambda one: -one.case.pictures[0]["depicts_score"]):
        taxonomy = one.case.taxonomy
        shown = taxonomy.from_image_class(one.case.pictures[0]["depicts"])
        for name, node in (("picture", shown), ("joined", one.case.likeliest(choice.text_within, weights))):
            right[name].append(node is not None and is_right(node, one.product.nodes, taxonomy))
    lines = [f"{len(unsure)} of {len(kept)} where the text is not sure and the picture decides", ""]
    lines += [
        "| the surest pictures | " + " | ".join(map(str, COVERAGES)) + " |",
        "| --- " * (len(COVERAGES) + 1) + "|",
    ]
    for name, rows in right.items():
        shares = [f"{np.mean(rows[: max(int(share * len(rows)), 1)] or 0):.3f}" for share in COVERAGES]
        lines.append(f"| {name} | " + " | ".join(shares) + " |")
    return "\n".join(lines)


def _is_sure(one: Example, choice: ChoiceSettings) -> bool:
    leaf, chance = one.case.leaves[0] if one.case.leaves else ("", 0.0)
    return chance >= (choice.text if leaf in one.case.taxonomy else choice.leans_out_of_scope)


if __name__ == "__main__":
    main()
