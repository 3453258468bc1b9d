"""Trains the text model and writes it with its card: `python -m training.text.train --data FOLDER --out models`.

Every shop is left out once (`text_split.folds`) for the figures of unseen shops and for calibration; each of these fits
is kept under `--work`, so that a killed run goes on where it was. Then the promoted model learns from all shops.
"""

import argparse
import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from training.data.split import Part, fraction
from training.progress import Progress
from training.release.release import promote
from training.text.calibrate import calibration_error, certainty, doubt, reliability, surest, temperature, threshold
from training.text.coarse import fine, parents
from training.text.corrections import corrected_rows
from training.text.data import Row, lexicon, names, out_of_scope_feeds, styles, titles
from training.text.export import Findings, Fitted, trained_keys, weights_file, write
from training.text.figures import Answers
from training.text.fit import fit, garment_names, scores
from training.text.linear import softmax
from training.text.rows import GENDER_ANSWERS, features, language_of
from training.text.score import curves, report, table_of
from training.text.split import BRANDS_KEPT, FOLDS, SALT, TITLES_KEPT, folds, part, shop
from udfs.text.classify import UNSAID, calibrated, gender_scores
from udfs.text.features import Text, doubtful
from udfs.text.language import ANSWERS
from udfs.text.lexicon import BEGINS, NOTHING, Lexicon
from udfs.text.model import AS_SAID

SEED = 7
CATALOGUE_SHARE = 1 / 3
NAMED = {"name", "feed"}
"""Rows that train but never measure: names of categories, and feeds that hold nothing of fashion."""


@dataclass(frozen=True)
class Course:
    """What a training run works on."""

    rows: Sequence[Row]
    lexicon: Lexicon
    leaves: Sequence[str]
    parent: Mapping[str, str]
    seed: int

    def fitted(self, rows: Sequence[Row]) -> Fitted:
        return fit(fine(rows, self.lexicon, self.parent), self.lexicon, self.leaves, self.seed)


