"""The quality report of a model release: figures next to the previous release, mistakes, and rows worth labelling."""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from reports.environment import render_page, template_text

WIDTH, HEIGHT = 150, 60
"""Size in pixels of a threshold curve."""


@dataclass(frozen=True)
class FigureRow:
    """One figure with its 95% interval; None if it was not measured."""

    name: str
    value: float | None
    low: float | None
    high: float | None
    target: float | None = None
    before: float | None = None


@dataclass(frozen=True)
class Curve:
    """True positive rate, false positive rate and precision of a class at rising thresholds from 0 to 1."""

    true_positive: Sequence[float]
    false_positive: Sequence[float]
    precision: Sequence[float]

    @staticmethod
    def points(shares: Sequence[float]) -> str:
        """The points of an SVG line, one per threshold."""
        last = max(len(shares) - 1, 1)
        return " ".join(f"{WIDTH * at / last:.0f},{HEIGHT * (1 - share):.0f}" for at, share in enumerate(shares))


@dataclass(frozen=True)
class ClassRow:
    """The rates of one category; None if there are no rows to count."""

    name: str
    rows: int
    true_positive: float | None
    false_positive: float | None
    precision: float | None
    before_true_positive: float | None
    before_precision: float | None
    curve: Curve


@dataclass(frozen=True)
class Item:
    """A picture or text to check: its key, its label and the model's answer. `image` is a data URI or empty."""

    key: str
    label: str
    answer: str
    score: float
    source: str
    image: str = ""
    lines: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class ReleaseFacts:
    """All data of the page. `key_column` is the first column of the corrections file: sha256 or text_key."""

    model: str
    digest: str
    previous: str | None
    made_at: str
    counted: str
    key_column: str
    labels: list[str]
    figures: list[FigureRow]
    classes: list[ClassRow]
    mistakes_in_all: int
    mistakes: list[Item]
    teaching: list[Item]


def render_release(facts: ReleaseFacts) -> str:
    """The HTML of the page. Texts and labels are escaped, and only our own script may run."""
    script = template_text("release.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return render_page(
        "release.html.j2", release=facts, script=script, script_digest=digest, width=WIDTH, height=HEIGHT
    )
