"""One record per stage: everything that the night, `plan`, `rejects`, `explain` and the report need from it."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from jobs.engine.night import Night
from jobs.engine.recheck import EXACT, Draw, Pair, Recheck, Tolerance, without
from jobs.engine.stage import Counts, Query, Stage, due, made_again, present, run_stage
from jobs.live.asked import Asked
from jobs.live.memory import Memory
from jobs.live.verdict import Verdict
from lake.tables import literal
from lake.vacuum.rows import Keep
from schemas.rejects import WORKER_CODES, Code
from schemas.table import REJECTED, Table
from udfs.runtime.isolation import Work

REJECT = pa.schema([("code", pa.string()), ("detail", pa.string()), ("what", pa.string())])
"""A live reject: its code, one line of detail, and what was rejected."""


def _pictures_at_once(night: Night) -> int:
    return night.settings.work.batch_rows


@dataclass(frozen=True, kw_only=True)
class StageRecord:
    """A stage, declared once in the module of its name and listed in `jobs.stage_list`."""

    name: str
    tables: tuple[Table, ...]
    """The tables that it writes; the first is its memory."""
    codes: frozenset[Code]
    """The codes with which it may reject its rows, or the pictures among which it chooses."""
    run: Callable[[Night], Counts]
    """Works off what is due. Raises Stop if the run has to end."""
    due: Callable[[Night], int | str]
    """How many rows are due, or a text if only the run itself can tell."""
    rejects: Callable[[Night], Query | pa.Table]
    """REJECT rows of what is live now."""
    verdicts: Callable[[Night, Asked], Iterable[Verdict]]
    """Its verdicts on the thing that `explain` was asked about."""
    recheck: Recheck | None = None
    """How its rows are made again and compared; None where only the world outside can tell."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A stage that follows the common rule: due = needed - present, and the work makes one row per due key."""

    name: str
    table: Table
    function: Callable[[Night], bytes]
    """The digest of the stage's function; it changes whenever the same input may give another result."""
    needed: Callable[[Night], Query | pa.Table]
    """Key columns and the input of the work, one row per key."""
    work: Callable[[Night], Work]
    gather: Callable[[Night, pa.Table], pa.Table] | None = None
    """Adds the input of the work to the due rows, and leaves out rows that are not ready."""
    batch_rows: Callable[[Night], int] = _pictures_at_once
    row_cost: float = 0.001
    """Seconds that a row takes without Spark, while no run has told."""
    beside: tuple["Rule", ...] = ()
    """Later stages whose rows the work makes too where this run comes to them; they follow this rule themselves."""
    tolerance: Tolerance = EXACT
    """How far its answers may be apart on different processors."""
    derived: Callable[[Night, pa.Array], list[Keep]] = lambda night, keys: []
    """What stays of rows that were made of the rows of some keys, and are not keyed by what those say."""

    @property
    def memory(self) -> Memory:
        return Memory(self.name, (self.table,))

    def run(self, night: Night) -> Counts:
        """Work off what is due. While it asks what it asked when nothing was due, it reads no row."""
        counts = self.memory.run(night, self.work_off)
        if self.name in night.made_beside:
            counts.add(night.made_beside.pop(self.name))
        return counts

    def work_off(self, night: Night) -> Counts:
        """Work off what is due, asking for all retailers of the night."""
        others = tuple(rule.tonight(night) for rule in self.beside if rule.name in night.stages)
        counts = run_stage(night.bench, replace(self.tonight(night), beside=others))
        for name, made in counts.beside.items():
            night.made_beside.setdefault(name, Counts()).add(made)
        return counts

    def due(self, night: Night) -> int:
        return self.memory.due(night, self.all_due)

    def all_due(self, night: Night) -> int:
        """How many rows are due for all retailers of the night."""
        return int(due(night.tables, self.tonight(night)).num_rows)

    def rejects(self, night: Night) -> Query | pa.Table:
        return _rejected(night, self)

    def again(self, night: Night, draw: Draw) -> Iterator[Pair]:
        """The live rows of the present function next to what it makes of the same input now, chunk by chunk."""
        stage = self.tonight(night)
        rows = draw.of(present(night.tables, stage))
        if stage.gather and rows.num_rows:
            rows = stage.gather(rows)
        for made in made_again(night.bench, stage, rows):
            yield Pair(self._stored(night, made), made)

    def _stored(self, night: Night, made: pa.Table) -> pa.Table:
        """The stored rows with the keys of `made`."""
        (key,) = self.table.key
        keys = made[key].cast(pa.binary())
        last = keys.take(pc.sort_indices(keys)[-1:])[0].as_py()
        first = keys.take(pc.sort_indices(keys)[:1])[0].as_py()
        query = f"""
            select * from {self.table.name} where function = {literal(self.function(night))}
            and {key} >= {literal(first)} and {key} <= {literal(last)}"""  # noqa: S608
        rows = night.tables.sql(query, [self.table])
        return rows.filter(pc.is_in(rows[key], keys.combine_chunks()))

    def keys(self, night: Night) -> pa.Table:
        """The keys of the live rows of the present function."""
        return present(night.tables, self.tonight(night)).select(list(self.table.key))

    def drop(self, night: Night, keys: pa.Table) -> list[Keep]:
        """What stays if the rows of these keys go."""
        dead = keys[self.table.key[0]].cast(pa.binary()).combine_chunks()
        return [*self.derived(night, dead), without(self.table, dead, self.function(night))]

    def tonight(self, night: Night) -> Stage:
        gather = partial(self.gather, night) if self.gather else None
        parts = self.function(night), self.needed(night), self.work(night), self.batch_rows(night), gather
        return Stage(self.name, self.table, *parts, row_cost=self.row_cost)

    def record(
        self, *, verdicts: Callable[[Night, Asked], Iterable[Verdict]], codes: Iterable[Code] = ()
    ) -> StageRecord:
        """The record of a stage that needs nothing beyond this rule, its verdicts and its codes."""
        return StageRecord(
            name=self.name,
            tables=(self.table,),
            codes=WORKER_CODES.union(codes),
            run=self.run,
            due=self.due,
            rejects=self.rejects,
            verdicts=verdicts,
            recheck=Recheck(self.table, self.again, self.keys, self.drop, self.tolerance),
        )


