"""The numbers of a night as OpenMetrics text.

Every metric is a gauge, so that the text is valid in the older Prometheus format too: node exporter's textfile folder
and the push gateway read only that one, and take the lines `# UNIT` and `# EOF` for comments.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain

from reports.facts import GateRow

Sample = tuple[tuple[str, ...], float]
"""The values of a metric's labels, and its own."""

Family = tuple["Metric", list[Sample]]

UNITS = "seconds", "bytes"


@dataclass(frozen=True)
class Metric:
    """A gauge: its name without the prefix, what it says, and the names of its labels."""

    short: str
    text: str
    labels: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return f"selvedge_{self.short}"


BUILD = Metric("build_info", "Version of the program that wrote these numbers.", ("version",))
EXIT_CODE = Metric("run_exit_code", "Exit code of the last run: 0 done, 4 done with a retailer held, else failed.")
STARTED = Metric("run_start_timestamp_seconds", "When the last run began.")
ENDED = Metric("run_end_timestamp_seconds", "When the last run ended.")
SUCCESS = Metric("last_success_timestamp_seconds", "When a run last published or had nothing new to publish.")
DUE = Metric("stage_due_rows", "Rows that were due in a stage of the last run.", ("stage",))
ROWS = Metric("stage_rows", "What became of a stage's due rows: done, rejected or pending.", ("stage", "result"))
SECONDS = Metric("stage_duration_seconds", "How long a stage of the last run took.", ("stage",))
MEMORY = Metric("stage_peak_memory_bytes", "Largest process of a stage of the last run.", ("stage",))
LIVE_ROWS = Metric(
    "live_rows", "Rows that a retailer's live feed needs: done, rejected or pending.", ("stage", "retailer", "result")
)
HELD = Metric("retailer_held", "1 if a retailer is held at its last good rows, else 0.", ("retailer",))
FEED_AT = Metric("feed_acquired_timestamp_seconds", "When the live feed of a retailer was received.", ("retailer",))
FILE_AT = Metric(
    "feed_file_acquired_timestamp_seconds",
    "When the live feed of one of the several files of a retailer was received.",
    ("retailer", "file"),
)
FEED_BYTES = Metric("feed_bytes", "Size of the newest feed of a retailer.", ("retailer",))
GATE_VALUE = Metric(
    "gate_value", "What a gate measured, last time; without a retailer: over all.", ("gate", "retailer")
)
GATE_BOUND = Metric("gate_bound", "What a gate allows.", ("gate", "retailer"))
GATE_PASSED = Metric("gate_passed", "1 if a gate passed or a person let it through, else 0.", ("gate", "retailer"))
VERSION = Metric("snapshot_version", "Number of the live version.")
PUBLISHED = Metric("snapshot_published_timestamp_seconds", "When the live version was published.")
GARMENTS = Metric("snapshot_garments", "Garments of a retailer in the live version.", ("retailer",))
PRODUCTS = Metric("snapshot_products", "Products of a retailer in the live version.", ("retailer",))
LAKE = Metric("lake_bytes", "Size of the files in a folder of the lake.", ("folder",))


@dataclass(frozen=True)
class StageNumbers:
    """A stage of the last run. due = done + rejected + pending."""

    name: str
    due: int
    done: int
    rejected: int
    pending: int
    seconds: float
    peak_bytes: float


@dataclass(frozen=True)
class RetailerNumbers:
    """A retailer's feed, of several files the oldest part and the sum of bytes; None: there is none."""

    name: str
    held: bool
    feed_at: float | None = None
    feed_bytes: int | None = None


@dataclass(frozen=True)
class VersionNumbers:
    """The live version, with garments and products by retailer. `published_at` in Unix seconds."""

    number: int
    published_at: float
    garments: dict[str, int]
    products: dict[str, int]