def main(arguments: Sequence[str] | None = None) -> None:
    """Read, leave shops out, fit, calibrate, write, promote."""
    parser = argparse.ArgumentParser(prog="python -m training.text.train", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with labelled titles, catalogues and feeds")
    parser.add_argument("--out", type=Path, required=True, help="folder of models")
    parser.add_argument("--work", type=Path, default=Path("var/training/text"), help="folder for a run's steps")
    parser.add_argument("--seed", type=int, default=SEED)
    options = parser.parse_args(arguments)
    rows = labelled(options.data)
    course = Course(rows, garment_names(), sorted({row.leaf for row in rows}), parents(options.data), options.seed)
    folder = trained(course, options.out, options.work)
    promote("text", folder, options.out)
    print(folder)


def labelled(folder: Path) -> list[Row]:
    """Every row that trains or measures: titles, catalogues, category names, garment names and feeds out of scope."""
    named = [entry for entry in lexicon() if entry[0] != NOTHING]
    listed = [Row(Text(name.rstrip(BEGINS)), language, "lexicon", leaf, "name") for leaf, language, name in named]
    told = corrected_rows(titles(folder) + styles(folder))
    return told + names(folder) + out_of_scope_feeds(folder) + listed


def trained(course: Course, out: Path, work: Path) -> Path:
    """The folder of the new model."""
    told = [row for row in course.rows if row.basis not in NAMED]
    left_out = unseen_shops(course, told, work)
    scale = scaled(told, left_out[:, : len(course.leaves)], course)
    learnt = [row for row in course.rows if part(row) == Part.TRAIN]
    model = course.fitted(learnt)
    kept = [row for row in told if part(row) == Part.VALIDATION]
    figures = {
        "unseen_shops": measured(told, left_out, model.answers, scale),
        "validation": measured(kept, scores(model, kept), model.answers, scale),
    }
    split = {
        "salt": SALT,
        "brands_kept": BRANDS_KEPT,
        "titles_kept": TITLES_KEPT,
        "folds": folds(course.rows),
        "left_out_as_coarse": len(course.rows) - len(fine(course.rows, course.lexicon, course.parent)),
    }
    found = Findings(model.answers, scale.preprocessing(), recommended(figures), split, figures)
    return write(out, weights_file(model), found, trained_keys(learnt))


def recommended(figures: Mapping[str, Any]) -> dict[str, float]:
    """By language, the probability below which an answer counts as unknown.

    It is the bound of unseen brands and titles: that of unseen shops leaves too little answered to be of use. A
    language without a bound takes the strictest of the others.
    """
    bounds = {name: bound["probability"] for name, bound in figures["validation"]["thresholds"].items() if bound}
    return {language: bounds.get(language, max(bounds.values(), default=1.0)) for language in ANSWERS}


def unseen_shops(course: Course, told: Sequence[Row], work: Path) -> np.ndarray:
    """Scores (N, K) of each told row by a fit that saw nothing of its shop."""
    fold = folds(course.rows)
    place = np.array([fold[shop(row)] for row in told])
    work.mkdir(parents=True, exist_ok=True)
    made: np.ndarray | None = None
    progress = Progress("shops left out", FOLDS)
    for number in range(FOLDS):
        step = work / f"{digest(course)}-{number}.npy"
        asked = [row for row, at in zip(told, place, strict=True) if at == number]
        if not step.exists():
            rest = thinned([row for row in course.rows if fold.get(shop(row)) != number])
            answer = scores(course.fitted(rest), asked).astype(np.float32)
            np.save(step.with_suffix(".part.npy"), answer)
            step.with_suffix(".part.npy").replace(step)
        answer = np.load(step, allow_pickle=False)
        made = np.zeros((len(told), answer.shape[1]), dtype=np.float32) if made is None else made
        made[place == number] = answer
        progress.reached(number + 1)
    if made is None:
        raise ValueError("no fold to leave out")
    return made


def thinned(rows: Sequence[Row]) -> list[Row]:
    """The rows, of the one large catalogue a third: enough for a fit that only measures."""
    return [row for row in rows if row.basis != "styles" or fraction(row.text.title, "thinned") < CATALOGUE_SHARE]


def digest(course: Course) -> str:
    """Names the steps of a run: the rows, the names and the code that fits them."""
    yields = sorted((leaf, sorted(others)) for leaf, others in course.lexicon.yields.items())
    told = hashlib.sha256(repr((course.seed, course.rows, sorted(course.lexicon.leaves.items()), yields)).encode())
    for path in sorted(Path(__file__).parent.glob("*.py")):
        told.update(path.read_bytes())
    for path in sorted((Path(__file__).parents[2] / "udfs" / "text").glob("*.py")):
        told.update(path.read_bytes())
    return told.hexdigest()[:16]


@dataclass(frozen=True)
class Scale:
    """Turns leaf scores to probabilities as `TextModel` and `classify` do, whose words these are."""

    temperature: Mapping[str, float]
    doubt: float
    lexicon: Lexicon
    certainty: Sequence[Sequence[float]] = AS_SAID

    def chances(self, rows: Sequence[Row], scored: np.ndarray) -> np.ndarray:
        """Probabilities (N, K) of the rows' leaf scores (N, K)."""
        doubts = np.where(doubtful(features(rows, self.lexicon), len(rows)), self.doubt, 1.0)
        divisor = doubts * np.array([self.temperature[language_of(row)] for row in rows])
        return calibrated(softmax(scored.astype(np.float64) / divisor[:, None]), self.certainty)

    def preprocessing(self) -> dict[str, Any]:
        """What `model.json` says of it."""
        return {"temperature": dict(self.temperature), "doubt": self.doubt, "certainty": self.certainty}


def scaled(rows: Sequence[Row], scored: np.ndarray, course: Course) -> Scale:
    """Temperatures of the rows that leave nothing open, the further divisor of the others, then what is right."""
    doubts = doubtful(features(rows, course.lexicon), len(rows))
    plain_rows = [row for row, doubted in zip(rows, doubts, strict=True) if not doubted]
    heat = temperatures(plain_rows, scored[~doubts], course.leaves)
    spoken = np.array([language_of(row) for row in rows])
    place = {leaf: number for number, leaf in enumerate(course.leaves)}
    true = np.array([place[row.leaf] for row in rows])
    told = np.array([row.basis != "styles" for row in rows])
    cooled = scored[told] / np.array([heat[language] for language in spoken[told]])[:, None]
    scale = Scale(heat, doubt(cooled, true[told], doubts[told]), course.lexicon)
    chances = scale.chances(rows, scored)
    right = chances.argmax(axis=1) == true
    return replace(scale, certainty=certainty(chances.max(axis=1), right, shop_weights(rows)))


def shop_weights(rows: Sequence[Row]) -> np.ndarray:
    """How much each row counts, (N,): no shop drowns the rest."""
    counts = Counter(shop(row) for row in rows)
    return np.array([counts[shop(row)] ** -0.5 for row in rows])


def temperatures(rows: Sequence[Row], scored: np.ndarray, leaves: Sequence[str]) -> dict[str, float]:
    """A temperature a language, from the surest answers in shops left out; one without rows takes that of all."""
    place = {leaf: number for number, leaf in enumerate(leaves)}
    true = np.array([place[row.leaf] for row in rows])
    spoken = np.array([language_of(row) for row in rows])
    weight = shop_weights(rows)
    found = {}
    for language in ("other", *ANSWERS):
        of = np.flatnonzero(spoken == language)
        if not len(of) and language == "other":
            of = np.arange(len(rows))
        if len(of):
            kept = of[surest(scored[of])]
            found[language] = temperature(scored[kept], true[kept], weight[kept])
    return found


def measured(
    rows: Sequence[Row], scored: np.ndarray, answers: Mapping[str, Sequence[str]], scale: Scale
) -> dict[str, Any]:
    """Figures, reliability and thresholds of rows with their scores (N, K)."""
    count = len(answers["leaf"])
    chance = scale.chances(rows, scored[:, :count])
    best = chance.argmax(axis=1)
    raised = gender_scores([row.text for row in rows], scored[:, count : count + len(GENDER_ANSWERS)], GENDER_ANSWERS)
    genders = [GENDER_ANSWERS[at] for at in raised.argmax(axis=1)]
    said = [None if gender == UNSAID else gender for gender in genders]
    table = table_of(rows, [answers["leaf"][at] for at in best], chance.max(axis=1).tolist(), said)
    bands = reliability(table.probability, table.leaf == table.found)
    return {
        **report(table),
        "curves": curves(table),
        "thresholds": thresholds(table),
        "reliability": bands,
        "calibration_error": calibration_error(bands),
    }


def thresholds(table: Answers) -> dict[str, dict[str, float] | None]:
    """By language: the probability from which answers are right 99.5% of the time, and the share that it answers."""
    found: dict[str, dict[str, float] | None] = {}
    for language in np.unique(table.language):
        rows = table.where(table.language == language)
        bound = threshold(rows.probability, rows.leaf == rows.found)
        found[str(language)] = {"probability": round(bound[0], 4), "answered": round(bound[1], 4)} if bound else None
    return found


if __name__ == "__main__":
    main()
