"""What other thresholds would accept and reject, counted from the stored scores; no model runs.

`selvedge whatif` shows beside it what becomes of the products; the run report counts only, for it looks at everything.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from jobs.engine.night import Night
from jobs.live.functions import classify_function
from jobs.live.screened import done
from jobs.live.views import offers
from lake.tables import literal
from reports.facts import ThresholdRow
from schemas.errors import WrongInput
from schemas.settings import ChoiceSettings
from schemas.table import DONE
from schemas.tables import TEXTS

STEP = 0.1
"""How far the report moves each threshold up and down."""

NAMES = ("wanted", "image", "text", "text_within", "out_of_scope", "leans_out_of_scope")
"""Settings of `choice` that decide on a product."""


@dataclass(frozen=True)
class Threshold:
    """A setting of `choice` for one column of scores. `rises`: rows at or above it pass, otherwise rows below it."""

    setting: str
    counts: str
    score: str
    where: str = "true"
    rises: bool = True


THRESHOLDS = (
    Threshold("wanted", "pictures accepted", "wanted"),
    Threshold("image", "pictures that decide a category", "depicts_score"),
    Threshold("text", "texts that decide a category", "probability", "leaf <> 'out_of_scope'"),
    Threshold("out_of_scope", "out-of-scope texts kept", "probability", "leaf = 'out_of_scope'", rises=False),
)


def moved(choice: ChoiceSettings, moves: Iterable[str]) -> ChoiceSettings:
    """The settings with thresholds moved, each NAME=VALUE. Raises WrongInput for any other form."""
    found = {}
    for move in moves:
        name, _, text = move.partition("=")
        name = name.strip().removeprefix("choice.")
        try:
            value = float(text)
        except ValueError:
            value = -1.0
        if name not in NAMES or not 0 <= value <= 1:
            known = ", ".join(NAMES)
            raise WrongInput("--threshold", None, f"{move[:60]}: must be NAME=VALUE, from 0 to 1; names: {known}")
        found[name] = value
    return choice.model_copy(update=found)


def counted(night: Night, other: ChoiceSettings) -> list[ThresholdRow]:
    """One row for each threshold of which `other` has another value and that is held against a stored score."""
    return [
        _counted(night, threshold, _scores(night, threshold), float(getattr(other, threshold.setting)))
        for threshold in THRESHOLDS
        if getattr(other, threshold.setting) != _now(night, threshold)
    ]


def around(night: Night) -> list[ThresholdRow]:
    """Every threshold moved by `STEP` down and up, as the report shows it."""
    rows = []
    for threshold in THRESHOLDS:
        scores, now = _scores(night, threshold), _now(night, threshold)
        values = sorted({round(max(now - STEP, 0.0), 4), round(min(now + STEP, 1.0), 4)} - {now})
        rows += [_counted(night, threshold, scores, value) for value in values]
    return rows


def _counted(night: Night, threshold: Threshold, scores: np.ndarray, value: float) -> ThresholdRow:
    now = _now(night, threshold)
    passed, would = (scores >= now, scores >= value) if threshold.rises else (scores < now, scores < value)
    return ThresholdRow(
        setting=threshold.setting,
        counts=threshold.counts,
        now=now,
        moved=value,
        total=len(scores),
        passing=int(passed.sum()),
        let_in=int((would & ~passed).sum()),
        turned_away=int((passed & ~would).sum()),
    )


def _now(night: Night, threshold: Threshold) -> float:
    return float(getattr(night.settings.choice, threshold.setting))


def _scores(night: Night, threshold: Threshold) -> np.ndarray:
    """Scores float64 [N] of the live rows."""
    if threshold.setting in ("wanted", "image"):
        seen: np.ndarray = done(night)[threshold.score].to_numpy()
        return seen.astype(np.float64)
    live, function = offers(night), literal(classify_function(night))
    query = f"""
        select t.{threshold.score} score from {TEXTS.name} t
        join (select distinct text_key from ({live.sql})) live on t.text_key = live.text_key
        where t.status = '{DONE}' and t.function = {function} and {threshold.where}"""  # noqa: S608
    scores: np.ndarray = night.tables.sql(query, {*live.tables, TEXTS})["score"].to_numpy()
    return scores.astype(np.float64)


def lines(rows: Sequence[ThresholdRow]) -> list[str]:
    """The rows as lines for a person."""
    return [
        f"{row.setting} {row.now:g} -> {row.moved:g}: now {row.passing} of {row.total} {row.counts}; "
        f"{row.let_in} more would be accepted, {row.turned_away} more rejected"
        for row in rows
    ]
