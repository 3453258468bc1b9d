"""Fits how sure a proposed category is: `python -m training.text.propose --data FOLDER`.

Every shop is left out once: the text model that reads its titles was fitted without the shop and without any name of
its categories, and the function that weighs the evidence without the shop's categories. What is measured so is printed;
then the function is fitted on all shops and written to `udfs/rules/proposal.json`.
"""

import argparse
import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression

from training.text.coarse import parents
from training.text.data import AMBIGUOUS, Row, styles, titles
from training.text.fit import garment_names, scores
from training.text.split import FOLDS, folds, shop
from training.text.train import SEED, Course, Scale, labelled, thinned
from udfs.rules.proposal import (
    FEATURES,
    LEAST,
    Evidence,
    Names,
    Rules,
    Weights,
    candidates,
    features,
    propose,
    surest,
    text_evidence,
)
from udfs.rules.taxonomy import Taxonomy
from udfs.rules.wording import normalise
from udfs.runtime.models import promoted
from udfs.text.features import Text

WEIGHTS = Path(__file__).parents[2] / "udfs" / "rules" / "proposal.json"
PRECISION = 0.98
TEXTS = 80
"""Texts read of one category: more change its mean by less than a hundredth."""

BEST = 5
PURE = 0.9


@dataclass(frozen=True)
class Labelled:
    """A shop's category with the share of its products that each leaf has, and all that the desk would know of it."""

    shop: str
    language: str
    path: tuple[str, ...]
    shares: Mapping[str, float]
    evidence: Evidence

    @property
    def leaf(self) -> str | None:
        """What a person's rule for it would say; none where its products are of several leaves, or unclear."""
        return next((leaf for leaf, share in self.shares.items() if share >= PURE and leaf != AMBIGUOUS), None)


