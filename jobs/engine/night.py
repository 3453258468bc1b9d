"""What a run knows: its settings, tables, date, retailers, and which feed of each retailer is live."""

import hashlib
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar

from jobs.engine.mapping_files import check_dialect
from jobs.engine.models import MODELS, release_digest, release_folder, verify_weights
from jobs.engine.progress import Progress
from jobs.engine.spark import SparkPool
from jobs.engine.stage import Bench
from lake import snapshots
from lake.published_files import DamagedSnapshot
from lake.store import Store, open_store
from lake.tables import Tables
from schemas.blocked import Blocked, read_blocked
from schemas.errors import WrongInput
from schemas.gates import Gates, read_gates
from schemas.manifest import check_parent
from schemas.retailer import DIALECT_SUFFIX, Retailer, read_retailers
from schemas.settings import Settings
from schemas.table import DONE
from schemas.tables import FEEDS, RUNS, STAGE_TABLES
from udfs.rules.mapping import Mapping
from udfs.rules.taxonomy import Taxonomy

Kept = TypeVar("Kept")

PARSER_REVISION = 7
"""Raised when the same feed is to be read into other offers."""


def digest_of(*parts: str | bytes) -> bytes:
    """sha256 over parts, each with its length before it."""
    whole = hashlib.sha256()
    for part in parts:
        body = part.encode() if isinstance(part, str) else part
        whole.update(len(body).to_bytes(8, "little") + body)
    return whole.digest()


def parser_of(spec: Retailer) -> bytes:
    """The digest of how a retailer's feed is read: parser, dialect files, and what the spec says of them."""
    dialects = sorted((files("udfs.feeds.forms") / "dialects").iterdir(), key=lambda file: file.name)
    name = spec.feed.dialect
    stated = Path(name).read_bytes() if name.endswith(DIALECT_SUFFIX) else name
    return digest_of(str(PARSER_REVISION), stated, spec.feed.encoding or "", *(d.read_bytes() for d in dialects))


@dataclass(frozen=True)
class LiveFeed:
    """The feed of a retailer that the next snapshot is made from."""

    retailer: str
    feed: bytes
    function: bytes  # the parser's digest, with what the spec says of the dialect
    max_pictures: int
    acquired_at: datetime
    held_since: datetime | None  # when a newer feed was first refused; null where this is the newest
    reason: str  # why it is held; empty where it is not
    completed_by: bytes | None = None  # an earlier feed, whose offers stay live where this one lacks them


def _live(
    spec: Retailer, accepted: dict[str, Any], held: dict[str, Any] | None, whole: dict[str, Any] | None
) -> LiveFeed:
    return LiveFeed(
        completed_by=whole["feed"] if whole else None,
        retailer=spec.name,
        feed=accepted["feed"],
        function=parser_of(spec),
        max_pictures=spec.images.max_per_product,
        acquired_at=accepted["acquired_at"],
        held_since=held["acquired_at"] if held else None,
        reason=(held["detail"] or "") if held else "",
    )


