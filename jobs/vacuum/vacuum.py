"""`selvedge vacuum`: what nobody needs any more, kind by kind; first shown, then deleted.

The order makes an interruption harmless: first the versions, then rows, then bytes that no row names. What a killed
vacuum left is found again by the next one, and a night in between finds everything that it needs.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import chain
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from jobs.engine.models import ENCODER_PARTS
from jobs.engine.night import Night
from jobs.stage_list import STAGES
from jobs.vacuum.needed import Needed
from lake import feeds as raw_feeds
from lake.encoders import encoder_digest
from lake.lease import lease
from lake.models import FOLDER as MODELS
from lake.published_files import TABLES as PUBLISHED_TABLES
from lake.published_files import folder
from lake.shards import FOLDER as SHARDS
from lake.shards import Place
from lake.store import Entry
from lake.tables import FOLDER, Tables, live_files
from lake.vacuum.logs import cut_log, old_log, unnamed_files
from lake.vacuum.retired import forget, retire, retired
from lake.vacuum.rows import Keep, Rewrite, plan_rewrite, rewrite
from lake.vacuum.shards import Moved, ShardPlan, move_pictures, plan_shards
from lake.vacuum.versions import (
    Kept,
    folders_of,
    kept_versions,
    unneeded_encoders,
    unneeded_files,
    unneeded_seconds,
)
from schemas.errors import REPAIR
from schemas.tables import PICTURES, RUNS, STAGE_TABLES
from udfs.pictures.decode import PIXELS_REVISION

LONGEST_TASK = timedelta(hours=max(stage.hours for stage in STAGES))
"""A file younger than this is never deleted: the task that made it, or that reads it, may still run."""


@dataclass(frozen=True)
class Line:
    """What goes of one kind."""

    kind: str
    files: int = 0
    rows: int = 0
    bytes: int = 0


@dataclass(frozen=True)
class Vacuumed:
    """What goes, or went, and what is damaged: one line each, for a person."""

    lines: list[Line]
    damaged: list[str] = field(default_factory=list)


class Vacuum:
    """One vacuum of a lake: `shown` says what would go, `delete` does it."""

    def __init__(self, night: Night) -> None:
        self.night, self.store, self.tables = night, night.store, night.tables
        self.before: datetime = night.now() - LONGEST_TASK
        bounds = night.settings.vacuum
        self.kept: Kept = kept_versions(self.store, bounds.versions, bounds.months, night.now())
        self.needed = Needed(night, self.kept)
        self.keeps: list[Keep] = self.needed.keeps

    # ---- what goes

    def shown(self) -> Vacuumed:
        """One line for each kind, without touching anything. Rows of rewritten files are estimated in bytes."""
        rewrites = [plan_rewrite(self.tables, keep) for keep in self.keeps]
        shards = self.plan_shards()
        lines = [
            _line("reports", self.reports()),
            replace(_line("versions", self.version_files()), rows=len(self.kept.gone)),
            *(Line(f"rows of {r.keep.table.name}", len(r.shares), r.rows, r.bytes) for r in rewrites),
            Line("shards", len(shards.freed), 0, shards.freed_bytes(shards.freed)),
            _line("retired shards", self.old_shards()),
            _line("raw feeds", self.raw_feeds()),
            _line("files of tables", self.unnamed()),
            _line("files of versions", self.published()),
            _line("encoders", self.encoders()),
            _line("models", self.models()),
            _line("logs", self.logs()),
        ]
        return Vacuumed([line for line in lines if line.files or line.rows])

    def reports(self) -> list[Entry]:
        """Pages of runs that go."""
        pages = [self.night.settings.reports / f"{run}.html" for run in self.needed.dead_runs]
        return [Entry(str(page), page.stat().st_size, self.before) for page in pages if page.is_file()]

    def version_files(self) -> list[Entry]:
        return folders_of(self.store, self.kept, self.before)

    def plan_shards(self) -> ShardPlan:
        keep = next(keep for keep in self.keeps if keep.table is PICTURES)
        query = f"select picture, shard, length from {PICTURES.name} where shard is not null"  # noqa: S608
        rows = self.tables.sql(query, [PICTURES])
        live = rows.filter(keep.stays(rows))
        named = set(pc.unique(rows["shard"]).to_pylist())
        return plan_shards(self.store, named, live, self.night.settings.fetch.shard_bytes)

    def old_shards(self) -> list[Entry]:
        """Shards that an earlier vacuum retired, and that no row names."""
        noted = {shard for shard, since in retired(self.store).items() if since < self.before}
        rows = self.tables.sql(f"select distinct shard from {PICTURES.name}", [PICTURES])  # noqa: S608
        gone = noted - set(rows["shard"].to_pylist())
        return [entry for entry in self.store.list(SHARDS) if entry.path.removeprefix(f"{SHARDS}/") in gone]

    def raw_feeds(self) -> list[Entry]:
        needed = {raw_feeds.path_of(feed) for feed in self.needed.raw_feeds}
        entries = self.store.list(raw_feeds.FOLDER)
        return [
            entry for entry in entries if raw_feeds.feed_path(entry.path) not in needed and entry.modified < self.before
        ]

    def unnamed(self) -> list[Entry]:
        """Files of the stages' tables that no version names."""
        found: list[Entry] = []
        for table in (*STAGE_TABLES, RUNS):
            if (handle := self.tables.found(table)) is not None:
                found += unnamed_files(self.store, f"{FOLDER}/{table.name}", live_files(handle), self.before)
        return found

    def published(self) -> list[Entry]:
        tables = (unneeded_files(self.store, table, self.kept, self.before) for table in PUBLISHED_TABLES)
        return [*chain.from_iterable(tables), *unneeded_seconds(self.store, self.kept, self.before)]

    def encoders(self) -> list[Entry]:
        parts = {part: self.night.model(part).folder for part in ENCODER_PARTS}
        tonight = encoder_digest(parts, PIXELS_REVISION)
        return unneeded_encoders(self.store, self.kept, {tonight}, self.before)

    def models(self) -> list[Entry]:
        needed = self.needed.models
        entries = self.store.list(MODELS)
        return [entry for entry in entries if entry.path.split("/")[1] not in needed and entry.modified < self.before]

    def logs(self) -> list[Entry]:
        return [entry for place, wanted in self._logs() for entry in old_log(self.store, place, wanted, self.before)]

    def _logs(self) -> Iterable[tuple[str, set[int]]]:
        yield from ((f"{FOLDER}/{table.name}", set()) for table in (*STAGE_TABLES, RUNS))
        yield from ((folder(table), self.kept.delta(table)) for table in PUBLISHED_TABLES)

    # ---- deleting

    def delete(self) -> Vacuumed:
        """Delete it. The caller holds the lease."""
        damaged: list[str] = []
        steps: tuple[Callable[[], list[Line]], ...] = (
            lambda: [self._delete_reports()],
            lambda: [replace(self._gone("versions", self.version_files()), rows=len(self.kept.gone))],
            lambda: self._delete_rows(damaged),
            lambda: [self._delete_shards()],
            lambda: [self._gone("raw feeds", self.raw_feeds())],
            lambda: [self._gone("files of tables", self.unnamed())],
            lambda: [self._gone("files of versions", self.published())],
            lambda: [self._gone("encoders", self.encoders())],
            lambda: [self._gone("models", self.models())],
            lambda: [self._cut_logs()],
        )
        return Vacuumed([line for step in steps for line in step() if line.files or line.rows], damaged)

    def _gone(self, kind: str, entries: list[Entry]) -> Line:
        for entry in entries:
            self.store.delete(entry.path)
        return _line(kind, entries)

    def _delete_reports(self) -> Line:
        pages = self.reports()
        for page in pages:
            Path(page.path).unlink()
        return _line("reports", pages)

    def _delete_rows(self, damaged: list[str]) -> list[Line]:
        """What is damaged is added to `damaged`, and stays as it is."""
        shards = self.plan_shards()
        moved = move_pictures(self.store, shards, self.night.settings.fetch.shard_bytes)
        damaged += _unreadable(moved)
        if moved.free:
            retire(self.store, moved.free, self.night.now())
        lines = [Line("shards", len(moved.free), 0, shards.freed_bytes(moved.free))] if moved.free else []
        for keep in self.keeps:
            of_pictures = keep.table is PICTURES
            plan = plan_rewrite(self.tables, _moved(keep, moved.places, moved.free) if of_pictures else keep)
            rewrite(self.tables, plan)
            lines.append(_rewritten(plan))
        return lines

    def _delete_shards(self) -> Line:
        entries = self.old_shards()
        line = self._gone("retired shards", entries)
        if entries:
            forget(self.store, [entry.path.removeprefix(f"{SHARDS}/") for entry in entries])
        return line

    def _cut_logs(self) -> Line:
        cut: list[Entry] = []
        for table in (*STAGE_TABLES, RUNS):
            if (handle := self.tables.found(table)) is not None:
                cut += cut_log(self.store, handle, f"{FOLDER}/{table.name}", set(), self.before)
        published = Tables(self.store, "published")
        for name, table in PUBLISHED_TABLES.items():
            if (handle := published.found(table)) is not None:
                cut += cut_log(self.store, handle, folder(name), self.kept.delta(name), self.before)
        return _line("logs", cut)


