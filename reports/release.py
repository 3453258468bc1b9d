"""The page of a model release: figures beside the release before, mistakes to mark, labels that would teach most."""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from reports.environment import render_page, template_text

WIDTH, HEIGHT = 150, 60
"""Size in pixels of a threshold curve."""


@dataclass(frozen=True)
class FigureRow:
    """One figure with its 95% interval; None where it was not measured."""

    name: str
    value: float | None
    low: float | None
    high: float | None
    target: float | None = None
    before: float | None = None


@dataclass(frozen=True)
class Curve:
    """Shares over thresholds, rising from 0 to 1: of a class's rows found, of other rows taken for it, and right."""

    true_positive: Sequence[float]
    false_positive: Sequence[float]
    precision: Sequence[float]

    @staticmethod
    def points(shares: Sequence[float]) -> str:
        """A share a threshold as the points of an SVG line."""
        last = max(len(shares) - 1, 1)
        return " ".join(f"{WIDTH * at / last:.0f},{HEIGHT * (1 - share):.0f}" for at, share in enumerate(shares))


@dataclass(frozen=True)
class ClassRow:
    """How one category fares; shares are None where nothing counts."""

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
    """A picture or text to look at: its key, label and answer; `image` is a data URI or empty."""

    key: str
    label: str
    answer: str
    score: float
    source: str
    image: str = ""
    lines: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class ReleaseFacts:
    """The whole page. `key_column` is the first column of the corrections: sha256 or text_key."""

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
    """HTML of a release. Texts and labels are escaped; no script but our own may run."""
    script = template_text("release.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return render_page(
        "release.html.j2", release=facts, script=script, script_digest=digest, width=WIDTH, height=HEIGHT
    )