def main(arguments: Sequence[str] | None = None) -> None:
    """Read, leave shops out, measure, fit on all, write."""
    parser = argparse.ArgumentParser(prog="python -m training.text.propose", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with labelled titles")
    parser.add_argument("--work", type=Path, default=Path("var/training/propose"), help="folder for a run's steps")
    options = parser.parse_args(arguments)
    root = Path(__file__).parents[2]
    taxonomy = Taxonomy.read(root / "mappings" / "taxonomy.xml")
    shown = with_neighbours(read_categories(options.data, options.work, root), taxonomy)
    print(report(shown, taxonomy))
    fitted = weigh(shown)
    coefficients = {name: round(value, 4) for name, value in fitted.coefficients.items()}
    said = {"coefficients": coefficients, "intercept": round(fitted.intercept, 4)}
    WEIGHTS.write_text(json.dumps(said, indent=2) + "\n", encoding="utf-8")


def stated(rows: Sequence[Row]) -> dict[tuple[str, tuple[str, ...]], list[Row]]:
    """Rows of each category that a shop states, at most `TEXTS`, the same ones every time."""
    found: dict[tuple[str, tuple[str, ...]], list[Row]] = defaultdict(list)
    for row in rows:
        if row.stated_path and row.basis in ("stated", "styles"):
            found[shop(row), row.stated_path].append(row)
    drawn = {}
    for place, mine in found.items():
        mine.sort(key=lambda row: hashlib.sha256(row.text.title.encode()).digest())
        drawn[place] = mine[:TEXTS]
    return drawn


def read_categories(data: Path, work: Path, root: Path) -> list[Labelled]:
    """Every stated category with its text evidence from a model that saw nothing of its shop, and its products.

    The truth is the label of each product as it was published, not corrected by title."""
    rows = labelled(data)
    course = Course(rows, garment_names(), sorted({row.leaf for row in rows}), parents(data), SEED)
    fold = folds(rows)
    told = titles(data, ambiguous=True) + styles(data)
    leaves: dict[tuple[str, tuple[str, ...] | None], Counter[str]] = defaultdict(Counter)
    for row in told:
        leaves[shop(row), row.stated_path][row.leaf] += 1
    grouped = stated(told)
    scale = released_scale(root, course)
    found = []
    work.mkdir(parents=True, exist_ok=True)
    for number in range(FOLDS):
        mine = {place: texts for place, texts in sorted(grouped.items()) if fold.get(place[0], 0) == number}
        asked = [row.on_path(row.stated_path) for texts in mine.values() for row in texts]
        asked += [replace(texts[0], text=Text(place[1][-1])).on_path(place[1]) for place, texts in mine.items()]
        chances = fold_chances(course, number, fold, asked, work, scale)
        start, end = 0, len(asked) - len(mine)
        for at, (place, texts) in enumerate(mine.items()):
            own = [best(chances[row], course.leaves) for row in range(start, start + len(texts))]
            start += len(texts)
            text, first = text_evidence(own)
            name = dict(best(chances[end + at], course.leaves))
            count = leaves[place].total()
            shares = {leaf: mine / count for leaf, mine in leaves[place].items()}
            found.append(Labelled(place[0], texts[0].language, place[1], shares, Evidence(count, text, first, name)))
    return found


def fold_chances(
    course: Course, number: int, fold: Mapping[str, int], asked: Sequence[Row], work: Path, scale: Scale
) -> np.ndarray:
    step = work / f"fold-{number}.npy"
    if not step.exists():
        names = {normalise(step) for row in asked for step in row.stated_path}
        rest = thinned([row for row in course.rows if fold.get(shop(row)) != number])
        rest = [row for row in rest if not _is_name_of(row, names)]
        np.save(step, scores(course.fitted(rest), asked)[:, : len(course.leaves)].astype(np.float32))
        print(f"fold {number + 1} of {FOLDS} is fitted", flush=True)
    return scale.chances(asked, np.load(step, allow_pickle=False))


def _is_name_of(row: Row, names: set[str]) -> bool:
    """Whether a row is a category's name and path, as one of the shops left out writes it too."""
    return row.basis == "name" and row.source != "lexicon" and normalise(row.text.title) in names


def released_scale(root: Path, course: Course) -> Scale:
    said = json.loads((promoted("text", root / "models") / "model.json").read_text(encoding="utf-8"))["preprocessing"]
    return Scale(said["temperature"], said["doubt"], course.lexicon, said["certainty"])


def best(chances: np.ndarray, leaves: Sequence[str]) -> tuple[tuple[str, float], ...]:
    order = np.argsort(-chances, kind="stable")[:BEST]
    return tuple((leaves[place], float(chances[place])) for place in order)


def with_neighbours(found: Sequence[Labelled], taxonomy: Taxonomy) -> list[Labelled]:
    """Adds what the taxonomy and the other shops' categories say of a name."""
    names = Names(taxonomy)
    by_shop: dict[str, Rules] = {}
    for left_out in {category.shop for category in found}:
        rules = by_shop[left_out] = Rules([])
        for category in found:
            if category.shop != left_out and category.leaf is not None:
                rules.add(category.path[-1], category.leaf)
    shown = []
    for category in found:
        last = category.path[-1]
        evidence = replace(category.evidence, named=names.named(last), rules=by_shop[category.shop].like(last))
        shown.append(replace(category, evidence=evidence))
    return shown


def weigh(found: Sequence[Labelled]) -> Weights:
    """The function that tells right proposals from wrong ones. Large shops and categories count by their root.

    A proposal is right for a share of the category's products, and wrong for the rest."""
    rows, right, weight = [], [], []
    sizes = Counter(category.shop for category in found)
    for category in found:
        counts = (min(category.evidence.products, 100) / sizes[category.shop]) ** 0.5
        for leaf in candidates(category.evidence):
            numbers, share = features(category.evidence, leaf), category.shares.get(leaf, 0.0)
            for is_right, part in ((True, share), (False, 1 - share)):
                if part:
                    rows.append([numbers[name] for name in FEATURES])
                    right.append(is_right)
                    weight.append(counts * part)
    model = LogisticRegression(C=1.0, max_iter=5000).fit(np.array(rows), np.array(right), np.array(weight))
    return Weights(dict(zip(FEATURES, model.coef_[0].tolist(), strict=True)), float(model.intercept_[0]))


@dataclass(frozen=True)
class Judged:
    """The first proposal for a category in a shop left out. `right`: the share of its products for which it is."""

    language: str
    shop: str
    products: int
    probability: float
    right: float
    is_sure: bool = False  # among the rules that `mapping suggest` writes


def judged(found: Sequence[Labelled], taxonomy: Taxonomy) -> list[Judged]:
    """The first proposals, each by a function that saw nothing of the shop."""
    made = []
    for left_out in sorted({category.shop for category in found}):
        weights = weigh([category for category in found if category.shop != left_out])
        mine = []
        for category in found:
            if category.shop == left_out:
                first = next(iter(propose(category.evidence, taxonomy, weights)), None)
                chance, right = (first.probability, category.shares.get(first.leaf, 0.0)) if first else (0.0, 0.0)
                mine.append(Judged(category.language, left_out, category.evidence.products, chance, right))
        likely = [(row.probability if row.probability >= LEAST else 0.0, row.products) for row in mine]
        sure = surest(likely, PRECISION)
        made += [replace(row, is_sure=place in sure and likely[place][0] > 0) for place, row in enumerate(mine)]
    return made


def report(found: Sequence[Labelled], taxonomy: Taxonomy) -> str:
    """How much of the products is covered, by language and shop: by what `suggest` writes, and where 98% is right."""
    rows = judged(found, taxonomy)
    lines = ["| of | categories | products | first is right | suggested | of these right | covered at 98% right |",
             "| --- | --- | --- | --- | --- | --- | --- |"]  # fmt: skip
    parts = {"all": rows}
    for kind in ("language", "shop"):
        for name in sorted({getattr(row, kind) for row in rows}):
            parts[f"{kind} {name}"] = [row for row in rows if getattr(row, kind) == name]
    for name, part in parts.items():
        total = sum(row.products for row in part)
        sure = [row for row in part if row.is_sure]
        covered = sum(row.products for row in sure)
        good = sum(row.products * row.right for row in sure)
        first = sum(row.products * row.right for row in part)
        lines.append(f"| {name} | {len(part)} | {total:,} | {first / total:.2f} | {covered / total:.2f} "
                     f"| {good / covered if covered else 1:.3f} | {covered_at(part):.2f} |")  # fmt: skip
    return "\n".join(lines)


def covered_at(rows: Sequence[Judged], precision: float = PRECISION) -> float:
    """The largest share of products that the surest proposals cover with this share of them right."""
    covered = right = most = 0.0
    ordered = sorted(rows, key=lambda row: -row.probability)
    for at, row in enumerate(ordered):
        covered += row.products
        right += row.products * row.right
        ends = at + 1 == len(ordered) or ordered[at + 1].probability < row.probability
        if ends and right >= precision * covered:
            most = covered
    return most / max(sum(row.products for row in rows), 1)


if __name__ == "__main__":
    main()