def shown(night: Night) -> Vacuumed:
    """What `delete` would delete."""
    return Vacuum(night).shown()


def delete(night: Night) -> Vacuumed:
    """Delete under the lease what nobody needs."""
    with lease(night.store, night.run, night.settings.lease_seconds):
        return Vacuum(night).delete()


def _unreadable(moved: Moved) -> list[str]:
    return [
        f"{SHARDS}/{shard}: {_live(len(lost))} in it cannot be read or fail their sha256, so it stays as it is; "
        f"to act: the data engineer ({REPAIR}; `selvedge explain {min(lost).hex()}` shows who needs the first)"
        for shard, lost in moved.damaged.items()
    ]


def _live(count: int) -> str:
    return f"{count} live picture{'s' if count > 1 else ''}"


def _line(kind: str, entries: list[Entry]) -> Line:
    return Line(kind, len(entries), 0, sum(entry.bytes for entry in entries))


def _rewritten(plan: Rewrite) -> Line:
    return Line(f"rows of {plan.keep.table.name}", len(plan.shares), plan.rows, plan.bytes)


def _moved(keep: Keep, places: dict[bytes, Place], free: list[str]) -> Keep:
    """The same rows, with the new places of pictures that moved; none names a shard that is free to go."""
    retired_shards = pa.array(free, pa.string())

    def change(rows: pa.Table) -> pa.Table:
        old = rows.select(["shard", "offset", "length"]).to_pylist()
        found = [places.get(picture) for picture in rows["picture"].to_pylist()]
        for name in ("shard", "offset", "length"):
            values = [getattr(new, name) if new else row[name] for new, row in zip(found, old, strict=True)]
            at = rows.schema.get_field_index(name)
            rows = rows.set_column(at, rows.schema.field(at), pa.array(values, rows.schema.field(at).type))
        return rows

    return replace(
        keep, columns=("picture", "shard"), changed=lambda rows: pc.is_in(rows["shard"], retired_shards), change=change
    )
