"""The context of a run: its settings, tables and date, the retailers, and the files that people wrote for them."""

import hashlib
from collections.abc import Callable, Collection, Iterable
from copy import copy
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from jobs.engine.bench import Bench
from jobs.engine.mapping_files import RetailerFiles, read_files
from jobs.engine.models import MODELS, ModelSource, PromotedModel, release_folder
from jobs.engine.progress import Progress
from jobs.engine.spark import SparkPool
from jobs.engine.stage import Counts
from lake import snapshots
from lake.doctor.finding import Kind, Lake
from lake.doctor.rounds import examine
from lake.erased import erased
from lake.store import Store, open_store
from lake.tables import Tables
from schemas.blocked import Blocked, read_blocked
from schemas.errors import DamagedLake, WrongInput
from schemas.gates import Gates, read_gates
from schemas.manifest import check_parent
from schemas.not_duplicates import Apart, read_not_duplicates
from schemas.retailer import Retailer
from schemas.settings import Settings
from schemas.table import Table
from schemas.tables import RUNS
from udfs.rules.mapping import Mapping
from udfs.rules.taxonomy import Taxonomy

Kept = TypeVar("Kept")


@dataclass
class Night:
    """One run. It gives a stage everything except the stage's own rows."""

    settings: Settings
    run: str
    today: date
    progress: Progress
    only: tuple[str, ...] = ()
    accepted: dict[str, str] = field(default_factory=dict)
    """Gates that an engineer lets through (GATE of a version, RETAILER/GATE of a feed), with the reason."""
    candidates: dict[str, Path] = field(default_factory=dict)  # releases to use in place of the promoted ones
    began: datetime = field(default_factory=lambda: datetime.now(UTC))
    stages: tuple[str, ...] = ()  # those that this run goes through, in order
    until: float | None = None  # seconds since the epoch from which no further chunk is begun
    made_beside: dict[str, Counts] = field(default_factory=dict)  # what earlier stages of this run made for later ones
    store: Store = field(init=False)
    tables: Tables = field(init=False)
    spark: SparkPool = field(init=False)
    _kept: dict[str, tuple[int, Any]] = field(default_factory=dict, init=False, repr=False)
    _parts: dict[frozenset[str], "Night"] = field(default_factory=dict, init=False, repr=False)
    _models: dict[str, PromotedModel] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        self.store = open_store(self.settings.lake)
        self.tables = Tables(self.store)
        self.spark = SparkPool(self.settings.spark, self.settings.work.model_threads)

    @property
    def bench(self) -> Bench:
        return Bench(self.tables, self.settings, self.spark, self.progress, self.until)

    @cached_property
    def files(self) -> RetailerFiles:
        """What people wrote for the retailers."""
        return read_files(self.settings.mappings, self.taxonomy)

    @property
    def specs(self) -> dict[str, Retailer]:
        """Every retailer whose files are right, enabled or not."""
        return self.files.specs

    @property
    def broken(self) -> dict[str, WrongInput]:
        """The first error in the files of every other retailer, which stays as it is."""
        return self.files.broken

    @cached_property
    def retailers(self) -> dict[str, Retailer]:
        """Every retailer whose spec is enabled."""
        return {name: spec for name, spec in self.specs.items() if spec.enabled}

    @property
    def chosen(self) -> list[Retailer]:
        """The retailers that this run acquires and parses."""
        return [r for name, r in sorted(self.retailers.items()) if not self.only or name in self.only]

    def transaction(self, stage: str) -> str:
        """Under this name the rows of a stage are committed: of all retailers, or of those of this run."""
        if not self.only:
            return stage
        return f"{stage}-{hashlib.sha256(repr(sorted(self.only)).encode()).hexdigest()}"

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
    def told_apart(self) -> Apart:
        return read_not_duplicates(self.settings.mappings / "not_duplicates.tsv")

    @cached_property
    def erased(self) -> frozenset[bytes]:
        """Hashes of what was erased for good (`lake.erased`)."""
        return erased(self.store)

    @property
    def mappings(self) -> dict[str, Mapping]:
        """The mapping files of the enabled retailers; not every one has one."""
        return self.files.mappings

    def model(self, name: str) -> PromotedModel:
        """A promoted model, or the candidate that this run uses instead, as it was when this run first asked."""
        if name not in self._models:
            folder = self.candidates.get(name) or release_folder(name, self.settings.models)
            self._models[name] = PromotedModel(folder)
        return self._models[name]

    def model_digest(self, name: str) -> bytes:
        """The digest of a promoted model. Loads no network."""
        return self.model(name).digest

    def model_source(self, name: str) -> ModelSource:
        """A promoted model for the workers. Those of a cluster load it from the lake: they have no folder of models."""
        return ModelSource(self.model(name).release, None if self.spark.is_local else self.store.uri)

    def keep_models(self) -> None:
        """Note in the lake what its digests stand for, and put there what a cluster's workers load. Holds the lease."""
        for name in MODELS:
            self.model(name).keep(self.store, with_files=not self.spark.is_local)

    def check_names(self, names: Iterable[str], asked_by: str) -> None:
        """Raises WrongInput for a name without an enabled spec, or whose files are broken."""
        for name in names:
            if name in self.broken:
                raise self.broken[name]
        unknown = sorted(set(names) - set(self.retailers))
        if unknown:
            known = ", ".join(sorted(self.retailers)) or "none"
            raise WrongInput(
                asked_by, None, f"{', '.join(unknown)}: not an enabled retailer; enabled retailers: {known}"
            )

    def check(self) -> None:
        """Read everything that people wrote, the weights, and the state of the lake, before anything has started:
        raises WrongInput or DamagedLake. A retailer whose own files are broken does not keep the others from going on.
        """
        if not self.specs:
            for error in self.broken.values():
                raise error
            text = (
                "no retailer's spec (NAME/retailer.yaml) is in this folder; is it the right folder, and is it mounted?"
            )
            raise WrongInput(self.settings.mappings, None, text)
        self.check_lake()
        _ = self.gates, self.blocked, self.told_apart
        for name in MODELS:
            self.model(name).check(self.store)

    def check_lake(self) -> None:
        """Raises WrongInput where a newer program wrote to the lake, and DamagedLake where a night would do harm."""
        lake = Lake(self.store, self.settings.models, self.settings.lease_seconds)
        found = examine(lake, deep=False)
        others = [finding for finding in found if finding.kind is Kind.NEWER]
        if others and not any(finding.kind is Kind.LOG for finding in found):  # with a damaged log nobody can tell
            raise others[0].error_in(self.store)
        stopping = [finding for finding in found if finding.stops]
        for finding in found:
            if finding not in stopping[:1]:
                self.progress.say(f"damage   {finding.line}")
        if stopping:
            more = f" (one of {len(stopping)} faults)" if len(stopping) > 1 else ""
            raise DamagedLake(f"{self.store.uri}/{stopping[0].line}{more}")
        check_parent(snapshots.parent(self.store))

    def among(self, retailers: Collection[str]) -> "Night":
        """The same run as if of the enabled retailers there were only these."""
        names = frozenset(retailers)
        if names >= self.retailers.keys():
            return self
        if names not in self._parts:
            part = copy(self)
            part._kept, part._parts = {}, {}
            part.__dict__["retailers"] = {name: spec for name, spec in self.retailers.items() if name in names}
            self._parts[names] = part
        return self._parts[names]

    def kept(self, name: str, make: Callable[[], Kept], of: Iterable[Table] | None = None) -> Kept:
        """The result of `make`, cached until this run commits rows (to the tables `of`, or to any but `runs`).

        The lease keeps other runs from committing."""
        done = self.tables.commits
        commits = done.total() - done[RUNS.name] if of is None else sum(done[table.name] for table in of)
        if name not in self._kept or self._kept[name][0] != commits:
            self._kept[name] = (commits, make())
        found: Kept = self._kept[name][1]
        return found

    def forget(self) -> None:
        """Let go of all cached results."""
        self._kept.clear()

    def now(self) -> datetime:
        """The current time, as if the run had begun on the date of `--date`; it may pass midnight."""
        return datetime.combine(self.today, self.began.timetz()) + (datetime.now(UTC) - self.began)
