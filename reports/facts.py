"""The data of a run report: plain values, gathered elsewhere."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Part:
    """A part of one step of the funnel. `fate` is through, away (rejected) or waiting."""

    label: str
    count: int
    fate: str
    meaning: str = ""


@dataclass(frozen=True)
class Whole:
    """One step of the funnel: its parts add up to its total."""

    name: str
    parts: list[Part]

    @property
    def total(self) -> int:
        return sum(part.count for part in self.parts)

    @property
    def through(self) -> int:
        return sum(part.count for part in self.parts if part.fate == "through")


@dataclass(frozen=True)
class Box:
    """A garment's box, each side in percent of the picture."""

    label: str
    left: float
    top: float
    width: float
    height: float
    chosen: bool = True


@dataclass(frozen=True)
class Thumbnail:
    """A small picture as a data URI, with its boxes and its caption."""

    image: str
    title: str
    lines: list[str] = field(default_factory=list)
    boxes: list[Box] = field(default_factory=list)


@dataclass(frozen=True)
class Gallery:
    """A group of pictures under one heading."""

    name: str
    count: int
    pictures: list[Thumbnail]
    note: str = ""


@dataclass(frozen=True)
class StageTime:
    """One stage of the run."""

    name: str
    due: int
    done: int
    rejected: int
    pending: int
    seconds: float
    rows_per_second: float
    peak_mib: float
    outcome: str


@dataclass(frozen=True)
class RejectRow:
    """The rejects of one stage and code, with a few samples."""

    stage: str
    code: str
    meaning: str
    acts: str
    count: int
    samples: list[str]


@dataclass(frozen=True)
class PicturesAsked:
    """How many of a retailer's picture URLs were never fetched (`left`), and how many nights the rest will take."""

    addresses: int = 0
    left: int = 0
    whole_in: int | None = None  # nights; None: no earlier night to estimate from

    @property
    def whole(self) -> str:
        """How long the rest will take, in words."""
        if self.whole_in is None:
            return "no earlier night to estimate from"
        return f"complete in about {self.whole_in} night{'s' if self.whole_in > 1 else ''}"


@dataclass(frozen=True)
class RetailerRow:
    """The state of one retailer."""

    name: str
    status: str
    reason: str
    feed: str
    age_hours: float | None
    products: int
    garments: int
    asked: PicturesAsked
    unread: tuple[str, ...] = ()
    """Parts of the newest feed that nobody reads, with their shares of the offers."""
    files: tuple[str, ...] = ()
    """Of several files each in a line: its feed, its age, and whether it is held."""


@dataclass(frozen=True)
class FailureCount:
    """Picture URLs of a host that fail with one code: now, and before this night."""

    code: str
    now: int
    before: int
    jumped: bool  # grew by more than the settings report.jump_* allow


@dataclass(frozen=True)
class HostRow:
    """The live picture URLs of one host, and how many of them fail with which code."""

    host: str
    addresses: int
    failures: list[FailureCount]

    @property
    def failing(self) -> int:
        return sum(failure.now for failure in self.failures)


@dataclass(frozen=True)
class UnmappedRow:
    """A shop category that no mapping rule matches."""

    path: str
    products: int
    samples: list[str]


@dataclass(frozen=True)
class RuleRow:
    """A mapping rule that applies to at least one product."""

    rule: str
    node: str
    products: int
    text_differs: int
    image_differs: int


@dataclass(frozen=True)
class CoverageRow:
    """How well one retailer's mapping covers its live products."""

    retailer: str
    products: int
    mapped: float
    ignored: float
    unmapped: float
    decided_by: dict[str, float]
    rules: list[RuleRow]
    idle: list[str]  # rules that apply to no product today
    largest: list[UnmappedRow]


@dataclass(frozen=True)
class GateRow:
    """One gate's verdict."""

    name: str
    retailer: str
    value: float
    bound: float
    passed: bool
    accepted_because: str


@dataclass(frozen=True)
class ThresholdRow:
    """The effect of changing a threshold from `now` to `moved`: `passing` of `total` rows pass it now."""

    setting: str
    counts: str  # what is counted
    now: float
    moved: float
    total: int
    passing: int
    let_in: int
    turned_away: int


@dataclass(frozen=True)
class Changes:
    """The differences between a version and its parent."""

    parent: int | None
    counts: dict[str, dict[str, int]]  # table -> added, removed, changed
    samples: list[str]


SURVEY_FILE = "survey.json"
"""Beside the pages; it holds what they hold, titles and small pictures."""


@dataclass(frozen=True)
class Survey:
    """What is said of the whole catalog, whichever run asks."""

    funnel: list[Whole]
    rejects: list[RejectRow]
    hosts: list[HostRow]
    asked: dict[str, PicturesAsked]  # by retailer
    files: list[str]  # notes on retailers that send several files
    without_garments: dict[str, int]  # products of each retailer none of which has a garment
    suspected: dict[str, int]  # pictures of each retailer that may be placeholders and that the filter kept
    placeholders: list[Gallery]
    turned_away: list[Gallery]
    duplicates: list[Gallery]
    garments: list[Gallery]
    disagreeing: list[Gallery]
    neighbours: list[Gallery]
    coverage: list[CoverageRow]
    thresholds: list[ThresholdRow]


@dataclass(frozen=True)
class NightFacts:
    """All data of the page."""

    run: str
    date: str
    made_at: str
    headline: str
    notes: list[str]
    version: int | None
    content_digest: str
    survey: Survey
    stages: list[StageTime]
    retailers: list[RetailerRow]
    gates: list[GateRow]
    changes: Changes | None
    models: dict[str, str]
    settings_digest: str
