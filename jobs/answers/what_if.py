"""What another value of a threshold would accept and reject, counted from the stored scores; no model runs."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from jobs.engine.night import Night
from jobs.engine.stage import Query
from jobs.live.functions import classify_function, screen_function
from jobs.live.views import offers, pictures
from lake.tables import literal
from reports.facts import ThresholdRow
from schemas.errors import WrongInput
from schemas.table import DONE
from schemas.tables import SCREENS, TEXTS

STEP = 0.1
"""How far the report moves each threshold up and down."""


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


def what_if(night: Night, moves: Iterable[str]) -> list[ThresholdRow]:
    """One row per move SETTING=VALUE. Raises WrongInput for any other form."""
    asked = [_parsed(move) for move in moves]
    return [_counted(night, threshold, _scores(night, threshold), value) for threshold, value in asked]


def around(night: Night) -> list[ThresholdRow]:
    """Every threshold moved by `STEP` down and up, as the report shows it."""
    rows = []
    for threshold in THRESHOLDS:
        scores, now = _scores(night, threshold), _now(night, threshold)
        moved = sorted({round(max(now - STEP, 0.0), 4), round(min(now + STEP, 1.0), 4)} - {now})
        rows += [_counted(night, threshold, scores, value) for value in moved]
    return rows


def _parsed(move: str) -> tuple[Threshold, float]:
    name, _, text = move.partition("=")
    found = [threshold for threshold in THRESHOLDS if threshold.setting == name.removeprefix("choice.")]
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not found or not 0 <= value <= 1:
        names = ", ".join(threshold.setting for threshold in THRESHOLDS)
        raise WrongInput(
            "--what-if", None, f"{move}: must be SETTING=VALUE with a value from 0 to 1; settings: {names}"
        )
    return found[0], value


def _counted(night: Night, threshold: Threshold, scores: np.ndarray, moved: float) -> ThresholdRow:
    now = _now(night, threshold)
    passed, would = (scores >= now, scores >= moved) if threshold.rises else (scores < now, scores < moved)
    return ThresholdRow(
        setting=threshold.setting,
        counts=threshold.counts,
        now=now,
        moved=moved,
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
        return _column(night, threshold, "picture", pictures(night), screen_function(night))
    return _column(night, threshold, "text_key", offers(night), classify_function(night))


def _column(night: Night, threshold: Threshold, key: str, live: Query, function: bytes) -> np.ndarray:
    table = SCREENS if key == "picture" else TEXTS
    query = f"""
        select s.{threshold.score} score from {table.name} s
        join (select distinct {key} from ({live.sql})) live on s.{key} = live.{key}
        where s.status = '{DONE}' and s.function = {literal(function)} and {threshold.where}"""  # noqa: S608
    scores: np.ndarray = night.tables.sql(query, {*live.tables, table})["score"].to_numpy()
    return scores.astype(np.float64)


def lines(rows: Sequence[ThresholdRow]) -> list[str]:
    """The rows as lines for a person."""
    return [
        f"{row.setting} {row.now:g} -> {row.moved:g}: now {row.passing} of {row.total} {row.counts}; "
        f"{row.let_in} more would be accepted, {row.turned_away} more rejected"
        for row in rows
    ]