@dataclass
class Night:
    """One run. Stages ask it for everything but their own rows."""

    settings: Settings
    run: str
    today: date
    progress: Progress
    only: tuple[str, ...] = ()
    accepted: dict[str, str] = field(default_factory=dict)  # gates that an engineer lets through, with the reason
    candidates: dict[str, Path] = field(default_factory=dict)  # releases to use in place of the promoted ones
    began: datetime = field(default_factory=lambda: datetime.now(UTC))
    store: Store = field(init=False)
    tables: Tables = field(init=False)
    spark: SparkPool = field(init=False)
    _kept: dict[str, tuple[int, Any]] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        self.store = open_store(self.settings.lake)
        self.tables = Tables(self.store)
        self.spark = SparkPool(self.settings.spark, self.settings.work.model_threads)

    @property
    def bench(self) -> Bench:
        return Bench(self.tables, self.settings, self.spark, self.progress)

    @cached_property
    def retailers(self) -> dict[str, Retailer]:
        """Every retailer whose spec is enabled."""
        return {r.name: r for r in read_retailers(self.settings.mappings) if r.enabled}

    @property
    def chosen(self) -> list[Retailer]:
        """The retailers that this run acquires and parses."""
        return [r for name, r in sorted(self.retailers.items()) if not self.only or name in self.only]

    @cached_property
    def taxonomy(self) -> Taxonomy:
        return Taxonomy.read(self.settings.mappings / "taxonomy.xml")

    @cached_property
    def gates(self) -> Gates:
        return read_gates(self.settings.mappings / "gates.yaml")

    @cached_property
    def blocked(self) -> Blocked:
        return read_blocked(self.settings.mappings / "blocked.tsv")

    @cached_property
    def mappings(self) -> dict[str, Mapping]:
        """The mapping files that there are, by retailer."""
        specs = self.retailers.values()
        return {spec.name: Mapping.read(spec.mapping, self.taxonomy) for spec in specs if spec.mapping}

    def model(self, name: str) -> Path:
        """The folder of a promoted model, or of the candidate that this run uses in its place."""
        return self.candidates.get(name) or release_folder(name, self.settings.models)

    def model_digest(self, name: str) -> bytes:
        """What identifies a promoted model's answers; loads no network."""
        return release_digest(self.model(name))

    def check_names(self, names: Iterable[str], asked_by: str) -> None:
        """Raises WrongInput for a retailer that has no enabled spec."""
        unknown = sorted(set(names) - set(self.retailers))
        if unknown:
            known = ", ".join(sorted(self.retailers)) or "none"
            raise WrongInput(asked_by, None, f"{', '.join(unknown)}: no enabled retailer; known: {known}")

    def check(self) -> None:
        """Read everything that people wrote, the weights, and whether a newer program was here: raises WrongInput
        before anything has started."""
        self.tables.check((*STAGE_TABLES, RUNS))
        with suppress(DamagedSnapshot):  # publish says it, and what stands before that can be done
            check_parent(snapshots.parent(self.store))
        _ = self.retailers, self.gates, self.blocked, self.mappings
        for spec in self.retailers.values():
            check_dialect(spec)
        for name in MODELS:
            verify_weights(self.model(name))

    def kept(self, name: str, make: Callable[[], Kept]) -> Kept:
        """What `make` gives: made once, and anew when this run has committed rows since. The lease keeps others out."""
        commits = self.tables.commits.total() - self.tables.commits[RUNS.name]
        if name not in self._kept or self._kept[name][0] != commits:
            self._kept[name] = (commits, make())
        found: Kept = self._kept[name][1]
        return found

    def feed_states(self) -> list[dict[str, Any]]:
        """Rows of `feeds` by retailer and kind: newest, newest accepted, newest accepted as a whole, and the
        first one after that whose deletions are withheld."""
        whole = f"""
            select retailer, max(attempt) attempt from {FEEDS.name}
            where status = '{DONE}' and code is null group by retailer"""  # noqa: S608
        newest = f"""
            select f.*, n.kind from {FEEDS.name} f join (
                select retailer, max(attempt) attempt, 'newest' kind from {FEEDS.name} group by retailer
                union all
                select retailer, max(attempt) attempt, 'accepted' kind from {FEEDS.name}
                where status = '{DONE}' group by retailer
                union all
                select retailer, attempt, 'whole' kind from ({whole})
                union all
                select g.retailer, min(g.attempt) attempt, 'withheld' kind from {FEEDS.name} g
                join ({whole}) w on g.retailer = w.retailer and g.attempt > w.attempt
                where g.status = '{DONE}' group by g.retailer
            ) n on f.retailer = n.retailer and f.attempt = n.attempt order by f.retailer, n.kind"""  # noqa: S608
        return self.kept("feed_states", lambda: self.tables.sql(newest, [FEEDS]).to_pylist())

    def live_feeds(self) -> list[LiveFeed]:
        """The last accepted feed of every enabled retailer, unless it was held for too long."""
        return self.kept("live_feeds", self._live_feeds)

    def _live_feeds(self) -> list[LiveFeed]:
        states = {(row["retailer"], row["kind"]): row for row in self.feed_states()}
        feeds = []
        for name, spec in sorted(self.retailers.items()):
            accepted, newest = states.get((name, "accepted")), states.get((name, "newest"))
            if accepted is None or newest is None:
                continue
            held = newest if newest["attempt"] != accepted["attempt"] else None
            if held and self._withdrawn(held["acquired_at"], spec):
                continue
            withheld = states.get((name, "withheld"))
            lacks = withheld is not None and not self._withdrawn(withheld["acquired_at"], spec)
            whole = states.get((name, "whole")) if lacks else None
            feeds.append(_live(spec, accepted, held or (accepted if whole else None), whole))
        return feeds

    def _withdrawn(self, held_since: datetime, spec: Retailer) -> bool:
        after = spec.gates.withdraw_after
        return after is not None and self.now() - held_since > timedelta(days=after)

    def now(self) -> datetime:
        """The time since the run began, on the date that `--date` gives it; it goes on past midnight."""
        return datetime.combine(self.today, self.began.timetz()) + (datetime.now(UTC) - self.began)