@dataclass(frozen=True)
class Numbers:
    """What one run has to say. Times are Unix seconds. A part that could not be read is empty."""

    program: str
    exit_code: int
    began: float
    ended: float
    stages: list[StageNumbers] = field(default_factory=list)
    retailers: list[RetailerNumbers] = field(default_factory=list)
    files: dict[tuple[str, str], float] = field(default_factory=dict)  # when it came, by retailer and file of several
    live_rows: dict[tuple[str, str, str], int] = field(default_factory=dict)  # by stage, retailer, result
    gates: list[GateRow] = field(default_factory=list)
    version: VersionNumbers | None = None
    lake: dict[str, int] = field(default_factory=dict)


def metrics_text(numbers: Numbers) -> str:
    """The text of `selvedge.prom`."""
    lake: Family = LAKE, [((name,), size) for name, size in numbers.lake.items()]
    parts = (
        _run(numbers),
        _stages(numbers.stages),
        _retailers(numbers),
        _gates(numbers.gates),
        _version(numbers.version),
    )
    return _text([*chain(*parts), lake])


def success_text(at: float) -> str:
    """The text of `selvedge_success.prom`, which a run that fails leaves as it is."""
    return _text([(SUCCESS, [((), at)])])


def _run(numbers: Numbers) -> Iterator[Family]:
    yield BUILD, [((numbers.program,), 1)]
    yield EXIT_CODE, [((), numbers.exit_code)]
    yield STARTED, [((), numbers.began)]
    yield ENDED, [((), numbers.ended)]


def _stages(stages: list[StageNumbers]) -> Iterator[Family]:
    yield DUE, [((stage.name,), stage.due) for stage in stages]
    results = "done", "rejected", "pending"
    yield ROWS, [((stage.name, result), getattr(stage, result)) for stage in stages for result in results]
    yield SECONDS, [((stage.name,), stage.seconds) for stage in stages]
    yield MEMORY, [((stage.name,), stage.peak_bytes) for stage in stages]


def _retailers(numbers: Numbers) -> Iterator[Family]:
    yield LIVE_ROWS, sorted(numbers.live_rows.items())
    yield HELD, [((one.name,), one.held) for one in numbers.retailers]
    yield FEED_AT, [((one.name,), one.feed_at) for one in numbers.retailers if one.feed_at is not None]
    yield FILE_AT, sorted(numbers.files.items())
    yield FEED_BYTES, [((one.name,), one.feed_bytes) for one in numbers.retailers if one.feed_bytes is not None]


def _gates(gates: list[GateRow]) -> Iterator[Family]:
    yield GATE_VALUE, [((gate.name, gate.retailer), gate.value) for gate in gates]
    yield GATE_BOUND, [((gate.name, gate.retailer), gate.bound) for gate in gates]
    yield GATE_PASSED, [((gate.name, gate.retailer), gate.passed) for gate in gates]


def _version(version: VersionNumbers | None) -> Iterator[Family]:
    if version is not None:
        yield VERSION, [((), version.number)]
        yield PUBLISHED, [((), version.published_at)]
        yield GARMENTS, [((name,), count) for name, count in version.garments.items()]
        yield PRODUCTS, [((name,), count) for name, count in version.products.items()]


def _text(families: Iterable[Family]) -> str:
    lines = [line for metric, samples in families if samples for line in _family(metric, samples)]
    return "\n".join([*lines, "# EOF", ""])


def _family(metric: Metric, samples: list[Sample]) -> Iterator[str]:
    yield f"# HELP {metric.name} {metric.text}"
    yield f"# TYPE {metric.name} gauge"
    unit = metric.name.rpartition("_")[2]
    if unit in UNITS:
        yield f"# UNIT {metric.name} {unit}"
    for values, value in samples:
        pairs = zip(metric.labels, values, strict=True)
        labels = ",".join(f'{label}="{_escaped(said)}"' for label, said in pairs if said)
        yield f"{metric.name}{f'{{{labels}}}' if labels else ''} {_number(value)}"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _number(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(float(value))
