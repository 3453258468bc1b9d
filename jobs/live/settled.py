"""What a stage asked when it found nothing due: as long as that is the same, nothing is due, and no row is read.

It is kept as a digest in `runs`. A stage asks tables of the stages before it and its own ones, what people wrote, and
the feeds that are live; a table is known by the names of its files, each of which ends with the SHA-256 of its bytes.
Where something has changed, `jobs.live.touched` tells for which retailers a stage has to ask.
"""

from collections.abc import Sequence
from typing import NamedTuple

from jobs.engine.night import Night
from jobs.engine.stage import Counts
from jobs.live.feeds import live_feeds, live_prices
from jobs.live.functions import (
    choose_function,
    digest_of,
    duplicates_function,
    embed_function,
    fetch_function,
    fingerprint_function,
    rules_by_retailer,
)
from lake.tables import live_files
from schemas.table import Table
from schemas.tables import FEEDS, MAPPED, RUNS, STAGE_TABLES
from schemas.version import program_digest


class Question(NamedTuple):
    """All on which it depends what is due in a stage."""

    others: bytes
    """Of what other stages and people wrote."""
    own: bytes
    """Of the stage's own tables."""

    @property
    def digest(self) -> bytes:
        return digest_of(self.others, self.own)


def asked_now(night: Night, own: Sequence[Table], *more: str) -> Question:
    """What a stage with these tables asks now. `more`: what it asks besides, such as the date."""
    before = STAGE_TABLES[: STAGE_TABLES.index(own[0])]
    maps = [repr(rules_by_retailer(night))] if MAPPED in (*before, *own) else []
    return Question(digest_of(inputs_digest(night), *maps, *(_files(night, table) for table in before), *more),
                 digest_of(*(_files(night, table) for table in own)))  # fmt: skip


def is_settled(night: Night, stage: str, asked: Question) -> bool:
    """Whether the stage found nothing due when it asked the same."""
    query = f"select distinct stage, settled from {RUNS.name} where settled is not null"  # noqa: S608
    rows = night.kept("settled", lambda: night.tables.sql(query, [RUNS]))
    return (stage, asked.digest) in set(zip(*(column.to_pylist() for column in rows.columns), strict=True))


def settle(counts: Counts, before: Question, after: Question) -> Counts:
    """Note in the counts of a stage that is done with all that was due what it asked; nobody else may have written."""
    if counts.complete and before.others == after.others:
        counts.settled = after.digest
    return counts


def inputs_digest(night: Night) -> bytes:
    """A digest of all that a night depends on besides rows of tables, the date and the mapping files."""
    return night.kept("inputs", lambda: _digest_of_inputs(night), of=[FEEDS])


def _digest_of_inputs(night: Night) -> bytes:
    specs = (spec.model_dump_json() for _, spec in sorted(night.retailers.items()))
    return digest_of(
        common_inputs(night),
        repr(night.only),
        repr(live_feeds(night)),
        repr(live_prices(night)),
        *specs,
    )


def common_inputs(night: Night) -> bytes:
    """A digest of what decides on every retailer, besides rows of tables: program, functions, settings, what is barred.

    Without the mapping files, which are those of retailers.
    """
    functions = (choose_function, duplicates_function, embed_function)
    return digest_of(
        program_digest(),
        fetch_function(),
        fingerprint_function(),
        *(function(night) for function in functions),
        night.settings.model_dump_json(),
        repr(sorted(night.erased)),
        repr(night.blocked),
        repr(sorted((picture, sorted(others)) for picture, others in night.told_apart.items())),
    )


def files_of(night: Night, table: Table) -> tuple[int, frozenset[str]]:
    """The version of a table and the names of its files; -1 if there is none yet."""

    def found() -> tuple[int, frozenset[str]]:
        handle = night.tables.found(table)
        return (handle.version(), frozenset(live_files(handle))) if handle else (-1, frozenset())

    return night.kept(f"files of {table.name}", found, of=[table])


def _files(night: Night, table: Table) -> bytes:
    return digest_of(table.name, *sorted(files_of(night, table)[1]))