def no_rejects(night: Night) -> pa.Table:
    """For a stage that rejects nothing."""
    return REJECT.empty_table()


def rejects_of(night: Night, record: StageRecord) -> pa.Table:
    """REJECT rows: all live rejects of a stage."""
    found = record.rejects(night)
    return night.tables.sql(found.sql, found.tables) if isinstance(found, Query) else found


def _rejected(night: Night, rule: Rule) -> Query | pa.Table:
    """Needed rows that the stage rejected with its current function. Such tables have one key, a digest.

    What is needed is asked only if there is a reject at all: for some stages it is a join over the whole catalog.
    """
    table, (key,) = rule.table, rule.table.key
    rejected = f"""
        select code, detail, {key} from {table.name}
        where function = {literal(rule.function(night))} and status = '{REJECTED}'"""  # noqa: S608
    if not night.tables.sql(f"{rejected} limit 1", [table]).num_rows:
        return REJECT.empty_table()
    needed = rule.needed(night)
    if isinstance(needed, Query):
        sql = f"""
            select t.code, t.detail, encode(t.{key}, 'hex') what from ({rejected}) t
            join (select distinct {key} from ({needed.sql})) live on t.{key} = live.{key}"""  # noqa: S608
        return Query(sql, (*needed.tables, table))
    rows = night.tables.sql(rejected, [table])
    rows = rows.filter(pc.is_in(rows[key], needed[key].cast(rows[key].type)))
    what = pa.array([value.hex() for value in rows[key].to_pylist()], pa.string())
    return pa.table([rows["code"], rows["detail"], what], schema=REJECT)
